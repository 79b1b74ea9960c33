"""Errors in AUTOMATIC1111's shape. A client's mistake is a 4xx here, also where that program answers 500."""

import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException as StarletteHTTPException

from engine.errors import INTERNAL, AtelierError, BadRequest, Busy, DiskFull, NotFound, OutOfMemory, Problem
from engine.request.schema import CONTROLS, PARAMETERS

STATUS: dict[type[AtelierError], int] = {NotFound: 404, Busy: 429, OutOfMemory: 507, DiskFull: 507}
THEIRS: Mapping[str, str] = {
    **{name: known.a1111 for name, known in PARAMETERS.items() if known.a1111},
    **{name: known.a1111 for name, known in CONTROLS.items() if known.a1111},
}
# In their words, which clients show.
UNKNOWN = {
    **dict.fromkeys(("upscaler.unknown", "upscaler.near"), "could not find upscaler named {name}"),
    **dict.fromkeys(("checkpoint.unknown", "checkpoint.hash"), "model '{name}' not found"),
}
Answering = Callable[[Request], Coroutine[Any, Any, Response]]
log = logging.getLogger("atelier.http")


class Invalid(Exception):
    """Values that are not of the form; details: as FastAPI tells them."""

    def __init__(self, *details: dict[str, Any]):
        self.details = list(details)
        super().__init__()

    @classmethod
    def at(cls, field: str, message: str, kind: str = "value_error") -> "Invalid":
        return cls({"loc": ["body", *field.split(".")], "msg": message, "type": kind})


class Failure(Exception):
    """The job came to nothing."""

    def __init__(self, problem: Problem):
        self.problem = problem
        super().__init__()


class Route(APIRoute):
    """Answers in their shape whatever goes wrong, and says how long it took."""

    def get_route_handler(self) -> Answering:
        handler = super().get_route_handler()

        async def answered(request: Request) -> Response:
            began = time.perf_counter()
            try:
                response = await handler(request)
            except Exception as error:
                response = told(error)
            response.headers["X-Process-Time"] = f"{time.perf_counter() - began:.4f}"
            return response

        return answered


def told(error: Exception) -> JSONResponse:
    match error:
        case Invalid(details=details):
            return JSONResponse({"detail": details}, 422)
        case RequestValidationError():
            known = ("loc", "msg", "type")
            return told(Invalid(*({name: one.get(name) for name in known} for one in error.errors())))
        case StarletteHTTPException(status_code=status, detail=detail):
            return shaped(status, "HTTPException", str(detail))
        case Failure(problem=problem):
            return shaped(500, "Failed", str(problem), str(problem))
        case BadRequest(problem=problem) if problem.code.startswith("picture."):
            return shaped(422, "HTTPException", f"Invalid encoded image: {problem}")
        case BadRequest(problem=problem) if problem.code in UNKNOWN:
            words = UNKNOWN[problem.code].format(**{"name": "", **problem.values})
            return shaped(404, "HTTPException", f"{words}. {problem.remedy}".rstrip())
        case BadRequest(problem=problem):
            return told(Invalid.at(theirs(problem.field or ""), str(problem), problem.code))
        case AtelierError(problem=problem):
            status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 422)
            response = shaped(status, type(error).__name__, str(problem))
            if status == 429:
                response.headers["Retry-After"] = str(problem.values.get("retry_after", 5))
            return response
        case _:
            log.error("an answer failed", exc_info=error)
            return shaped(500, "Error", str(INTERNAL), str(INTERNAL))


def shaped(status: int, error: str, detail: str, errors: str = "") -> JSONResponse:
    return JSONResponse({"error": error, "detail": detail, "body": "", "errors": errors}, status)


def theirs(field: str) -> str:
    """A field of ours by their name: "control.0.picture" is theirs' "alwayson_scripts.ControlNet.args.0.image"."""
    path, name = field.split(".")[:-1], field.split(".")[-1]
    name = THEIRS.get(name, name)
    if path and path[0] == "control":
        path = ["alwayson_scripts", "ControlNet", "args", *path[1:]]
    return ".".join([*path, name]).strip(".")


def refused(detail: str, status: int = 422) -> HTTPException:
    return HTTPException(status, detail)
