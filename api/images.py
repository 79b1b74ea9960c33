"""Finished pictures over HTTP: by opaque id, to those who may see them."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse, JSONResponse

from api.access import Access, visitor
from api.answer import FRESH
from api.jobs import TheStudio
from engine.gallery.rows import GalleryImage
from engine.request.schema import PARAMETERS, flat
from engine.studio import Studio

router = APIRouter(prefix="/api")
LONG = {name for name, known in PARAMETERS.items() if known.type is int and (known.high or 0) > 2**53}
FOREVER = "private, max-age=31536000, immutable"  # the bytes behind an id never change


def whose(request: Request) -> str | None:
    access: Access = request.app.state.access
    return access.gallery_of(visitor(request))


Whose = Annotated[str | None, Depends(whose)]


@router.get("/images/{image_id}")
def image(image_id: str, studio: TheStudio, owner: Whose) -> JSONResponse:
    """With its lineage: what it was made of, and what that was made of, each with its role (engine/gallery/lineage.py)."""
    found = studio.gallery.get(image_id, owner)
    lineage = [asdict(ancestor) for ancestor in studio.gallery.lineage(found, owner)]
    (told,) = shown_to(owner, [found], studio)
    boards = studio.gallery.boards.of(image_id, owner)
    return JSONResponse({**told, "lineage": lineage, "boards": boards}, headers=FRESH)


@router.get("/images/{image_id}/given/{digest}")
def given(image_id: str, digest: str, studio: TheStudio, owner: Whose) -> Response:
    """A picture that this one was made of, small: the mask, or what was given from outside."""
    return Response(
        studio.given_picture(image_id, digest, owner), media_type="image/webp", headers={"cache-control": FOREVER}
    )


@router.get("/images/{image_id}/given/{digest}/file")
def given_file(image_id: str, digest: str, studio: TheStudio, owner: Whose) -> Response:
    """The picture itself, as it was given, to go on with; a mask as greys of its picture's size."""
    kept = {"cache-control": FOREVER, "content-disposition": "attachment"}
    return Response(studio.given_file(image_id, digest, owner), media_type="application/octet-stream", headers=kept)


@router.get("/images/{image_id}/file")
def file(image_id: str, studio: TheStudio, owner: Whose, download: bool = False) -> FileResponse:
    """As it was made or imported, its settings inside."""
    path, image = studio.gallery.file(image_id, owner), studio.gallery.get(image_id, owner)
    name = image.name or f"atelier-{image.seed}-{image_id[-8:]}{path.suffix}"
    return sent(path, f"image/{image.format}", name if download else None)


@router.get("/images/{image_id}/copy")
def copy(image_id: str, studio: TheStudio, owner: Whose, kind: Literal["clean", "signed"]) -> Response:
    """The file to carry away. clean: the same pixels, and nothing that tells of prompt or origin; signed: with the
    studio's signature (C2PA) for a picture that was made here."""
    path, image = studio.gallery.file(image_id, owner), studio.gallery.get(image_id, owner)
    made = studio.clean_copy(image_id, owner) if kind == "clean" else studio.signed_copy(image_id, owner)
    name = f"atelier-{kind}-{image_id[-8:]}{path.suffix}"
    headers = {**FRESH, "content-disposition": f'attachment; filename="{name}"'}
    return Response(made, media_type=f"image/{image.format}", headers=headers)


@router.get("/images/{image_id}/thumbnail")
def thumbnail(image_id: str, studio: TheStudio, owner: Whose) -> FileResponse:
    return sent(studio.gallery.thumbnail(image_id, owner), "image/webp")


@router.get("/images/{image_id}/trace")
def trace(image_id: str, studio: TheStudio, owner: Whose) -> FileResponse:
    """How it was made, step by step: docs/how-it-was-made.md says what is in it."""
    return sent(studio.gallery.trace(image_id, owner), "application/json")


@router.get("/images/{image_id}/hints")
def hints(image_id: str, studio: TheStudio, owner: Whose) -> JSONResponse:
    """Why it may look wrong: each with the parameter to change and, in `values.to`, what to try."""
    found = studio.hints(image_id, owner)
    return JSONResponse({"hints": [hint.model_dump() for hint in found]}, headers=FRESH)


@router.delete("/images/{image_id}", status_code=204)
def delete(image_id: str, studio: TheStudio, owner: Whose) -> None:
    studio.gallery.delete(image_id, owner)


@router.post("/pictures", status_code=201)
async def keep_picture(request: Request, studio: TheStudio, live: bool = False) -> dict[str, str]:
    """A picture's bytes, for jobs that start from it; live: for a live job only."""
    return {"picture": await to_thread.run_sync(studio.keep_picture, await request.body(), live)}


def sent(path: Path, media_type: str, name: str | None = None) -> FileResponse:
    return FileResponse(path, media_type=media_type, filename=name, headers={"cache-control": FOREVER})


def shown(image: GalleryImage) -> dict[str, Any]:
    names = ("id", "job", "index", "created", "width", "height", "prompt", "seed", "checkpoint", "sampler", "steps")
    kept = (
        "seconds",
        "infotext",
        "stars",
        "tags",
        "trashed",
        "format",
        "imported",
        "trace",
        "name",
        "outside",
        "restored",
    )
    facts = {name: getattr(image, name) for name in (*names, *kept)}
    held = image.held and image.held.model_dump()
    return {**facts, "held": held, "values": for_scripts(flat(image.request))}


def shown_to(owner: str | None, images: Sequence[GalleryImage], studio: Studio) -> list[dict[str, Any]]:
    """by: None for what the one who asks may change; else the name of who shares it."""
    if owner is None or all(image.owner == owner for image in images):
        return [{**shown(image), "by": None} for image in images]
    names = studio.gallery.boards.names()
    return [{**shown(image), "by": None if image.owner == owner else names.get(image.owner, "")} for image in images]


def for_scripts(values: dict[str, Any]) -> dict[str, Any]:
    """Seeds as text: a browser's numbers are exact only up to 2**53."""
    return {name: str(value) if name in LONG and value is not None else value for name, value in values.items()}
