"""Finished pictures over HTTP: by opaque id, to those who may see them."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from api.access import Access, visitor
from api.jobs import TheStudio
from engine import infotext
from engine.errors import BadRequest
from engine.gallery.store import GalleryImage
from engine.picture.open import header, text_of
from engine.request.schema import flat

router = APIRouter(prefix="/api")
FOREVER = "private, max-age=31536000, immutable"  # the bytes behind an id never change


def whose(request: Request) -> str | None:
    access: Access = request.app.state.access
    return access.gallery_of(visitor(request))


Whose = Annotated[str | None, Depends(whose)]


@router.get("/images")
def images(
    studio: TheStudio, owner: Whose, before: str | None = None, limit: Annotated[int, Query(ge=1, le=200)] = 48
) -> JSONResponse:
    """Newest first; `next` is the value of `before` that brings the next page."""
    page, following = studio.gallery.page(owner, before, limit)
    content = {"images": [shown(i) for i in page], "next": following, "total": studio.gallery.count(owner)}
    return JSONResponse(content, headers={"cache-control": "no-store"})


@router.get("/images/{image_id}")
def image(image_id: str, studio: TheStudio, owner: Whose) -> JSONResponse:
    return JSONResponse(shown(studio.gallery.get(image_id, owner)), headers={"cache-control": "no-store"})


@router.get("/images/{image_id}/file")
def file(image_id: str, studio: TheStudio, owner: Whose, download: bool = False) -> FileResponse:
    """The PNG as it was made, its settings inside."""
    path = studio.gallery.file(image_id, owner)
    name = f"atelier-{studio.gallery.get(image_id, owner).seed}-{image_id[-8:]}.png" if download else None
    return sent(path, "image/png", name)


@router.get("/images/{image_id}/thumbnail")
def thumbnail(image_id: str, studio: TheStudio, owner: Whose) -> FileResponse:
    return sent(studio.gallery.thumbnail(image_id, owner), "image/webp")


@router.get("/images/{image_id}/trace")
def trace(image_id: str, studio: TheStudio, owner: Whose) -> FileResponse:
    """How it was made, step by step: docs/how-it-was-made.md says what is in it."""
    return sent(studio.gallery.trace(image_id, owner), "application/json")


@router.delete("/images/{image_id}", status_code=204)
def delete(image_id: str, studio: TheStudio, owner: Whose) -> Response:
    studio.gallery.delete(image_id, owner)
    return Response(status_code=204)


@router.post("/pictures", status_code=201)
async def keep_picture(request: Request, studio: TheStudio) -> dict[str, str]:
    """A picture's bytes, for jobs that start from it."""
    return {"picture": await to_thread.run_sync(studio.keep_picture, await request.body())}


@router.post("/read-settings")
async def read_settings(request: Request) -> JSONResponse:
    """From a picture's bytes to the values that were used, and to what its text says besides."""
    data = await request.body()
    text = await to_thread.run_sync(partial(text_of, data))
    if not text:
        await to_thread.run_sync(header, data)  # says it when this is no picture at all
        raise BadRequest(
            "settings.none", "This picture carries no settings.", "Choose a picture that a studio has made."
        )
    reading = await to_thread.run_sync(infotext.read, text)
    return JSONResponse({"values": for_scripts(reading.values), "leftovers": reading.leftovers})


def sent(path: Path, media_type: str, name: str | None = None) -> FileResponse:
    return FileResponse(path, media_type=media_type, filename=name, headers={"cache-control": FOREVER})


def shown(image: GalleryImage) -> dict[str, Any]:
    names = ("id", "job", "index", "created", "width", "height", "prompt", "seed", "checkpoint", "sampler", "steps")
    facts = {name: getattr(image, name) for name in (*names, "seconds", "infotext", "trace")}
    return {**facts, "values": for_scripts(flat(image.request))}


def for_scripts(values: dict[str, Any]) -> dict[str, Any]:
    """Seeds as text: a browser's numbers are exact only up to 2**53."""
    return {**values, **{name: str(values[name]) for name in ("seed", "variation_seed") if name in values}}
