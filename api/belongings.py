"""One's own belongings over HTTP: taken away as one zip, or erased; an admin erases others', and looks at nothing."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse

from api.access import Access, Person, person
from api.answer import FRESH
from api.gallery import only
from api.jobs import TheStudio, Visitor, values_of
from api.people import noted
from engine.errors import BadRequest, NotFound

router = APIRouter(prefix="/api")
CONFIRM = "erase everything"


def asking(request: Request) -> Person:
    return person(request)


@router.get("/people/me/export")
def export(studio: TheStudio, owner: Visitor) -> StreamingResponse:
    """Pictures, what is known of them, history, presets, form, jobs, boards, grids, given pictures and datasets."""
    return StreamingResponse(
        studio.belongings.carried(owner),
        media_type="application/zip",
        headers={**FRESH, "content-disposition": f'attachment; filename="atelier-mine-{date.today()}.zip"'},
    )


@router.post("/people/me/erase")
async def erase(request: Request, studio: TheStudio, owner: Visitor) -> dict[str, Any]:
    """All of that, for good; `confirm` must be "erase everything"."""
    return await erased(request, studio.erase, owner)


@router.post("/people/{person_id}/erase")
async def erase_of(
    person_id: str, request: Request, studio: TheStudio, who: Annotated[Person, Depends(asking)]
) -> dict[str, Any]:
    """What belongs to somebody else: an admin's."""
    if who.role != "admin":
        raise NotFound("path.unknown", "There is nothing here.", "See /api/openapi.json.")
    return await erased(request, studio.erase, person_id)


async def erased(request: Request, erase: Callable[[str], Any], owner: str) -> dict[str, Any]:
    if only(await values_of(request), "confirm").get("confirm") != CONFIRM:
        raise BadRequest(
            "erase.confirm", "Nothing was erased.", f'Send "confirm": "{CONFIRM}".', field="confirm", words=CONFIRM
        )
    done = asdict(await to_thread.run_sync(erase, owner))
    access: Access = request.app.state.access
    if access.people:
        user = access.people.users.find(owner)
        await noted(request, access.people, "erase", user.name if user else "")
    return done
