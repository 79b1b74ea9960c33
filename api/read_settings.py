"""A picture from anywhere over HTTP: the settings that its file carries."""

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from api.answer import FRESH
from api.images import for_scripts
from api.jobs import TheStudio

router = APIRouter(prefix="/api")


@router.post("/read-settings")
async def read_settings(request: Request, studio: TheStudio) -> JSONResponse:
    """From a picture's bytes: values for a job, what could not be used, and which tool has written it.

    `absent` names those leftovers that are files which are not here: models, LoRAs, VAEs.
    """
    found = await to_thread.run_sync(studio.read_settings, await request.body())
    return JSONResponse(
        {
            "values": for_scripts(found.values),
            "leftovers": found.leftovers,
            "absent": found.absent,
            "tool": found.tool,
        },
        headers=FRESH,
    )
