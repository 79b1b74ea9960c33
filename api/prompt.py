"""Prompts over HTTP: how one is understood as it is typed, the styles, and the names of the wildcards."""

from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request

from api.jobs import TheStudio, values_of
from engine.errors import BadRequest
from engine.studio import Studio

router = APIRouter(prefix="/api")


@router.post("/prompt")
async def understand(request: Request, studio: TheStudio) -> dict[str, Any]:
    """Parameters by name, the prompts among them; what is left out has its default."""
    return await to_thread.run_sync(studio.understand, await values_of(request))


@router.get("/styles")
async def styles(studio: TheStudio) -> dict[str, Any]:
    return {"styles": await to_thread.run_sync(studio.styles)}


@router.put("/styles")
async def put_style(request: Request, studio: TheStudio) -> dict[str, Any]:
    """name, prompt, negative_prompt; instead_of: the name it had before."""
    values = await values_of(request)
    for name, value in values.items():
        if name not in ("name", "prompt", "negative_prompt", "instead_of") or not isinstance(value, str | None):
            raise BadRequest("request.invalid", "The request has a wrong value.", field=name)
    texts = {name: value or "" for name, value in values.items()}
    await to_thread.run_sync(changed, request, studio, texts)
    return await styles(studio)


@router.delete("/styles")
async def delete_style(name: str, request: Request, studio: TheStudio) -> dict[str, Any]:
    unlocked(request)
    await to_thread.run_sync(studio.lexicon.styles.delete, name)
    return await styles(studio)


@router.get("/wildcards")
async def wildcards(studio: TheStudio) -> dict[str, list[str]]:
    return {"wildcards": await to_thread.run_sync(studio.lexicon.wildcards.names)}


def changed(request: Request, studio: Studio, texts: dict[str, str]) -> None:
    unlocked(request)
    studio.put_style(texts)


def unlocked(request: Request) -> None:
    """The file is the installation's: visitors of a shared studio choose from it only."""
    if request.app.state.access.private:
        raise BadRequest(
            "style.locked",
            "In a shared studio styles belong to everybody and are not changed from the page.",
            "Ask who runs it to edit styles.csv.",
        )
