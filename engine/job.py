"""A job: whose it is, what was asked, and how far it has come. The queue's database holds the truth."""

import secrets
import time
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from engine.errors import Problem
from engine.request.generation import GenerationRequest
from engine.request.samplers import evaluations

UNIT = 0.4  # of a UNet's work: a ControlNet is its encoder and middle once more


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class Job(BaseModel):
    """request: resolved, nothing in it is left to chance. Times are seconds since 1970.

    live: a look at what somebody is drawing; its pictures are shown and not kept, and its owner has one at a time."""

    model_config = ConfigDict(frozen=True)

    id: str
    owner: str
    request: GenerationRequest
    state: JobState = JobState.QUEUED
    attempts: int = 0
    live: bool = False
    created: float
    started: float | None = None
    finished: float | None = None
    problem: Problem | None = None

    @property
    def cost(self) -> float:
        """Work in million pixel-steps, control included: what fairness counts."""
        units = sum(unit.weight > 0 for unit in self.request.control)
        (width, height), sampling = self.request.size, self.request.sampling
        calls = evaluations(sampling.sampler, sampling.steps)
        return width * height * calls * self.request.output.count * (1 + UNIT * units) / 1e6


def new_id() -> str:
    """An unguessable id that sorts by time: 48 bits of milliseconds, 80 random bits, in hexadecimal."""
    return f"{int(time.time() * 1000):012x}{secrets.token_hex(10)}"
