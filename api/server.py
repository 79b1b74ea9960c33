"""The HTTP application: our own API behind the guard; app.py mounts the page on it."""

import asyncio
import logging
import sqlite3
from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, get_args

from anyio import to_thread
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from api import (
    additions,
    belongings,
    boards,
    control,
    datasets,
    form,
    gallery,
    grids,
    history,
    images,
    jobs,
    metrics,
    people,
    presets,
    prompt,
    queue,
    read_settings,
    recipes,
    restore,
    training,
    verify,
)
from api.a1111 import router as a1111
from api.access import Access
from api.answer import Declined
from api.described import described
from api.doors import Doors
from api.entrance import entrance
from api.guard import Guard
from api.streams import Streams
from engine.errors import (
    INTERNAL,
    AtelierError,
    BadRequest,
    Busy,
    CannotSign,
    DiskFull,
    InUse,
    ModelDamaged,
    NotFound,
    OutOfMemory,
    Problem,
)
from engine.studio import Studio

STATUS: dict[type[AtelierError], int] = {
    BadRequest: 400,
    NotFound: 404,
    InUse: 409,
    ModelDamaged: 422,
    Busy: 429,
    OutOfMemory: 507,
    DiskFull: 507,
    CannotSign: 503,
}
log = logging.getLogger("atelier.http")


def make_app(
    studio: Studio,
    access: Access,
    words: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    pages: Mapping[str, str] = MappingProxyType({}),
) -> FastAPI:
    """words: by language and key, for what is written for people to keep. pages: HTML by path, to sign in with."""
    app = FastAPI(title="Atelier", openapi_url="/api/openapi.json", docs_url=None, redoc_url=None)
    app.state.studio = studio
    app.state.access = access
    app.state.words = words
    app.include_router(jobs.router)
    app.include_router(queue.router)
    app.include_router(gallery.router)  # before the single picture: its ways have names, not ids
    app.include_router(images.router)
    app.include_router(boards.router)
    app.include_router(belongings.router)
    app.include_router(grids.router)
    app.include_router(read_settings.router)
    app.include_router(recipes.router)
    app.include_router(form.router)
    app.include_router(presets.router)
    app.include_router(history.router)
    app.include_router(prompt.router)
    app.include_router(datasets.router)  # before the single run: its ways have names, not ids
    app.include_router(training.router)
    app.include_router(additions.router)
    app.include_router(control.router)
    app.include_router(restore.router)
    app.include_router(verify.router)
    app.include_router(people.router)
    app.include_router(entrance(pages))
    a1111.add_to(app)
    app.add_api_route(
        "/api/{path:path}", nothing, methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False
    )
    app.include_router(metrics.router)
    app.add_api_route("/healthz", healthz, methods=["GET"])
    app.add_api_route("/readyz", readyz, methods=["GET"])
    app.openapi = lambda: described(app)
    app.add_exception_handler(AtelierError, refusal)
    app.add_exception_handler(Declined, declined)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, missing)
    app.state.streams, app.state.doors = Streams(), Doors(access)
    outside = {"access": access, "streams": app.state.streams, "doors": app.state.doors}
    app.add_middleware(Guard, **outside)  # outside everything
    app.state.traffic = metrics.Traffic()
    app.add_middleware(metrics.Metered, traffic=app.state.traffic)  # counts what the guard refuses, too
    return app


async def healthz(request: Request) -> JSONResponse:
    """The server answers, and its database can be read; 503 where it cannot."""
    try:
        await asyncio.wrap_future(request.app.state.studio.pulse.beat())
    except (sqlite3.Error, RuntimeError):  # it is closed: the studio stops
        return JSONResponse({"status": "database"}, 503)
    return JSONResponse({"status": "ok"})


def nothing() -> None:
    """What is not ours below /api must not reach the page mounted after it."""
    raise NotFound("path.unknown", "There is nothing here.", "See /api/openapi.json.")


async def readyz(request: Request) -> JSONResponse:
    """503 until a picture can be drawn."""
    state: dict[str, Any] = await to_thread.run_sync(request.app.state.studio.ready)
    return JSONResponse(state, 200 if state.get("ready") else 503)


def refusal(request: Request, error: Exception) -> Response:
    if not isinstance(error, AtelierError):
        raise error
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
    if status == 500:
        log.error("an error without a status", exc_info=error)
        return answer(INTERNAL, 500)
    response = answer(error.problem, status)
    if "retry_after" in error.problem.values:
        response.headers["Retry-After"] = str(error.problem.values["retry_after"])
    return response


def declined(request: Request, error: Exception) -> Response:
    if not isinstance(error, Declined):
        raise error
    response = answer(error.problem, error.status)
    response.headers.update(error.headers)
    return response


def malformed(request: Request, error: Exception) -> Response:
    """The first value that is wrong; a field that there is not, with the one that comes near it."""
    first = error.errors()[0] if isinstance(error, RequestValidationError) and error.errors() else {}
    where = str((first.get("loc") or ["body"])[-1])[:100]
    if first.get("type") != "extra_forbidden":
        problem = Problem(code="request.invalid", message="The request has a wrong value.", field=where)
        return answer(problem, 400)
    near = get_close_matches(where, fields_of(request.scope.get("route")), 1)
    remedy = f"Did you mean {near[0]}?" if near else ""
    return answer(
        Problem(code="field.unknown", message=f"There is no field '{where}'.", remedy=remedy, field=where), 400
    )


def fields_of(route: Any) -> list[str]:
    """What the body of a route may hold."""
    parameters = getattr(getattr(route, "dependant", None), "body_params", [])
    models = [
        model for one in parameters for model in (one.field_info.annotation, *get_args(one.field_info.annotation))
    ]
    return [name for model in models for name in getattr(model, "model_fields", {})]


def missing(request: Request, error: Exception) -> Response:
    """What the router itself refuses."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    return answer(Problem(code="request.invalid", message="This address does not offer that."), status)


def answer(problem: Problem, status: int) -> JSONResponse:
    return JSONResponse({"error": problem.model_dump()}, status)
