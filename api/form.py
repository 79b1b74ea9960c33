"""What stands in the visitor's form, over HTTP: the page sends what changed, and nothing else."""

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.jobs import TheStudio, Visitor, values_of

router = APIRouter(prefix="/api")


@router.patch("/form", status_code=204)
async def change(request: Request, studio: TheStudio, owner: Visitor) -> Response:
    """Values by name; those not named keep what another tab gave them."""
    await to_thread.run_sync(studio.forms.change, owner, await values_of(request))
    return Response(status_code=204)
