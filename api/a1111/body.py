"""A request's JSON, read off the event loop and within bounds: unknown fields are passed over, as clients rely on."""

import json
from typing import Any, NoReturn

from anyio import to_thread
from fastapi import Request
from pydantic import BaseModel, ValidationError

from api.a1111.errors import Invalid
from engine.request.problems import shorten

MOST_VALUES = 200_000  # of lists and objects; pictures in base64 hold neither commas nor brackets


async def read(request: Request, model: type[BaseModel]) -> BaseModel:
    """Raises Invalid, as FastAPI would tell it."""
    return await to_thread.run_sync(understood, await request.body(), model)


async def read_object(request: Request) -> dict[str, Any]:
    return await to_thread.run_sync(parsed, await request.body())


def understood(content: bytes, model: type[BaseModel]) -> BaseModel:
    values = parsed(content)
    for name, field in model.model_fields.items():
        if values.get(name) == "" and field.annotation in (int | None, float | None):
            values[name] = None
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise Invalid(
            *(
                {"loc": ["body", *(shorten(part) for part in one["loc"])], "msg": one["msg"], "type": one["type"]}
                for one in error.errors(include_url=False, include_input=False, include_context=False)[:20]
            )
        ) from None


def parsed(content: bytes) -> dict[str, Any]:
    if sum(content.count(mark) for mark in (b",", b"[", b"{")) > MOST_VALUES:
        raise Invalid.at("", "The request holds too many values.", "json_invalid")
    try:
        values = json.loads(content, parse_constant=no_number)
    except (ValueError, RecursionError):
        raise Invalid.at("", "JSON decode error", "json_invalid") from None
    if not isinstance(values, dict):
        raise Invalid.at("", "Input should be a valid dictionary", "dict_type")
    return values


def no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def described(model: type[BaseModel]) -> dict[str, Any]:
    """For OpenAPI: the body is read here and not by FastAPI."""
    schema = model.model_json_schema()
    whole = inlined(schema, schema.pop("$defs", {}))
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": whole}}}}


def inlined(schema: Any, parts: dict[str, Any]) -> Any:
    """References lead into the document that a schema stands in, which is not known here."""
    if isinstance(schema, list):
        return [inlined(one, parts) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return inlined(parts[schema["$ref"].rsplit("/", 1)[-1]], parts)
    return {name: inlined(one, parts) for name, one in schema.items()}
