"""A job: whose it is, what was asked, and how far it has come. The queue's database holds the truth."""

import secrets
import time
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from engine.errors import Problem
from engine.request.generation import GenerationRequest
from engine.request.restoring import Denoise, Faces, RestoreRequest, Step, by_network
from engine.request.samplers import evaluations
from engine.request.webhook import Webhook

UNIT = 0.4  # of a UNet's work: a ControlNet is its encoder and middle once more
NETWORK, FACES, CLEANING, OTHER = 6.0, 1.0, 0.5, 0.1  # of a UNet's step per pixel: upscaling networks, faces as if they
# filled a good part of the picture, and the picture steps


class JobState(StrEnum):
    QUEUED = "queued"
    PAUSED = "paused"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class Job(BaseModel):
    """request: resolved, nothing in it is left to chance. Times are seconds since 1970.

    live: a look at what somebody is drawing; its pictures are shown and not kept, and its owner has one at a time.
    awaited: its pictures are handed to somebody who waits for them, and not kept.
    checked: the safety checker looks at what it makes, whatever the rules are when it is drawn."""

    model_config = ConfigDict(frozen=True)

    id: str
    owner: str
    request: GenerationRequest | RestoreRequest
    state: JobState = JobState.QUEUED
    attempts: int = 0
    live: bool = False
    awaited: bool = False
    checked: bool = False
    webhook: Webhook | None = None
    created: float
    started: float | None = None
    finished: float | None = None
    problem: Problem | None = None

    @property
    def passing(self) -> bool:
        """Nothing of it goes into the gallery."""
        return self.live or self.awaited

    @property
    def cost(self) -> float:
        """Work in million pixel-steps, control, loops, a second pass and a detailer included: what fairness counts."""
        request = self.request
        if isinstance(request, RestoreRequest):
            return sum(w * h for w, h in request.sizes) * sum(map(weight, request.steps)) / 1e6
        units = sum(
            unit.weight > 0 and not unit.encoder_hash for unit in request.control
        )  # IP-Adapters cost nearly nothing
        (width, height), sampling = request.size, request.sampling
        work = width * height * evaluations(sampling.sampler, sampling.steps) * request.loops
        if request.hires.on:
            width, height = request.hires.size(request.size)
            work += width * height * evaluations(sampling.sampler, request.hires.steps(sampling.steps))
        work *= 1 + UNIT * units
        if request.detailer.on:
            work = regions(request) + (0 if request.detailer.detailer_only else work)
        return work * request.output.count / 1e6

    @property
    def drawn(self) -> GenerationRequest:
        """What is to be drawn. Raises TypeError where nothing is."""
        if isinstance(self.request, RestoreRequest):
            raise TypeError("nothing is drawn for this job")
        return self.request

    @property
    def checkpoint(self) -> str:
        """The hash of the model that draws it; "" where nothing is drawn."""
        return "" if isinstance(self.request, RestoreRequest) else self.request.model.checkpoint_hash

    @property
    def count(self) -> int:
        """How many pictures it makes."""
        return len(self.request.pictures) if isinstance(self.request, RestoreRequest) else self.request.output.count

    @property
    def steps(self) -> int:
        """Of each picture, before it is known better."""
        return len(self.request.steps) if isinstance(self.request, RestoreRequest) else self.request.sampling.steps

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) that it begins with; of several pictures, the first."""
        return self.request.sizes[0] if isinstance(self.request, RestoreRequest) else self.request.size


def regions(request: GenerationRequest) -> float:
    """Of a picture's detailer, as if it found as many regions as it may redraw; each is drawn at the picture's size."""
    (width, height), asked, sampling = request.size, request.detailer, request.sampling
    each = width * height * evaluations(sampling.sampler, sampling.steps) * asked.detailer_strength
    return asked.detailer_most * each


def weight(step: Step) -> float:
    if by_network(step):
        return FACES if isinstance(step, Faces) else NETWORK
    return CLEANING if isinstance(step, Denoise) else OTHER


def new_id() -> str:
    """An unguessable id that sorts by time: 48 bits of milliseconds, 80 random bits, in hexadecimal."""
    return f"{int(time.time() * 1000):012x}{secrets.token_hex(10)}"
