"""What happens to a job, as one stream that ends in exactly one of Done, Failed or Cancelled."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from engine.errors import Problem
from engine.held import Held
from engine.request.parts import FileFormat


class Event(BaseModel):
    """job: the job's id."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    job: str


class Queued(Event):
    """position: how many jobs will be started before this one."""

    kind: Literal["queued"] = "queued"
    position: int


class Started(Event):
    """doing: what happens before the first step ("loading" a model or "drawing")."""

    kind: Literal["started"] = "started"
    doing: Literal["loading", "drawing"] = "drawing"


class Stepped(Event):
    """index: which picture of the job; preview: a small JPEG of what is there so far, or None."""

    kind: Literal["stepped"] = "stepped"
    index: int
    step: int
    of: int
    preview: bytes | None = None


class Made(Event):
    """A finished picture as the bytes of a file, its infotext inside. trace: how it was made (engine/denoise/trace.py);
    outside: bytes that differ from the source's outside a mask and its feather, None where there was no mask; made_with: what else may
    change its last bits (engine/denoise/made_with.py); held: why the safety checker held it back, and then the file shows its veil
    (engine/picture/veil.py)."""

    kind: Literal["made"] = "made"
    index: int
    file: bytes
    format: FileFormat = "PNG"
    infotext: str
    seconds: float
    trace: bytes | None = None
    outside: int | None = None
    made_with: dict[str, Any] | None = None
    held: Held | None = None


class Done(Event):
    kind: Literal["done"] = "done"


class Failed(Event):
    kind: Literal["failed"] = "failed"
    problem: Problem


class Cancelled(Event):
    kind: Literal["cancelled"] = "cancelled"


FINAL = (Done, Failed, Cancelled)
