"""Recipes over HTTP: a picture drawn again and judged, its recipe as a file or a link, and one from elsewhere read."""

from dataclasses import asdict
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from api.answer import FRESH
from api.images import Whose, for_scripts
from api.jobs import TheStudio, Visitor

router = APIRouter(prefix="/api")


@router.post("/images/{image_id}/reproduce", status_code=202)
async def reproduce(image_id: str, studio: TheStudio, owner: Visitor, whose: Whose) -> dict[str, Any]:
    """`job` draws it again; null where a file is missing. `missing`: what is not here, or here in another version."""
    job, recipe = await to_thread.run_sync(studio.reproductions.begin, image_id, owner, whose)
    return {"job": job.id if job else None, "missing": [asdict(need) for need in recipe.missing]}


@router.post("/images/{image_id}/reproduce/{job_id}")
async def verdict(image_id: str, job_id: str, studio: TheStudio, owner: Visitor, whose: Whose) -> JSONResponse:
    """`says` identical, near or different once the job is done, and `because` what was not the same."""
    found = await to_thread.run_sync(studio.reproductions.verdict, image_id, job_id, owner, whose)
    return JSONResponse({**asdict(found), "state": found.state.value}, headers=FRESH)


@router.get("/images/{image_id}/recipe")
async def recipe(image_id: str, studio: TheStudio, whose: Whose, pictures: bool = False) -> Response:
    """A JSON file; `pictures` puts those that it begins from inside."""
    content = await to_thread.run_sync(studio.recipe_file, image_id, whose, pictures)
    disposition = f'attachment; filename="atelier-recipe-{image_id[-8:]}.json"'
    return Response(content, media_type="application/json", headers={**FRESH, "content-disposition": disposition})


@router.get("/images/{image_id}/recipe-link")
async def recipe_link(image_id: str, studio: TheStudio, whose: Whose) -> JSONResponse:
    """What stands behind a studio's address to open the recipe there."""
    return JSONResponse({"link": await to_thread.run_sync(studio.recipe_link, image_id, whose)}, headers=FRESH)


@router.post("/read-recipe")
async def read_recipe(request: Request, studio: TheStudio) -> JSONResponse:
    """A recipe's file, or the code of its link; answers as read-settings, and `missing` with names and hashes."""
    found = await to_thread.run_sync(studio.read_recipe, await request.body())
    content = {
        "values": for_scripts(found.values),
        "leftovers": found.leftovers,
        "absent": found.absent,
        "tool": found.tool,
        "missing": [asdict(need) for need in found.missing],
    }
    return JSONResponse(content, headers=FRESH)
