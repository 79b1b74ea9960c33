"""Presets over HTTP: list, save, change, delete, take along."""

from functools import partial
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from api.answer import FRESH
from api.images import Whose
from api.jobs import TheStudio, Visitor, values_of
from engine.errors import BadRequest
from engine.presets import Preset
from engine.studio import Studio

router = APIRouter(prefix="/api")


@router.get("/presets")
def presets(studio: TheStudio, whose: Whose) -> JSONResponse:
    """The visitor's own by name, then those that are built in."""
    return JSONResponse({"presets": [shown(preset) for preset in studio.presets.all(whose)]}, headers=FRESH)


@router.get("/presets/export")
def export(studio: TheStudio, whose: Whose) -> JSONResponse:
    """A file with all that the visitor saved, thumbnails too."""
    headers = {**FRESH, "content-disposition": 'attachment; filename="atelier-presets.json"'}
    return JSONResponse(studio.presets.exported(whose), headers=headers)


@router.post("/presets/import", status_code=201)
async def import_(request: Request, studio: TheStudio, owner: Visitor) -> dict[str, Any]:
    made = await to_thread.run_sync(studio.presets.import_, owner, await values_of(request))
    return {"presets": [shown(preset) for preset in made]}


@router.post("/presets", status_code=201)
async def add(request: Request, studio: TheStudio, owner: Visitor, whose: Whose) -> dict[str, Any]:
    """`name`, `values` by parameter, and `image`: the id of a stored picture to show."""
    asked = await values_of(request)
    picture = await to_thread.run_sync(small, studio, asked.get("image"), whose)
    return shown(
        await to_thread.run_sync(studio.presets.add, owner, str(asked.get("name", "")), values(asked), picture)
    )


@router.patch("/presets/{preset_id}")
async def change(preset_id: str, request: Request, studio: TheStudio, whose: Whose) -> dict[str, Any]:
    """Whatever of `name`, `values` and `image` is given."""
    asked = await values_of(request)
    picture = await to_thread.run_sync(small, studio, asked.get("image"), whose)
    name = asked.get("name")
    changed = partial(
        studio.presets.change,
        preset_id,
        whose,
        name=None if name is None else str(name),
        values=values(asked) if "values" in asked else None,
        thumbnail=picture,
    )
    return shown(await to_thread.run_sync(changed))


@router.delete("/presets/{preset_id}", status_code=204)
def remove(preset_id: str, studio: TheStudio, whose: Whose) -> None:
    studio.presets.remove(preset_id, whose)


@router.get("/presets/{preset_id}/thumbnail")
def thumbnail(preset_id: str, studio: TheStudio, whose: Whose) -> Response:
    """The page asks with the time of the last change, so the answer may be kept."""
    picture = studio.presets.thumbnail(preset_id, whose)
    return Response(picture, media_type="image/webp", headers={"cache-control": "private, max-age=31536000"})


def values(asked: dict[str, Any]) -> dict[str, Any]:
    found = asked.get("values")
    if not isinstance(found, dict):
        raise BadRequest("preset.empty", "This preset holds no settings.", "Choose at least one field.")
    return found


def small(studio: Studio, image: Any, whose: str | None) -> bytes | None:
    return studio.gallery.thumbnail(str(image), whose).read_bytes() if image else None


def shown(preset: Preset) -> dict[str, Any]:
    words = ("id", "name", "values", "changed", "pictured", "built_in")
    return {word: getattr(preset, word) for word in words}
