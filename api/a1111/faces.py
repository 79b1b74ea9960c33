"""What AUTOMATIC1111's fields ask for faces, as steps of restoring: by the restorers and detectors that are here."""

from collections.abc import Sequence
from typing import Any

from anyio import to_thread
from fastapi import Request

from api.a1111.asked import Asked
from api.a1111.loans import Loans
from api.a1111.tasks import Task
from api.a1111.waiting import drawn
from engine.errors import BadRequest
from engine.events import Made
from engine.request.parts import MOST_PICTURES, Output
from engine.request.restoring import RestoreRequest
from engine.studio import Studio

ABSENT = ("restorer.none", "detector.faces")  # without them `restore_faces` does nothing, as there


def restorers(studio: Studio) -> list[str]:
    return [one["name"] for one in studio.additions("restorer") if not one["problem"]]


def model(asked: Asked) -> str:
    """An option may be anything."""
    return str(asked.options["face_restoration_model"] or "")


def step(studio: Studio, wanted: str, visibility: float) -> dict[str, Any]:
    """wanted: GFPGAN, for one; whoever is not here is stood in for by the first."""
    names = restorers(studio)
    name = next((name for name in names if wanted.casefold() in name.casefold()), names[0] if names else "")
    return {"kind": "faces", "restorer": name, "visibility": visibility}


async def with_faces(
    pictures: Sequence[Made], asked: Asked, output: Output, task: Task, request: Request, loans: Loans
) -> list[Made]:
    """The same with their faces restored; those that were not come to are as they were drawn."""
    found = list(pictures)
    for begin in range(0, len(found), MOST_PICTURES):
        part = found[begin : begin + MOST_PICTURES]
        wanted = await to_thread.run_sync(restoring, part, asked, output, loans)
        if wanted is None or task.interrupted:
            break
        for job in await drawn([wanted], task, loans.studio, request, loans.keep):
            for made in job.pictures:
                found[begin + made.index] = made
    return found


def restoring(pictures: Sequence[Made], asked: Asked, output: Output, loans: Loans) -> RestoreRequest | None:
    """None where faces are not asked for, or nothing here restores them."""
    told = asked.fields["restore_faces"]
    if not (asked.options["face_restoration"] if told is None else told):
        return None
    steps = [step(loans.studio, model(asked), 1.0)]
    digests = [loans.bring(made.file) for made in pictures]
    try:
        return loans.studio.restoring(
            {"pictures": digests, "steps": steps, "format": output.format, "quality": output.quality}
        )
    except BadRequest as error:
        if error.problem.code in ABSENT:
            return None
        raise
