"""Grids over HTTP: plan, follow, change one's mind, take away as a page or as one picture."""

from functools import partial
from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, StreamingResponse

from api.answer import FRESH
from api.images import Whose
from api.jobs import TheStudio, Visitor, values_of

router = APIRouter(prefix="/api/grids")


@router.post("/plan")
async def plan(request: Request, studio: TheStudio) -> dict[str, Any]:
    """What a grid would draw; nothing is stored."""
    return await to_thread.run_sync(studio.grids.estimate, await values_of(request))


@router.post("", status_code=201)
async def create(request: Request, studio: TheStudio, owner: Visitor) -> dict[str, str]:
    """`values` by name, `axes` with `what` and `values`, `fresh_seeds`. The answer comes when the grid is on the disk."""
    return {"id": await to_thread.run_sync(studio.grids.create, await values_of(request), owner)}


@router.get("")
def page(studio: TheStudio, owner: Whose) -> JSONResponse:
    """Newest first."""
    return JSONResponse({"grids": studio.grids.known(owner)}, headers=FRESH)


@router.get("/{grid_id}")
def grid(grid_id: str, studio: TheStudio, owner: Whose) -> JSONResponse:
    """Its axes and its cells, X fastest; each with its state, its job and its pictures."""
    return JSONResponse(studio.grids.shown(grid_id, owner), headers=FRESH)


@router.post("/{grid_id}/{change}")
async def change(
    grid_id: str, change: Literal["pause", "resume", "cancel", "retry"], studio: TheStudio, owner: Whose
) -> JSONResponse:
    await to_thread.run_sync(getattr(studio.grids, change), grid_id, owner)
    return JSONResponse(await to_thread.run_sync(studio.grids.shown, grid_id, owner), headers=FRESH)


@router.delete("/{grid_id}", status_code=204)
def delete(grid_id: str, studio: TheStudio, owner: Whose) -> None:
    """The pictures stay."""
    studio.grids.delete(grid_id, owner)


@router.get("/{grid_id}/page")
def as_page(grid_id: str, studio: TheStudio, owner: Whose) -> StreamingResponse:
    """One HTML file with the pictures inside, which needs no studio."""
    chunks = studio.grids.as_page(grid_id, owner)
    return taken_away(chunks, "text/html; charset=utf-8", f"atelier-grid-{grid_id[-8:]}.html")


@router.get("/{grid_id}/picture")
async def as_picture(
    grid_id: str, studio: TheStudio, owner: Whose, z: Annotated[int | None, Query(ge=0, le=1000)] = None
) -> StreamingResponse:
    """One labelled PNG, of all pages or of page `z`; the header X-Scale tells by how much it was made smaller."""
    sheet = await to_thread.run_sync(partial(studio.grids.as_picture, grid_id, owner, z))
    answer = taken_away(sheet.chunks(), "image/png", f"atelier-grid-{grid_id[-8:]}.png")
    answer.headers["x-scale"] = f"{sheet.scale:.4f}"
    return answer


def taken_away(chunks: Any, media_type: str, name: str) -> StreamingResponse:
    """As a download: what it holds never runs in the studio's own name."""
    disposition = f'attachment; filename="{name}"'
    return StreamingResponse(chunks, media_type=media_type, headers={**FRESH, "content-disposition": disposition})
