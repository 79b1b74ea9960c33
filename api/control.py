"""Preprocessors over HTTP: which there are, and what each makes of a picture."""

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from api.answer import FRESH
from api.jobs import TheStudio
from engine.request.preprocessors import DETECTORS

router = APIRouter(prefix="/api")
AT_ONCE = 2  # each may hold some hundred megabytes
room, patience = (
    CapacityLimiter(AT_ONCE),
    CapacityLimiter(AT_ONCE),
)  # networks take long: others do not wait behind them


@router.get("/preprocessors")
def preprocessors(studio: TheStudio) -> JSONResponse:
    """Each with what its thresholds mean, None where it has none; the files that it needs, and what is wrong with them."""
    return JSONResponse({"preprocessors": studio.preprocessors()}, headers=FRESH)


@router.post("/preprocess")
async def preprocess(request: Request, studio: TheStudio) -> Response:
    """The query holds a control unit's values, the body the picture unless `picture` names one. Answers with a PNG."""
    values, data = dict(request.query_params), await request.body()
    limiter = patience if values.get("preprocessor") in DETECTORS else room
    made = await to_thread.run_sync(studio.preprocess, values, data, limiter=limiter)
    return Response(made, media_type="image/png", headers=FRESH)
