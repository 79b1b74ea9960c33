"""Restoring over HTTP: pictures that were given go through steps, as a job like any other."""

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from api.answer import FRESH
from api.jobs import TheStudio, Visitor, values_of

router = APIRouter(prefix="/api")


@router.get("/upscalers")
def upscalers(studio: TheStudio) -> JSONResponse:
    """The folder is looked at anew for each answer; `latent` ones are for second passes only."""
    return JSONResponse({"upscalers": studio.upscalers()}, headers=FRESH)


@router.post("/restorations", status_code=202)
async def restore(request: Request, studio: TheStudio, owner: Visitor) -> dict[str, str]:
    """`pictures`, `steps`, `format` and `quality`: docs/restore.md. The answer comes when the job is on the disk."""
    job = await to_thread.run_sync(studio.restore, await values_of(request), owner)
    return {"id": job.id}
