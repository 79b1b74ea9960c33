"""What the answers about jobs look like, for the description that machines read; the tests hold the answers to it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.errors import Problem
from engine.held import Held


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Accepted(Shape):
    """It is on the disk."""

    id: str


class Picture(Shape):
    index: int
    step: int
    of: int
    preview: str | None = Field(description="A data URL while it is drawn; of a live job also afterwards.")
    image: str | None = Field(description="The id of the finished picture.")
    held: Held | None = Field(description="Why the safety checker held it back; what is shown then is blurred.")


class TheJob(Shape):
    """Times in seconds since 1970."""

    id: str
    kind: Literal["draw", "restore"]
    state: Literal["queued", "paused", "running", "done", "failed", "cancelled"]
    live: bool
    position: int | None = Field(description="While it waits: how many jobs start before it.")
    starts_in: int | None = Field(description="While it waits: in how many seconds it starts, where that is known.")
    doing: str | None = Field(description="While it runs: loading or drawing.")
    count: int
    pictures: list[Picture]
    seconds_left: float | None
    prompt: str
    width: int
    height: int
    checkpoint: str
    problem: Problem | None
    created: float
    started: float | None
    finished: float | None


class Hook(Shape):
    """How far the webhook of a job is. waits: it is still to be told."""

    waits: bool
    tries: int
    problem: Problem | None


class OneJob(TheJob):
    webhook: Hook | None


class Page(Shape):
    jobs: list[TheJob]
    next: str | None = Field(description="The cursor of the page after; null at the end.")


class Now(Shape):
    """jobs: in work, waiting in the order in which they start, paused, and what ended last."""

    jobs: list[TheJob]
    waiting: int = Field(description="Everybody's waiting jobs.")
    device: str
    ready: bool
    problem: Problem | None


class Secret(Shape):
    secret: str = Field(description="What webhooks are signed with: whsec_ and base64.")


class Refusal(Shape):
    """What every error looks like. detail: the message once more, where the guard has refused."""

    error: Problem
    detail: str | None = None
