"""A job on the easel: its model, its pictures in the making, and what is still to come."""

import time
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from engine.denoise import start
from engine.denoise.conditioning import Conditioning
from engine.denoise.loop import Denoising
from engine.denoise.noise import Noise
from engine.denoise.samplers import make
from engine.denoise.trace import Trace
from engine.job import Job
from engine.library.load import LoadedModel
from engine.prompt.encode import encode
from engine.request.generation import GenerationRequest


@dataclass
class Picture:
    """One picture of a job. turn: when it was last stepped, so that all get their turn."""

    index: int
    request: GenerationRequest
    denoising: Denoising
    begun: float
    turn: int = 0
    shown: float = 0.0
    tried: bool = False  # a step that ran out of memory was tried once more
    preview: Future[bytes] | None = None
    trace: Trace | None = None  # its steps, when they are kept

    @property
    def rows(self) -> int:
        return self.denoising.conditioning.rows


@dataclass
class Work:
    """lease: holds the model while the job is drawn; stored: PNGs being written."""

    job: Job
    skip: frozenset[int]
    lease: ExitStack = field(default_factory=ExitStack)
    model: LoadedModel | None = None
    pictures: list[Picture] = field(default_factory=list)
    stored: list[tuple[Picture, str, Future[bytes]]] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, int, int]:
        """Pictures of one key can share a call: same model, same size."""
        return self.job.request.model.checkpoint_hash, *self.job.request.size

    @property
    def begun(self) -> bool:
        return self.model is not None

    @property
    def complete(self) -> bool:
        return self.begun and not self.pictures and not self.stored


def compose(work: Work, model: LoadedModel, pictures: Path) -> list[Picture]:
    """The job's pictures at their first step, but those that are stored already."""
    request = work.job.request
    told = conditioning(model, request)
    return [
        picture(model, request.picture(index), index, told, pictures)
        for index in range(request.output.count)
        if index not in work.skip
    ]


def conditioning(model: LoadedModel, request: GenerationRequest) -> Conditioning:
    """Negative prompt and prompt; without guidance the negative one is not looked at, nor paid for."""
    words, skip = request.words, request.model.clip_skip
    positive = encode(model, words.prompt, skip)
    if request.sampling.guidance <= 1:
        return Conditioning((positive,))
    return Conditioning((encode(model, words.negative_prompt, skip), positive))


def picture(
    model: LoadedModel,
    request: GenerationRequest,
    index: int,
    told: Conditioning,
    pictures: Path,
) -> Picture:
    sampling = request.sampling
    solver = make(sampling, request.tuning, model.scheduler_config, model.family.key)
    noise = Noise(sampling.seed, request.noise)
    latents, first = start.begin(model, solver, request, noise, pictures)
    denoising = Denoising(model, solver, latents, told, sampling.guidance, noise, index=first, alone=sampling.exact)
    denoising.watched = request.output.trace
    trace = Trace(len(solver.times) - first) if denoising.watched else None
    return Picture(index, request, denoising, time.monotonic(), trace=trace)
