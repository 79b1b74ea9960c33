"""Preprocessors over HTTP: which there are, and what each makes of a picture."""

from dataclasses import asdict
from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.answer import FRESH
from api.jobs import TheStudio
from engine.request.preprocessors import PREPROCESSOR_FACTS

router = APIRouter(prefix="/api")
AT_ONCE = 2  # each may hold some hundred megabytes
room = CapacityLimiter(AT_ONCE)


@router.get("/preprocessors")
def preprocessors() -> dict[str, list[dict[str, Any]]]:
    """Each with what its thresholds mean; None where it has none."""
    return {"preprocessors": [{"name": name, **asdict(facts)} for name, facts in PREPROCESSOR_FACTS.items()]}


@router.post("/preprocess")
async def preprocess(request: Request, studio: TheStudio) -> Response:
    """The query holds a control unit's values, the body the picture unless `picture` names one. Answers with a PNG."""
    values, data = dict(request.query_params), await request.body()
    made = await to_thread.run_sync(studio.preprocess, values, data, limiter=room)
    return Response(made, media_type="image/png", headers=FRESH)
