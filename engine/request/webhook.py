"""Where somebody wants to be told that a job has ended."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import BadRequest

LONGEST = 2000


class Webhook(BaseModel):
    """Declared with a job (docs/api.md)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[
        str, Field(max_length=LONGEST, title="URL", description="http or https; called once the job has ended.")
    ]
    prompt: Annotated[bool, Field(title="With prompt", description="Whether the prompt is told, too.")] = False


def read_webhook(value: Any) -> Webhook | None:
    """From a URL or an object with `url` and `prompt`. Raises BadRequest."""
    if value is None or value == "":
        return None
    try:
        return Webhook.model_validate(value if isinstance(value, Mapping) else {"url": value})
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_url=False)[0]["loc"])
        raise BadRequest(
            "webhook.form",
            "This is not a webhook.",
            f"Send a URL of at most {LONGEST} characters, or an object with url and prompt.",
            field=f"webhook.{where}"[:60],
        ) from None
