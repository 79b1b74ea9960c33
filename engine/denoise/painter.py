"""One device's drawing: jobs join and leave between two steps, and their pictures share the network's calls; long, as the
whole way of a job through one loop stands here."""

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TypeVar, cast

import torch
from PIL import Image

from engine import infotext
from engine.denoise import device as devices
from engine.denoise import loop
from engine.denoise.control import wanted, wanted_encoders
from engine.denoise.decode import check, decode
from engine.denoise.encode import vae_factor
from engine.denoise.finish import finish
from engine.denoise.made_with import made_with
from engine.denoise.preview import Matrix, fit, jpeg
from engine.denoise.sources import Ending, Sources
from engine.denoise.wardrobe import Wardrobe
from engine.denoise.work import Eyes, Key, Picture, Work, compose
from engine.detect.files import detector_file
from engine.detect.maps import detected
from engine.detect.networks import LoadedDetector, load_detector
from engine.detect.regions import regions
from engine.errors import INTERNAL, AtelierError, OutOfMemory, Problem
from engine.events import Done, Event, Failed, Made, Started, Stepped
from engine.job import Job
from engine.library.annotators import files_of
from engine.library.load import LoadedModel, load
from engine.library.load_control import LoadedControl, load_control
from engine.library.load_encoder import LoadedEncoder, load_encoder
from engine.library.load_upscaler import LoadedUpscaler, load_upscaler
from engine.library.loaded import Loaded
from engine.library.safety import checker_file
from engine.library.scan import Library, ModelFile
from engine.memory.relief import device_lost, out_of_memory
from engine.memory.residency import Residency, give_back
from engine.picture.mask import Box
from engine.picture.preprocessors.edges import Pixels
from engine.picture.veil import Judge
from engine.provenance.mark import mark_of
from engine.provenance.sign import Signer
from engine.request.generation import GenerationRequest
from engine.request.restoring import Faces, RestoreRequest, Step, Upscale
from engine.request.starts import FromPicture
from engine.request.upscalers import EVERYWHERE
from engine.resolve import find
from engine.restore.faces import Restorer
from engine.restore.files import restorer_file, upscaler_file
from engine.restore.run import Means, Network, Restoration

log = logging.getLogger(__name__)
PREVIEWS = 12  # at most, over a picture's steps
Lent = LoadedModel | LoadedControl | LoadedEncoder | LoadedUpscaler | LoadedDetector | Loaded
M = TypeVar("M", bound=Lent)
BETWEEN = 0.1  # seconds between two previews of a picture


class Painter:
    """Not thread-safe: one thread adds, steps and removes. pictures: the folder of starting pictures; signer: of every
    file, None for none."""

    def __init__(
        self,
        library: Library,
        device: str,
        dtype: str,
        max_rows: int,
        model_memory: float,
        pictures: Path,
        signer: Signer | None = None,
    ):
        self.library = library
        self.device, self.dtype = devices.pick(device, dtype)
        self.cores = torch.get_num_threads()
        self.max_rows = max_rows
        self.folder, self.signer = pictures, signer
        self.residency: Residency[Lent] = Residency(devices.budget(self.device, model_memory))
        self.wardrobe = Wardrobe(library)
        self.works: dict[str, Work] = {}
        self.restorations: dict[str, Restoration] = {}
        self.turn = 0
        self.fitting: dict[Key, int] = {}  # rows that fitted into memory, where all did not
        self.matrices: dict[str, Matrix] = {}
        self.pool = ThreadPoolExecutor(2, "encode")

    @property
    def idle(self) -> bool:
        return not self.works and not self.restorations

    @property
    def jobs(self) -> tuple[str, ...]:
        return *self.works, *self.restorations

    @property
    def loaded(self) -> tuple[str, ...]:
        return self.residency.keys

    @property
    def name(self) -> str:
        return devices.name(self.device)

    @property
    def kind(self) -> str:
        return self.device.type

    def add(self, job: Job, skip: frozenset[int] = frozenset()) -> None:
        """skip: pictures of the job that are stored already. Raises CannotSign before anything is drawn in vain."""
        if self.signer:
            self.signer.check()
        if isinstance(job.request, RestoreRequest):
            means = Means(self.folder, self.borrow_network, self.borrow_judge, self.signer)
            self.restorations[job.id] = Restoration.of(job, skip, means)
        else:
            self.works[job.id] = Work(job, skip)

    def remove(self, job_id: str) -> None:
        """Leave the job out from the next step on; nothing more is heard of it."""
        if work := self.works.pop(job_id, None):
            self.put_down(work)
        if restoration := self.restorations.pop(job_id, None):
            restoration.lease.close()

    def hasten(self, job_id: str) -> None:
        """End the job's pictures with their next step, made of the guess there; what is restored goes on."""
        if work := self.works.get(job_id):
            work.hurried = True

    def close(self) -> None:
        for job_id in self.jobs:
            self.remove(job_id)
        self.residency.drop_unused()
        self.pool.shutdown()
        devices.use_threads(self.cores)

    def step(self) -> Iterator[Event]:
        """One call of the network shared by all that fit in it, and what came of it; then a slice of each restoration.
        To stop, stop asking."""
        for work in [w for w in self.works.values() if not w.begun]:
            yield from self.guarded(work, self.begin(work))
        group = self.choose()
        if group:
            yield from self.advance(group)
        yield from self.harvest(wait=not group)
        for restoration in list(self.restorations.values()):
            yield from self.guarded(restoration, self.restore(restoration))

    # -- beginning

    def begin(self, work: Work) -> Iterator[Event]:
        request = work.request
        if not self.residency.has(request.model.checkpoint_hash):
            yield Started(job=work.job.id, doing="loading")
        file = self.file(work)
        digest = request.model.checkpoint_hash
        size = file.size * self.dtype.itemsize // 2  # most files hold two bytes a weight
        lease = self.residency.lease(digest, size, partial(self.load, partial(load, file), digest))
        work.model = cast(LoadedModel, work.lease.enter_context(lease))
        for digest, found in wanted(request, self.library).items():
            size = found.size * self.dtype.itemsize // 2
            read = partial(self.load, partial(load_control, found), digest)
            borrowed = work.lease.enter_context(self.residency.lease(f"control {digest}", size, read))
            work.controls[digest] = cast(LoadedControl, borrowed)
        if request.hires.on and request.hires.hires_upscaler not in EVERYWHERE:
            name, digest = request.hires.hires_upscaler, request.spent.hires_upscaler_hash
            work.upscaler = self.borrow_upscaler(Upscale(upscaler=name, upscaler_hash=digest), work.lease)
        if work.job.checked:
            work.judge = self.borrow_judge(work.lease)
        self.use_threads(work, request.size)
        sources = Sources(self.folder)
        with ExitStack() as looking:  # an image encoder looks once, and is given back before anything is drawn
            eyes = Eyes(self.detect, self.find, self.borrow_encoders(request, looking))
            work.pictures = compose(work, work.model, sources, self.wardrobe, eyes)
        yield Started(job=work.job.id, doing="drawing")
        if isinstance(request.start, FromPicture) and request.detailer.on and request.detailer.detailer_only:
            for picture in list(work.pictures):
                picture.before, picture.ending = -len(picture.denoising.solver.times), None
                self.conclude(work, picture, sources.open(request.start.picture, "picture"))

    def borrow_encoders(self, request: GenerationRequest, lease: ExitStack) -> dict[str, LoadedEncoder]:
        borrowed: dict[str, LoadedEncoder] = {}
        for digest, found in wanted_encoders(request, self.library).items():
            size = found.size * self.dtype.itemsize // 2
            read = partial(self.load, partial(load_encoder, found), digest)
            lent = lease.enter_context(self.residency.lease(f"encoder {digest}", size, read))
            borrowed[digest] = cast(LoadedEncoder, lent)
        return borrowed

    def borrow_judge(self, lease: ExitStack) -> Judge:
        """The safety checker. Raises BadRequest when it is no longer here: nothing is drawn unchecked."""
        from engine.safety.checker import LoadedChecker, load_checker  # most studios never do

        path = checker_file(self.library.models)
        read = partial(self.load, lambda device, *_: load_checker(path, device), "")
        return cast(LoadedChecker, lease.enter_context(self.residency.lease("safety", path.stat().st_size, read))).judge

    def file(self, work: Work) -> ModelFile:
        """The file of the job's model, looked for again when it was added after the last scan."""
        try:
            return find(work.request, self.library)
        except AtelierError:
            self.library.refresh()
            return find(work.request, self.library)

    def load(self, read: Callable[[torch.device, torch.dtype, str], M], digest: str) -> M:
        devices.use_threads(self.cores)
        try:
            return read(self.device, self.dtype, digest)
        except Exception as error:
            if not out_of_memory(error):
                raise
        self.make_room()
        return read(self.device, self.dtype, digest)

    def detect(self, name: str, picture: Pixels, a: float | None, b: float | None) -> Pixels:
        """What a preprocessor that is a network makes of it, on the device that draws."""
        found = files_of(name, self.library.annotators)
        key, size = " ".join(["annotator", *(file.name for file in found)]), sum(file.size for file in found)
        with self.residency.lease(key, size, partial(self.load, partial(load_detector, found), "")) as lent:
            return detected(cast(LoadedDetector, lent), name, picture, a, b)

    def find(self, request: GenerationRequest, picture: Image.Image) -> list[Box]:
        """The regions of a finished picture that the detailer redraws."""
        asked = request.detailer
        file = detector_file(asked.detailer_model, request.spent.detailer_hash, self.library)
        return regions(file.path, picture, asked.detailer_confidence, asked.detailer_most)

    # -- restoring

    def restore(self, restoration: Restoration) -> Iterator[Event]:
        event = next(restoration.events)
        if isinstance(event, Done):
            self.remove(event.job)
        yield event

    def borrow_network(self, step: Step, lease: ExitStack) -> Network:
        if isinstance(step, Upscale):
            return self.borrow_upscaler(step, lease)
        assert isinstance(step, Faces)
        found = restorer_file(step.restorer, step.restorer_hash, self.library)
        eyes = detector_file(step.detector, step.detector_hash, self.library)
        read = partial(self.load, partial(load_upscaler, found), step.restorer_hash)
        borrowed = lease.enter_context(self.residency.lease(f"restorer {step.restorer_hash}", found.size, read))
        return Restorer(cast(LoadedUpscaler, borrowed), partial(regions, eyes.path))

    def borrow_upscaler(self, asked: Upscale, lease: ExitStack) -> LoadedUpscaler:
        found = upscaler_file(asked.upscaler, asked.upscaler_hash, self.library)
        read = partial(self.load, partial(load_upscaler, found), asked.upscaler_hash)
        borrowed = lease.enter_context(self.residency.lease(f"upscaler {asked.upscaler_hash}", found.size, read))
        return cast(LoadedUpscaler, borrowed)

    # -- stepping

    def choose(self) -> list[tuple[Work, Picture]]:
        """Who steps now: those of one key, the longest waiting first, as many as rows allow.

        What control takes is paid with the controlled picture's own turns, so that who has none is not slowed by it.
        """
        waiting = [(w, p) for w in self.works.values() for p in w.pictures]
        waiting.sort(key=lambda pair: pair[1].turn)
        same = [pair for pair in waiting if pair[1].key == waiting[0][1].key]
        least = min((picture.owed for _, picture in same), default=0.0)
        group: list[tuple[Work, Picture]] = []
        rows = 0
        for work, picture in same:
            if picture.owed - least >= 1:
                picture.owed -= 1
            elif not group or rows + picture.rows <= self.fitting.get(picture.key, self.max_rows):
                group.append((work, picture))
                rows += picture.rows
        return group

    def advance(self, group: list[tuple[Work, Picture]]) -> Iterator[Event]:
        now = time.monotonic()
        charges = [p.charge for _, p in group]
        previews = frozenset(i for i, (w, p) in enumerate(group) if w.hurried or self.wants_preview(p, now))
        self.use_threads(group[0][0], group[0][1].size)
        try:
            first = group[0][1]
            with devices.attention(self.device), self.wardrobe.unet(first.denoising.model, first.worn):
                outcome = loop.step([p.denoising for _, p in group], self.max_rows, previews)
        except Exception as error:
            if device_lost(error):
                raise
            error.__traceback__ = None if out_of_memory(error) else error.__traceback__  # it holds tensors
            caught = error
        else:
            self.turn += 1
            for (_, picture), charge in zip(group, charges, strict=True):
                picture.owed += charge - min(charges)
            together = sum(picture.rows for _, picture in group)
            for i, (work, picture) in enumerate(group):
                picture.company.add(together)
                if work.job.id in self.works:
                    yield from self.guarded(work, self.after(work, picture, now, outcome.failures.get(i)))
            return
        yield from self.recover(group, caught)

    def recover(self, group: list[tuple[Work, Picture]], error: Exception) -> Iterator[Event]:
        """The network failed and nothing has advanced: make room, step fewer at once, and find out whose fault it is."""
        short = out_of_memory(error)
        if short:
            self.make_room()
            for _, picture in group:
                picture.short = True
            if len(group) > 1:
                self.fitting[group[0][1].key] = max(1, sum(p.rows for _, p in group) // 2)
                return
        if len(group) > 1:
            for work, picture in group:
                if work.job.id in self.works:
                    yield from self.advance([(work, picture)])
        elif short and not group[0][1].tried:
            group[0][1].tried = True
        else:
            yield self.fail(group[0][0], error)

    def use_threads(self, work: Work, size: tuple[int, int]) -> None:
        if model := work.model:
            (width, height), factor = size, vae_factor(model)
            weights, positions = model.nbytes // model.dtype.itemsize, width // factor * (height // factor)
            devices.use_threads(devices.threads(weights, positions, self.cores))

    def after(self, work: Work, picture: Picture, now: float, failure: Exception | None) -> Iterator[Event]:
        if failure:
            raise failure
        drawn = picture.denoising
        if not picture.turn:
            check(drawn.latents, drawn.model)
        picture.turn, picture.tried = self.turn, False
        if work.hurried and not drawn.finished and drawn.guess is not None:
            drawn.end_with(drawn.guess)
            picture.later.clear()
        elif drawn.guess is not None:
            latents = drawn.guess[0].cpu().numpy()
            picture.shown = now
            factor, veil = vae_factor(drawn.model), work.job.checked
            picture.preview = self.pool.submit(jpeg, latents, self.matrix(drawn.model), factor, veil)
            drawn.guess = None
        if picture.trace and drawn.seen:
            picture.trace.keep(drawn.seen, self.matrix(drawn.model), self.pool, work.job.checked)
            drawn.seen = None
        yield Stepped(
            job=work.job.id,
            index=picture.index,
            step=picture.step,
            of=picture.of,
            preview=collect(picture),
        )
        if drawn.finished and picture.later:
            picture.go_over()
        elif drawn.finished:
            self.conclude(work, picture, decode(drawn.model, drawn.latents, picture.request.tuning.arithmetic))

    def conclude(self, work: Work, picture: Picture, image: Image.Image) -> None:
        """After the last pass that was known: on to what the detailer finds, or to the file."""
        ending: Ending | None = picture.ending
        if detailing := picture.detailing:
            first = detailing.source is None
            following = detailing.take(ending.finished(image) if first and ending else image)
            if following:
                picture.later.append(following)
                return picture.go_over()
            if detailing.changing and detailing.changing.getbbox():
                image, ending = detailing.image or image, detailing
        text = infotext.write(picture.request)
        work.pictures.remove(picture)
        mark = mark_of(picture.request, self.signer, self.folder)
        file = self.pool.submit(finish, image, ending, text, picture.request.output, mark, work.judge)
        work.stored.append((picture, file))

    def wants_preview(self, picture: Picture, now: float) -> bool:
        steps = len(picture.denoising.solver.times)
        due = picture.denoising.index % max(1, -(-steps // PREVIEWS)) == 0
        return due and picture.preview is None and now - picture.shown >= BETWEEN

    def matrix(self, model: LoadedModel) -> Matrix:
        if model.hash not in self.matrices:
            self.matrices[model.hash] = fit(model)
        return self.matrices[model.hash]

    # -- finishing

    def harvest(self, wait: bool) -> Iterator[Event]:
        for work in list(self.works.values()):
            yield from self.guarded(work, self.finish(work, wait))

    def finish(self, work: Work, wait: bool) -> Iterator[Event]:
        for entry in list(work.stored):
            picture, future = entry
            if wait or future.done():
                work.stored.remove(entry)
                seconds, made = time.monotonic() - picture.begun, future.result()
                yield Made(
                    job=work.job.id,
                    index=picture.index,
                    file=made.file,
                    format=picture.request.output.format,
                    infotext=made.infotext,
                    seconds=seconds,
                    trace=picture.trace.file() if picture.trace else None,
                    outside=made.outside,
                    made_with=made_with(self.name, self.dtype, picture.company, picture.short, self.cores),
                    held=made.held,
                )
        if work.complete and work.job.id in self.works:
            self.remove(work.job.id)
            yield Done(job=work.job.id)

    def put_down(self, work: Work) -> None:
        work.pictures.clear()
        work.model = None
        work.lease.close()

    # -- trouble

    def guarded(self, work: Work | Restoration, events: Iterator[Event]) -> Iterator[Event]:
        """Turn an error into the one Failed of the job it belongs to."""
        try:
            yield from events
        except Exception as error:
            if device_lost(error):
                raise
            yield self.fail(work, error)

    def fail(self, work: Work | Restoration, error: Exception) -> Failed:
        problem = explain(error, work)
        if problem is INTERNAL:
            log.error("job %s failed", work.job.id, exc_info=error)
        error.__traceback__ = None  # it holds tensors
        self.remove(work.job.id)
        if out_of_memory(error):
            self.make_room()
        return Failed(job=work.job.id, problem=problem)

    def make_room(self) -> None:
        self.wardrobe.clear()
        self.residency.drop_unused()
        give_back()


def explain(error: Exception, work: Work | Restoration) -> Problem:
    if isinstance(error, AtelierError):
        return error.problem
    if out_of_memory(error):
        width, height = work.job.size
        return OutOfMemory(
            "memory.short",
            f"The device has too little memory for {width} x {height}.",
            f"Try {max(64, width // 16 * 8)} x {max(64, height // 16 * 8)}, or fewer pictures at once.",
            field="width",
            width=width,
            height=height,
        ).problem
    return INTERNAL


def collect(picture: Picture) -> bytes | None:
    """The preview that was being made, if it is ready."""
    future: Future[bytes] | None = picture.preview
    if future is None or not future.done():
        return None
    picture.preview = None
    if error := future.exception():
        log.warning("a preview could not be made", exc_info=error)
        return None
    return future.result()
