"""A job on the easel: its model, its pictures in the making, and what is still to come."""

import time
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial

from PIL import Image

from engine import additions
from engine.denoise import start
from engine.denoise.again import turns
from engine.denoise.conditioning import Conditioning, Speaker
from engine.denoise.control import units_of
from engine.denoise.detail import Detailing, Find
from engine.denoise.finish import Finished
from engine.denoise.hires import second
from engine.denoise.later import Later
from engine.denoise.loop import Denoising, rows_of
from engine.denoise.noise import Noise
from engine.denoise.samplers import make
from engine.denoise.sources import Ending, Sources
from engine.denoise.trace import Trace
from engine.denoise.wardrobe import Set, Wardrobe, sets_of
from engine.job import Job
from engine.library.load import LoadedModel
from engine.library.load_control import LoadedControl
from engine.library.load_encoder import LoadedEncoder
from engine.library.load_upscaler import LoadedUpscaler
from engine.picture.mask import Box
from engine.picture.preprocessors.maps import Detect, nobody
from engine.picture.veil import Judge
from engine.prompt.schedule import Timeline
from engine.request.generation import GenerationRequest

# What rows cost that join another's call, of a call of their own: a third with small networks, all with large ones.
JOINING = 0.5


def nowhere(request: GenerationRequest, picture: Image.Image) -> list[Box]:
    return []


@dataclass(frozen=True)
class Eyes:
    """What sees pictures on the device. detect: for preprocessors that are networks; find: for the detailer; encoders: of
    image prompts, by their hash."""

    detect: Detect = nobody
    find: Find = nowhere
    encoders: Mapping[str, LoadedEncoder] = field(default_factory=dict)


Key = tuple[str, int, int, Set]


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
    worn: Set = ()  # what LoRAs its UNet wears
    ending: Ending | None = None
    owed: float = 0.0  # steps that it has to sit out for what its control took
    detailing: Detailing | None = None
    later: list[Later] = field(default_factory=list)  # that are still to come
    before: int = 0  # evaluations of passes that are over
    size: tuple[int, int] = (0, 0)  # (width, height) that is drawn now
    company: set[int] = field(default_factory=set)  # how many rows its steps were made with
    short: bool = False  # memory ran out in one of its steps

    @property
    def key(self) -> Key:
        """Pictures of one key can share a call: same model, same size, same LoRAs."""
        return self.request.model.checkpoint_hash, *self.size, self.worn

    @property
    def step(self) -> int:
        return self.before + self.denoising.index

    @property
    def of(self) -> int:
        return self.before + len(self.denoising.solver.times) + sum(one.evaluations for one in self.later)

    def watch(self) -> None:
        if self.denoising.watched:
            self.trace = Trace(self.of - self.denoising.index)

    def go_over(self) -> None:
        """From a finished pass to the next."""
        following = self.later.pop(0)
        self.before += len(self.denoising.solver.times) - following.first
        self.denoising, self.size = following.begin(self.denoising), following.size
        if self.trace:
            self.trace.anew()

    @property
    def rows(self) -> int:
        return self.denoising.conditioning.rows

    @property
    def charge(self) -> float:
        """What the control of its next step takes, in what its rows add to a call that others make anyway."""
        drawn = self.denoising
        rows = [sum(unit.share for unit in row.units) for row in rows_of(0, drawn)] if drawn.control else [0.0]
        return sum(rows) / len(rows) / JOINING


@dataclass
class Work:
    """lease: holds the model while the job is drawn; stored: files being written."""

    job: Job
    skip: frozenset[int]
    lease: ExitStack = field(default_factory=ExitStack)
    model: LoadedModel | None = None
    controls: dict[str, LoadedControl] = field(default_factory=dict)
    upscaler: LoadedUpscaler | None = None  # for second passes
    hurried: bool = False  # its pictures end with their next step
    pictures: list[Picture] = field(default_factory=list)
    stored: list[tuple[Picture, Future[Finished]]] = field(default_factory=list)
    judge: Judge | None = None  # who looks at its finished pictures

    @property
    def request(self) -> GenerationRequest:
        return self.job.drawn

    @property
    def begun(self) -> bool:
        return self.model is not None

    @property
    def complete(self) -> bool:
        return self.begun and not self.pictures and not self.stored


def compose(work: Work, model: LoadedModel, sources: Sources, wardrobe: Wardrobe, eyes: Eyes = Eyes()) -> list[Picture]:
    """The job's pictures at their first step, but those that are stored already."""
    request, speaker = work.request, Speaker(model, wardrobe)
    looking = {"detect": eyes.detect, "encoders": eyes.encoders}
    see = partial(units_of, request, work.controls, model, sources.folder, **looking)
    units, larger, made = see(), (), []
    if request.hires.on:
        larger = see(request.hires.size(request.size))
    for index in range(request.output.count):
        if index not in work.skip:
            own = additions.own(request.picture(index))
            sets = sets_of(own)
            with wardrobe.unet(model, sets.unet):  # one that does not fit is named before anything is drawn
                made.append(picture(model, own, index, speaker.conditioning(own, sets.text), sources))
            made[-1].worn = sets.unet
            made[-1].denoising.control = units
            if request.detailer.on:
                told = speaker.conditioning(words_of_regions(own), sets.text)
                made[-1].detailing = Detailing(model, own, told, eyes.find)
            only = request.detailer.on and request.detailer.detailer_only
            if request.hires.on:
                steps = request.sampling.steps
                told = speaker.conditioning(own, sets.text, Timeline(request.hires.steps(steps), before=steps))
                made[-1].later = [second(model, own, told, larger, work.upscaler)]
            elif request.loops > 1 and not only:
                made[-1].later = [*turns(model, own, made[-1].denoising, made[-1].ending, units)]
            if made[-1].later:
                made[-1].watch()
    return made


def words_of_regions(own: GenerationRequest) -> GenerationRequest:
    asked, words = own.detailer, own.words
    said = {
        "prompt": asked.detailer_prompt or words.prompt,
        "negative_prompt": asked.detailer_negative_prompt or words.negative_prompt,
    }
    return own.with_(words=said)


def conditioning(model: LoadedModel, request: GenerationRequest) -> Conditioning:
    """Of one picture that nobody shares texts with."""
    return Speaker(model).conditioning(request)


def picture(
    model: LoadedModel,
    request: GenerationRequest,
    index: int,
    told: Conditioning,
    sources: Sources,
) -> Picture:
    sampling = request.sampling
    solver = make(sampling, request.tuning, model.scheduler_config, model.family.key)
    noise = Noise(sampling.seed, request.noise)
    begun = start.begin(model, solver, request, noise, sources)
    told = replace(told, step_of=solver.step_of, first=begun.index)
    denoising = Denoising(model, solver, begun.latents, told, sampling.guidance, noise, index=begun.index)
    denoising.alone, denoising.keep, denoising.beside = sampling.exact, begun.keep, begun.beside
    denoising.watched = request.output.trace
    made = Picture(index, request, denoising, time.monotonic(), ending=begun.ending, size=request.size)
    made.watch()
    return made
