"""The gallery over HTTP: find pictures, mark them, throw them away, carry them off, bring old ones in."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, StreamingResponse

from api.answer import FRESH
from api.images import Whose, shown, shown_to
from api.jobs import TheStudio, Visitor, values_of
from engine.errors import BadRequest
from engine.gallery.search import Filters
from engine.gallery.store import Change

router = APIRouter(prefix="/api/images")
LARGEST_SEED = 2**64 - 1


def filters(
    q: str = "",
    model: Annotated[list[str] | None, Query()] = None,
    sampler: Annotated[list[str] | None, Query()] = None,
    tag: Annotated[list[str] | None, Query()] = None,
    size: str = "",
    since: str = "",
    until: str = "",
    seed: str = "",
    stars: str = "",
    trash: bool = False,
    board: str = "",
    shared: bool = False,
) -> Filters:
    """What is empty does not filter."""
    return Filters(
        q=q.strip(),
        models=chosen(model),
        samplers=chosen(sampler),
        size=size_of(size),
        since=day_of(since, "since"),
        until=day_of(until, "until"),
        seed=number_of(seed, "seed", LARGEST_SEED) if seed else None,
        stars=number_of(stars, "stars", 5) if stars else 0,
        tags=chosen(tag),
        trash=trash,
        board=board,
        shared=shared,
    )


Wanted = Annotated[Filters, Depends(filters)]


@router.get("")
def page(
    studio: TheStudio,
    owner: Whose,
    wanted: Wanted,
    before: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 48,
    sort: str = "newest",
    alike: str = "",
) -> JSONResponse:
    """`next` is the value of `before` that brings the next page; `total` counts all that match.
    `alike`, an id: of those that match, the ones that look most like this picture, in that order and on one page."""
    if alike:
        images = studio.gallery.alike(alike, owner, wanted)
        content = {"images": shown_to(owner, images, studio), "next": None, "total": len(images)}
        return JSONResponse(content, headers=FRESH)
    images, following = studio.gallery.page(owner, before, limit, wanted, sort)
    content = {
        "images": shown_to(owner, images, studio),
        "next": following,
        "total": studio.gallery.count(owner, wanted),
    }
    return JSONResponse(content, headers=FRESH)


@router.get("/facets")
def facets(studio: TheStudio, owner: Whose, wanted: Wanted) -> JSONResponse:
    return JSONResponse(studio.gallery.facets(owner, wanted), headers=FRESH)


@router.post("/change")
async def change(request: Request, studio: TheStudio, owner: Whose) -> dict[str, int]:
    """Stars and tags of the pictures `ids`."""
    values = only(await values_of(request), "ids", "stars", "add_tags", "remove_tags")
    stars = values.get("stars")
    if stars is not None and type(stars) is not int:
        raise wrong("stars")
    asked = Change(stars, tuple(texts(values, "add_tags")), tuple(texts(values, "remove_tags")))
    return {"changed": await to_thread.run_sync(studio.gallery.change, ids_in(values), owner, asked)}


@router.post("/trash")
async def trash(request: Request, studio: TheStudio, owner: Whose) -> dict[str, int]:
    ids = ids_in(only(await values_of(request), "ids"))
    return {"changed": await to_thread.run_sync(studio.gallery.trash, ids, owner)}


@router.post("/restore")
async def restore(request: Request, studio: TheStudio, owner: Whose) -> dict[str, int]:
    ids = ids_in(only(await values_of(request), "ids"))
    return {"changed": await to_thread.run_sync(studio.gallery.restore, ids, owner)}


@router.post("/empty-trash")
async def empty_trash(request: Request, studio: TheStudio, owner: Whose) -> dict[str, int]:
    """Deletes for good all in the trash, or those of it that `ids` names."""
    values = only(await values_of(request), "ids")
    ids = None if values.get("ids") is None else ids_in(values)
    return {"changed": await to_thread.run_sync(studio.gallery.empty_trash, owner, ids)}


@router.post("/selection")
async def selection(request: Request, studio: TheStudio, owner: Whose) -> dict[str, str]:
    """A name under which these pictures can be fetched as a zip."""
    ids = ids_in(only(await values_of(request), "ids"))
    return {"selection": await to_thread.run_sync(studio.gallery.select, ids, owner)}


@router.get("/zip")
def bundle(studio: TheStudio, owner: Whose, selection: str) -> StreamingResponse:
    """The original files, made into a zip while they are sent."""
    return StreamingResponse(
        studio.gallery.zip(selection, owner),
        media_type="application/zip",
        headers={**FRESH, "content-disposition": f'attachment; filename="atelier-{date.today()}.zip"'},
    )


@router.post("/import", status_code=201)
async def take_in(
    request: Request, studio: TheStudio, owner: Whose, visitor: Visitor, name: str = "", modified: float | None = None
) -> JSONResponse:
    """A picture's bytes; `name` its file's, with folders if known, and `modified` when that was last changed."""
    content = await request.body()

    def keep() -> dict[str, Any]:
        studio.check_disk()
        image, known = studio.gallery.take_in(content, name, visitor, seen_by=owner, modified=modified)
        return {"image": shown(image), "known": known}

    return JSONResponse(await to_thread.run_sync(keep), 201, headers=FRESH)


def chosen(values: list[str] | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values or () if value))[:100]


def size_of(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    width, _, height = text.lower().partition("x")
    return number_of(width, "size", 10**6), number_of(height, "size", 10**6)


def day_of(text: str, field: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise BadRequest("gallery.day", "This is not a day.", "Write it as 2026-01-31.", field=field) from None


def number_of(text: str, field: str, most: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 20 and int(text) <= most):
        raise wrong(field)
    return int(text)


def only(values: dict[str, Any], *names: str) -> dict[str, Any]:
    """Our API ignores no key."""
    for name in values:
        if name not in names:
            raise wrong(name[:60])
    return values


def ids_in(values: Mapping[str, Any]) -> list[str]:
    ids = texts(values, "ids")
    if not ids:
        raise BadRequest("gallery.none", "No picture is chosen.", "Choose one.", field="ids")
    return ids


def texts(values: Mapping[str, Any], name: str) -> list[str]:
    found = values.get(name, [])
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise wrong(name)
    return [text.encode("utf-8", "replace").decode() for text in found]  # JSON may hold half a surrogate pair


def wrong(field: str) -> BadRequest:
    return BadRequest("request.invalid", "The request has a wrong value.", "Correct it.", field=field)
