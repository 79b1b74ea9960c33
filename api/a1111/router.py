"""All routes of AUTOMATIC1111's API; what is not among them answers as that program does."""

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse

from api.a1111 import controlnet, drawing, extras, lists, options, progress, texts
from api.a1111.errors import Route
from api.a1111.tasks import Tasks

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def add_to(app: FastAPI) -> None:
    app.state.tasks = Tasks()
    for one in (drawing, progress, options, lists, extras, texts, controlnet):
        app.include_router(one.router, tags=["AUTOMATIC1111"])
    rest = APIRouter(route_class=Route)
    for prefix in ("/sdapi", "/controlnet"):
        rest.add_api_route(f"{prefix}/{{path:path}}", nothing, methods=METHODS, include_in_schema=False)
    app.include_router(rest)


def nothing() -> JSONResponse:
    """Clients tell by these very words that an API is off, or older."""
    return JSONResponse({"detail": "Not Found"}, 404)
