"""The description of our API for machines (OpenAPI), drawn from the routes and from the request types."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, create_model
from pydantic.json_schema import models_json_schema

from api.shapes import Refusal
from engine.request.schema import flat_model
from engine.request.webhook import Webhook

REFERENCE = "#/components/schemas/"
BYTES = ("/api/read-settings", "/api/pictures", "/api/preprocess", "/api/images/import")
BARE = ("/cancel", "/pause", "/resume", "/retry")
WITH_BODY = {"post", "put", "patch"}


def body_of(name: str) -> dict[str, Any]:
    """For `openapi_extra`: the body is JSON of this shape, which the route reads by itself."""
    content = {"application/json": {"schema": {"$ref": REFERENCE + name}}}
    return {"requestBody": {"required": True, "content": content}}


def drawing() -> type[BaseModel]:
    """What POST /api/jobs takes: the parameters and the webhook."""
    return create_model("Drawing", __base__=flat_model(), webhook=(str | Webhook | None, None))


def described(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema:
        return app.openapi_schema
    told = get_openapi(title="Atelier", version="1", routes=app.routes, description="See docs/api.md.")
    _, shapes = models_json_schema(
        [(drawing(), "validation"), (Refusal, "serialization")], ref_template=REFERENCE + "{model}"
    )
    found = told.setdefault("components", {}).setdefault("schemas", {})
    found |= {name: shape for name, shape in shapes["$defs"].items() if name not in found or name == "Drawing"}
    found["Drawing"].pop("required", None)  # every parameter has a default; of a start they belong to its kind
    for path, methods in told["paths"].items():
        if path.startswith("/api/"):
            for method, operation in methods.items():
                complete(operation, method, path)
    app.openapi_schema = told
    return told


def complete(operation: dict[str, Any], method: str, path: str) -> None:
    """Errors as they are, and a body where a route reads it by itself."""
    operation["responses"].pop("422", None)
    refusal = {"application/json": {"schema": {"$ref": f"{REFERENCE}Refusal"}}}
    operation["responses"]["default"] = {"description": "It was refused.", "content": refusal}
    if method in WITH_BODY and "requestBody" not in operation and not path.endswith(BARE):
        content: dict[str, Any] = {"application/json": {"schema": {"type": "object"}}}
        if path in BYTES:
            content = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        operation["requestBody"] = {"content": content}
