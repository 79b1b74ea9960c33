"""Boards over HTTP: one's own are made, filled, shared and taken apart; those that others share are looked at."""

from dataclasses import asdict
from functools import partial
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from api.access import Person, person
from api.answer import FRESH
from api.gallery import ids_in, only, wrong
from api.images import Whose
from api.jobs import TheStudio, Visitor, values_of
from engine.gallery.search import Filters

router = APIRouter(prefix="/api/boards")


def asking(request: Request) -> Person:
    return person(request)


Asking = Annotated[Person, Depends(asking)]


@router.get("")
def boards(studio: TheStudio, owner: Whose) -> JSONResponse:
    """`mine` and `shared` count one's own pictures and those that others share."""
    gallery = studio.gallery
    content = {
        "boards": [asdict(board) for board in gallery.boards.all(owner)],
        "mine": gallery.count(owner),
        "shared": gallery.count(owner, Filters(shared=True)),
    }
    return JSONResponse(content, headers=FRESH)


@router.post("", status_code=201)
async def add(request: Request, studio: TheStudio, owner: Visitor, who: Asking) -> dict[str, str]:
    """`name`, and `shared` if everybody in the studio is to see it."""
    asked = only(await values_of(request), "name", "shared")
    named = partial(studio.gallery.boards.add, owner, asked.get("name", ""), who.name, flag(asked) or False)
    return {"id": await to_thread.run_sync(named)}


@router.patch("/{board_id}", status_code=204)
async def change(board_id: str, request: Request, studio: TheStudio, owner: Whose, who: Asking) -> None:
    asked = only(await values_of(request), "name", "shared")
    changed = partial(
        studio.gallery.boards.change, board_id, owner, name=asked.get("name"), shared=flag(asked), by=who.name
    )
    await to_thread.run_sync(changed)


@router.delete("/{board_id}", status_code=204)
def remove(board_id: str, studio: TheStudio, owner: Whose) -> None:
    """The pictures stay."""
    studio.gallery.boards.remove(board_id, owner)


@router.post("/{board_id}/add")
async def put(board_id: str, request: Request, studio: TheStudio, owner: Whose) -> dict[str, int]:
    ids = ids_in(only(await values_of(request), "ids"))
    return {"changed": await to_thread.run_sync(studio.gallery.boards.put, board_id, ids, owner)}


@router.post("/{board_id}/remove")
async def take(board_id: str, request: Request, studio: TheStudio, owner: Whose) -> dict[str, int]:
    ids = ids_in(only(await values_of(request), "ids"))
    return {"changed": await to_thread.run_sync(studio.gallery.boards.take, board_id, ids, owner)}


def flag(asked: dict[str, Any]) -> bool | None:
    shared = asked.get("shared")
    if shared is not None and not isinstance(shared, bool):
        raise wrong("shared")
    return shared
