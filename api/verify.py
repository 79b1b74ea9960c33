"""Where is it from? A picture's bytes over HTTP, and every mark that they carry."""

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from api.answer import FRESH
from api.jobs import TheStudio

router = APIRouter(prefix="/api")


@router.post("/verify")
async def verify(request: Request, studio: TheStudio) -> JSONResponse:
    """What the file tells of its origin, and what that is worth: docs/provenance.md. Nothing is kept."""
    return JSONResponse(await to_thread.run_sync(studio.verify, await request.body()), headers=FRESH)
