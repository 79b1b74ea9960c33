"""What a run tells, one line of JSON each: written by one process, read by anyone who keeps a byte offset."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from engine.errors import Problem
from engine.held import Held

Doing = Literal["loading", "scanning", "caching", "training", "measuring", "drawing", "saving", "exporting"]
Ending = Literal["finished", "stopped", "failed"]


class RunEvent(BaseModel):
    """time: seconds since 1970."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    time: float = 0.0


class Began(RunEvent):
    """total: steps of the whole run; step: those that are done already, when it goes on."""

    kind: Literal["began"] = "began"
    step: int
    total: int
    pictures: int
    epoch: int  # steps of one


class Phase(RunEvent):
    kind: Literal["doing"] = "doing"
    doing: Doing
    done: int = 0
    of: int = 0


class StepMade(RunEvent):
    kind: Literal["step"] = "step"
    step: int
    epoch: float
    loss: float | None  # JSON has no word for what is not finite
    smooth: float | None
    rates: dict[str, float]
    length: float | None
    seconds: float
    pictures: int
    left_out: bool = False


class Measured(RunEvent):
    """held_out, train: mean losses; change: of the held-out ones since step 0, with its standard error."""

    kind: Literal["measured"] = "measured"
    step: int
    held_out: float | None
    train: float | None
    change: float | None = None
    error: float | None = None
    best: int | None = None
    advice: str = ""


class Sampled(RunEvent):
    """conditions: what each of them follows, where a ControlNet is trained; held: why the safety checker held one back, in
    the files' order, where it looks at them."""

    kind: Literal["sampled"] = "sampled"
    step: int
    files: tuple[str, ...]
    conditions: tuple[str, ...] = ()
    held: tuple[Held | None, ...] = ()


class Saved(RunEvent):
    kind: Literal["saved"] = "saved"
    step: int
    seconds: float


class Exported(RunEvent):
    """files: paths below the run's folder."""

    kind: Literal["exported"] = "exported"
    step: int
    files: tuple[str, ...]


class Warned(RunEvent):
    kind: Literal["warned"] = "warned"
    problem: Problem


class Paused(RunEvent):
    """why: "asked" or "drawing", when people generate meanwhile."""

    kind: Literal["paused"] = "paused"
    why: Literal["asked", "drawing"]


class Resumed(RunEvent):
    kind: Literal["resumed"] = "resumed"


class Heard(RunEvent):
    """seq: of the command that was carried out."""

    kind: Literal["heard"] = "heard"
    seq: int
    command: str


class Ended(RunEvent):
    kind: Literal["ended"] = "ended"
    how: Ending
    step: int
    problem: Problem | None = None


AnyEvent = Annotated[
    Began | Phase | StepMade | Measured | Sampled | Saved | Exported | Warned | Paused | Resumed | Heard | Ended,
    Field(discriminator="kind"),
]
READER: TypeAdapter[Any] = TypeAdapter(AnyEvent)
