"""The prompts that a visitor drew last, over HTTP."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response

from api.answer import FRESH
from api.jobs import TheStudio, Visitor

router = APIRouter(prefix="/api")


@router.get("/history")
def history(
    studio: TheStudio,
    owner: Visitor,
    search: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> JSONResponse:
    """Newest first, each prompt once; `search`: words that it holds."""
    found = [asdict(past) for past in studio.history.latest(owner, search, limit)]
    return JSONResponse({"prompts": found}, headers=FRESH)


@router.delete("/history/{past_id}", status_code=204)
def forget(past_id: int, studio: TheStudio, owner: Visitor) -> Response:
    studio.history.forget(past_id, owner)
    return Response(status_code=204)


@router.delete("/history", status_code=204)
def clear(studio: TheStudio, owner: Visitor) -> Response:
    studio.history.clear(owner)
    return Response(status_code=204)
