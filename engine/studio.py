"""The studio: what the page, the API and the commands talk to; long, as it is the one door to all of the engine."""

import asyncio
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from engine import additions, recipe
from engine import reproduction as again
from engine.belongings import Belongings, Erased
from engine.copies import Copies
from engine.errors import AtelierError, BadRequest, DiskFull, NotFound, Problem
from engine.folder_lock import FolderLock
from engine.forms import Forms
from engine.gallery.files import shrunk
from engine.gallery.lineage import given
from engine.gallery.names import DEFAULT
from engine.gallery.sources import source
from engine.gallery.store import Gallery
from engine.grid.grids import Doors, Grids
from engine.history import History
from engine.job import Job, JobState, new_id
from engine.library.addition import Kind
from engine.library.annotators import files_of, problem_of
from engine.library.safety import checker_file
from engine.library.scan import Library
from engine.library.shelf import Shelf
from engine.line import Line
from engine.logs import Format
from engine.metadata import read as metadata
from engine.metadata.absent import Found, settle
from engine.picture.flaws import flaws_of
from engine.picture.hints import HELD_BACK, hints
from engine.picture.inputs import Passing, input_bytes, missing, open_input, require_input
from engine.picture.judge import judged
from engine.picture.open import open_safe
from engine.picture.preprocessors.maps import bearable, preview
from engine.picture.small import small
from engine.picture.steps.settle import settled
from engine.policy import WHOLE, Policy
from engine.presets import Presets
from engine.progress import Expected, Progress
from engine.prompt.counter import Counter
from engine.prompt.lexicon import Lexicon
from engine.prompt.spend import tidy
from engine.prompt.styles import Style
from engine.prompt.understand import understand
from engine.prompt.words import Words
from engine.provenance import mark
from engine.provenance.clean import clean
from engine.provenance.sign import Signer
from engine.provenance.verify import verify
from engine.pulse import Pulse
from engine.queue.batching import Limits
from engine.queue.dispatcher import Dispatcher
from engine.queue.store import MOST, Store
from engine.queue.terms import TermsOf, same_for_all
from engine.reproduction import Reproductions
from engine.request.generation import GenerationRequest
from engine.request.preprocessors import DETECTORS, PREPROCESSOR_FACTS
from engine.request.read import read
from engine.request.restoring import RestoreRequest
from engine.request.restoring_read import read_restoring
from engine.request.units import checked
from engine.request.upscalers import EVERYWHERE, LATENT_UPSCALERS
from engine.request.webhook import Webhook
from engine.resolve import draw_seed, find, resolve
from engine.rules import RulesOf, free_for_all
from engine.training.supervisor import Ground, Supervisor
from engine.webhooks.address import Allowed, target
from engine.webhooks.deliveries import Deliveries
from engine.webhooks.sign import Sealer
from engine.workers import lookout, worker
from engine.workers.borrowed import Draw, borrower
from engine.workers.inprocess import Thread
from engine.workers.keeper import Vessel
from engine.workers.local import Process
from engine.workers.messages import Look, PainterSettings, Place

GIB = 2**30
PERIOD = 0.1  # seconds between two snapshots to a follower, at least


@dataclass(frozen=True)
class Training:
    """folders: that pictures may come from, besides the datasets; yields: runs rest while pictures are drawn;
    private: everybody has datasets of their own."""

    folders: tuple[Path, ...] = ()
    yields: bool = True
    private: bool = False


class Studio:
    """Owns the data folder from its making to `stop`. Raises InUse when another one does; it imports no torch.

    disk_reserve: GiB to leave free; names: how pictures' files are called; sign: every file; terms: what a person may ask
    of the queue (engine/queue/terms.py); rules: and have drawn (engine/rules.py); webhook_hosts: that may be called though they are not public; make_painter:
    another painter than the real one, made in the worker; lend: draws each job on a GPU of others, whatever `workers` says
    (engine/workers/borrowed.py).
    """

    def __init__(
        self,
        data: Path,
        library: Library,
        painter: PainterSettings,
        *,
        workers: Literal["processes", "inprocess"] = "processes",
        disk_reserve: float = 1.0,
        names: str = DEFAULT,
        sign: bool = False,
        training: Training = Training(),
        terms: TermsOf = same_for_all,
        rules: RulesOf = free_for_all,
        webhook_hosts: Sequence[str] = (),
        make_painter: worker.MakePainter | None = None,
        lend: Draw | None = None,
        logs: Format = "text",
        policy: Policy = WHOLE,
    ):
        self.data, self.library, self.disk_reserve = data, library, disk_reserve
        self.rules, self.policy = rules, policy
        self.lock = FolderLock(data)
        self.lock.hold()
        try:
            self.store = Store(data / "atelier.db")
            self.pulse = Pulse(data / "atelier.db")
            self.gallery, self.forms, self.options = Gallery(data, names), Forms(data), Forms(data, "options")
            self.presets, self.history = Presets(data), History(data)
        except BaseException:
            self.lock.release()
            raise
        self.copies = Copies(data)
        self.progress = Progress()
        self.inputs = data / "inputs"
        self.given = Passing(self.inputs)
        self.lexicon, self.counter = Lexicon.of(data), Counter()
        self.signer = Signer(data / "keys")
        place = Place(library.models, library.cache, self.inputs, self.signer.folder if sign else None)
        make = make_painter or partial(worker.painter, painter, place)
        apart: Callable[..., Vessel] = partial(Process, logs=logs)
        vessel = apart if workers == "processes" else Thread
        self.dispatcher = Dispatcher(
            self.store,
            self.gallery,
            self.progress,
            [partial(Thread, partial(borrower, lend, painter, place)) if lend else partial(vessel, make)],
            limits=Limits(rows=painter.max_rows),
            check_disk=self.check_disk,
        )
        self.lookout = lookout.Lookout(vessel, partial(lookout.eye, place))
        self.line = Line(self.store, self.dispatcher, self.progress, terms, policy.queue or MOST)
        self.allowed, self.sealer = Allowed(webhook_hosts), Sealer(data / "webhook.key")
        self.deliveries = Deliveries(self.store, self.sealer, self.allowed, self.gallery.made)
        doors = Doors(resolve=self.resolved, allow=self.allow, put=self.put, cancel=self.cancel)
        self.grids = Grids(data, self.store, self.gallery, self.progress, doors)
        self.belongings = Belongings(data, self.gallery)
        self.reproductions = Reproductions(
            self.gallery, self.library, self.inputs, again.Doors(submit=self.submit, job=self.job)
        )
        ground = Ground(data, training.folders, painter.device, training.private)
        self.training = Supervisor(
            ground, library, self.draws if training.yields else None, lambda: self.dispatcher.kind, rules
        )

    def start(self) -> None:
        """Clear away what a crash left behind, and begin to draw what is queued."""
        self.gallery.start()
        self.library.start()
        self.dispatcher.start()
        self.grids.start()
        self.deliveries.start()
        self.training.start()
        self.copies.start()

    def stop(self, grace: float = 5) -> None:
        """Leave in good order: unfinished jobs wait for the next start. grace: seconds for the step at hand."""
        self.copies.stop()
        self.training.stop()
        self.deliveries.stop()
        self.grids.stop()
        self.dispatcher.stop(grace)
        self.lookout.stop()
        self.progress.close()
        self.library.stop()
        self.gallery.close()
        self.forms.close()
        self.options.close()
        self.presets.close()
        self.history.close()
        self.pulse.close()
        self.store.close()
        self.lock.release()

    def submit(self, values: Mapping[str, Any], owner: str, live: bool = False, webhook: Webhook | None = None) -> Job:
        """values: parameters by name. Returns once the job is durable; raises AtelierError otherwise.

        live: not kept, and in the place of the owner's live job before, which is cancelled; webhook: told when it ends."""
        if webhook and self.policy.demo:
            raise BadRequest("demo.closed", "This demo does not offer that.", "Leave it out.", field="webhook")
        if webhook:
            self.allowed.early(target(webhook.url))
        asked, now = self.resolved(values), time.time()
        job = Job(id=new_id(), owner=owner, request=asked, live=live, webhook=webhook, created=now)
        self.put(job)
        if live:
            for other in self.store.active(owner):
                if other.live and other.id != job.id:
                    self.cancel(other.id, owner)
            return job
        words = read(values).words  # as typed: resolving spends wildcards
        with suppress(sqlite3.OperationalError):  # the job is accepted, whatever the disk says of its words
            self.history.put(owner, tidy(words.prompt), tidy(words.negative_prompt))
        return job

    def restore(self, values: Mapping[str, Any], owner: str) -> Job:
        """values: pictures, steps and the files' format (engine/request/restoring_read.py). As `submit`."""
        job = Job(id=new_id(), owner=owner, request=self.restoring(values), created=time.time())
        self.put(job)
        return job

    @contextmanager
    def waited_for(
        self, requests: Sequence[GenerationRequest | RestoreRequest], owner: str, keep: bool = False
    ) -> Iterator[list[Expected]]:
        """Jobs of settled requests, queued, whose pictures are handed to who waits; those that have not ended by the end
        of the block are cancelled. keep: the gallery keeps the pictures too. Raises AtelierError, and then none is queued."""
        jobs = [
            Job(id=new_id(), owner=owner, request=asked, awaited=not keep, created=time.time()) for asked in requests
        ]
        with ExitStack() as stack:
            waiting = [stack.enter_context(self.progress.expecting(job)) for job in jobs]
            for job in jobs:
                self.put(job)
                stack.callback(self.give_up, job)
            yield waiting

    def give_up(self, job: Job) -> None:
        """Cancel it, unless it has ended or is gone."""
        with suppress(NotFound):
            self.cancel(job.id, job.owner)

    def upscalers(self) -> list[dict[str, Any]]:
        """Those without a file first, then those of models/upscalers that are there now; JSON-ready."""
        plain = [{"name": name, "latent": name in LATENT_UPSCALERS, "problem": None} for name in EVERYWHERE]
        return plain + [{**one, "latent": False} for one in self.additions("upscaler")]

    def resolved(self, values: Mapping[str, Any]) -> GenerationRequest:
        """What parameters by name ask for, nothing left to chance. Raises AtelierError when it cannot be drawn."""
        asked = read(values)
        model = find(asked, self.library)
        start = judged(asked, self.inputs, (model.width, model.height))
        request = resolve(start, self.library, lexicon=self.lexicon)
        for at, unit in enumerate(request.control):
            require_input(self.inputs, unit.picture, f"control.{at}.picture")
            files_of(unit.preprocessor, self.library.annotators, f"control.{at}.preprocessor")
        return request

    def restoring(self, values: Mapping[str, Any]) -> RestoreRequest:
        """As `resolved`, of what is to be restored."""
        return settled(read_restoring(values), self.inputs, self.library, draw_seed)

    def allow(self, request: GenerationRequest | RestoreRequest, owner: str) -> None:
        """Raises BadRequest for a resolved request that this owner may not have drawn."""
        if isinstance(request, GenerationRequest):
            self.rules(owner).blocked.check(request)

    def put(self, job: Job) -> None:
        """Queue a job; one that is there already stays as it is. Returns once it is durable.

        The one door: what is not allowed is refused here, whoever asks for it, and what is to be looked at when it is drawn
        is marked so for good. Raises BadRequest where the safety checker's weights are gone: nothing is drawn unchecked."""
        self.allow(job.request, job.owner)
        if self.rules(job.owner).checked:
            checker_file(self.library.models)
            job = job.model_copy(update={"checked": True})
        if self.policy.demo:
            active = [one for one in self.store.active(job.owner) if not one.live and one.id != job.id]
            self.policy.check(job, self.library.hash_of(self.library.find("")), len(active))
        self.check_disk()
        try:
            self.line.put(job)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise
            raise disk_full(self.data, self.disk_reserve) from error

    def keep_picture(self, data: bytes, live: bool = False) -> str:
        """Keep a picture to start from; returns its SHA-256, which requests name. Raises BadRequest for no picture.

        live: for a live job; it goes when a few more have come, unless it is given again to keep."""
        self.check_disk()
        return self.given.put(data) if live else self.given.keep(data)

    @contextmanager
    def lend_picture(self, data: bytes) -> Iterator[str]:
        """As keep_picture, for the time of the block."""
        self.check_disk()
        with self.given.lend(data) as digest:
            yield digest

    def preprocess(self, values: Mapping[str, Any], data: bytes) -> bytes:
        """What a control unit makes of a picture, as PNG. values: the unit's by name, and width and height where the map is
        wanted as it is drawn with; data: the picture's bytes, unless `picture` names one that was given before."""
        unit = {"model": "none", **{name: value for name, value in values.items() if name not in ("width", "height")}}
        canvas = read({name: values[name] for name in ("width", "height") if name in values}).canvas
        size = (canvas.width, canvas.height) if canvas.width and canvas.height else None
        asked = checked(unit)
        if not data and not asked.picture:
            raise BadRequest("control.picture", "There is no picture to preprocess.", "Send one.", field="picture")
        picture = open_safe(data) if data else open_input(self.inputs, asked.picture, "control.picture")
        if asked.preprocessor not in DETECTORS:
            return preview(asked, picture, size)
        files_of(asked.preprocessor, self.library.annotators)
        return self.lookout.ask(Look(asked, bearable(picture), size))

    def preprocessors(self) -> list[dict[str, Any]]:
        """JSON-ready; problem: why one cannot be used now, most often that the file of its weights is not here."""
        self.library.annotators.refresh()
        found = {name: problem_of(name, self.library.annotators) for name in PREPROCESSOR_FACTS}
        return [
            {"name": name, **asdict(facts), "problem": problem.model_dump() if (problem := found[name]) else None}
            for name, facts in PREPROCESSOR_FACTS.items()
        ]

    def settings_in(self, text: str) -> dict[str, Any]:
        """Values by name that a picture's text says, as far as they can be drawn here."""
        return settle(metadata.read_text(text), self.library).values

    def read_settings(self, data: bytes) -> Found:
        """The settings in a picture's file. Raises BadRequest for one that has none."""
        return settle(metadata.read(data), self.library)

    def recipe_file(self, image_id: str, owner: str | None, pictures: bool = False) -> bytes:
        """JSON. pictures: with those that it begins from, if they are the owner's: who shares a picture does not share them.
        Raises NotFound, or BadRequest for a picture without a recipe."""
        image = self.gallery.get(image_id, owner)
        pictures = pictures and owner in (None, image.owner)
        values = self.reproductions.reading(image, owner).values
        needs = recipe.needed(values, self.library, self.inputs)
        inside = {
            n.hash: input_bytes(self.inputs, n.hash) for n in needs if pictures and not n.name and n.here == "yes"
        }
        return recipe.written(values, needs, image.made_with, inside)

    def recipe_link(self, image_id: str, owner: str | None) -> str:
        return recipe.link(self.reproductions.reading(self.gallery.get(image_id, owner), owner).values)

    def read_recipe(self, data: bytes) -> recipe.Recipe:
        """From a file or a link's code. Raises BadRequest for what is none."""
        return recipe.understood(recipe.opened(data, self.keep_picture), self.library, self.inputs)

    def erase(self, owner: str) -> Erased:
        """Everything of one person, for good. Raises InUse, and erases nothing, while a training of theirs goes on."""
        for run in self.training.rows(owner)["runs"]:
            self.training.delete(run["id"], owner)
        for grid in self.grids.known(owner):
            self.grids.delete(grid["id"], owner)
        for job in self.store.active(owner):
            self.cancel(job.id, owner)
        return self.belongings.erase(owner)

    def understand(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """How the prompts of these values would be read by the model that is asked for, JSON-ready."""
        request = read(values)
        try:
            model = self.library.find(request.model.checkpoint)
        except AtelierError:
            model = None  # said when it is asked to draw
        embeddings = self.library.embeddings
        width, name = (model.words, model.name) if model else (0, "")
        counting = replace(self.counter.of(model), words=Words({w: a.vectors for w, a in embeddings.words().items()}))
        check = partial(additions.check, loras=self.library.loras, embeddings=embeddings, width=width, model=name)
        return understand(request, self.lexicon, counting, check)

    def checkpoints(self) -> list[dict[str, Any]]:
        """The models that are here now, JSON-ready, without their paths."""
        self.library.refresh()
        facts = ("name", "title", "about", "family", "size", "width", "height", "licence", "licence_link")
        return [
            {fact: getattr(model, fact) for fact in facts}
            | {"problem": model.problem.model_dump() if model.problem else None}
            for model in self.library.checkpoints()
        ]

    def additions(self, kind: Kind) -> list[dict[str, Any]]:
        """The LoRAs, embeddings, ControlNets or upscalers that are here now, JSON-ready, without their paths."""
        shelf = self.shelf(kind)
        shelf.refresh()
        return [addition.told() for addition in shelf.all()]

    def addition_picture(self, kind: Kind, name: str) -> bytes:
        """WebP, small. Raises NotFound when there is none that can be shown."""
        found = next((addition for addition in self.shelf(kind).all() if addition.name == name), None)
        if found is None or found.picture is None:
            raise NotFound("picture.none", "There is no picture of it.", "Put one of the same name beside the file.")
        return small(found.picture)

    def shelf(self, kind: Kind) -> Shelf:
        library = self.library
        shelves: dict[Kind, Shelf] = {
            "lora": library.loras,
            "embedding": library.embeddings,
            "control": library.controls,
            "encoder": library.encoders,
            "upscaler": library.upscalers,
            "restorer": library.restorers,
            "annotator": library.annotators,
            "detector": library.detectors,
        }
        return shelves[kind]

    def hints(self, image_id: str, owner: str | None) -> list[Problem]:
        """Why a picture of the gallery may look wrong, the likeliest first. Raises NotFound."""
        image, data = self.gallery.get(image_id, owner), self.gallery.file(image_id, owner).read_bytes()
        if image.held:
            return [HELD_BACK]
        known, size = (image.request if image.infotext else None), None
        with suppress(AtelierError):
            model = find(known, self.library) if known else None
            size = (model.width, model.height) if model else None
        return hints(known, flaws_of(open_safe(data)), size)

    def given_picture(self, image_id: str, digest: str, owner: str | None) -> bytes:
        """WebP, as small as a thumbnail: what a picture of the gallery was made of. Raises NotFound."""
        image = self.gallery.get(image_id, owner)
        if digest not in given(image) or owner not in (None, image.owner):
            raise missing("picture")
        return shrunk(open_input(self.inputs, digest))

    def given_file(self, image_id: str, digest: str, owner: str | None) -> bytes:
        """As engine/gallery/sources.py answers it."""
        return source(self.gallery, self.inputs, self.gallery.get(image_id, owner), digest, owner)

    def verify(self, data: bytes) -> dict[str, Any]:
        """Where a picture is from, as far as its file tells (engine/provenance/verify.py). Raises BadRequest."""
        return verify(data, self.signer.folder)

    def clean_copy(self, image_id: str, owner: str | None) -> bytes:
        """The file of a picture of the gallery without what it tells. Raises NotFound, and BadRequest for a broken one."""
        return clean(self.gallery.file(image_id, owner).read_bytes())

    def signed_copy(self, image_id: str, owner: str | None) -> bytes:
        """The file of a picture of the gallery with the studio's signature. Raises NotFound, CannotSign, and BadRequest
        for one that was not made here."""
        image, file = self.gallery.get(image_id, owner), self.gallery.file(image_id, owner).read_bytes()
        if image.imported:
            raise BadRequest(
                "signing.imported",
                "This picture was not made here, and the studio signs only what it has made.",
                "Download it as it is.",
            )
        before = self.inputs / image.source if image.source else mark.before(image.request, self.inputs)
        return mark.late(file, image.request, before, self.signer)

    def styles(self) -> list[dict[str, str]]:
        return [asdict(style) for style in self.lexicon.styles.all()]

    def put_style(self, texts: Mapping[str, str]) -> None:
        """name, prompt, negative_prompt; instead_of: the name it had before."""
        style = Style(texts.get("name", ""), texts.get("prompt", ""), texts.get("negative_prompt", ""))
        self.lexicon.styles.put(style, texts.get("instead_of") or None)

    def cancel(self, job_id: str, owner: str) -> Job:
        """The job as it is now: cancelled, or as it had ended before. Raises NotFound if it is not the owner's."""
        self.line.cancel(job_id, owner)
        return self.store.job(job_id, owner)

    def hasten(self, job: Job) -> None:
        """End it with what is there after the step at hand; what has not begun is cancelled."""
        if self.progress.look(job).begun:
            self.dispatcher.hasten(job.id)
        else:
            self.give_up(job)

    def job(self, job_id: str, owner: str) -> Job:
        return self.store.job(job_id, owner)

    def snapshot(self, owner: str) -> dict[str, Any]:
        """The owner's active jobs and the last finished one, JSON-ready. position: jobs that start before; 0 is next."""
        order = self.line.order()
        active = self.store.active(owner)
        last = self.store.last_finished(owner)
        if last and last.passing and last.state is not JobState.FAILED and not self.progress.holds(last):
            last = self.store.last_finished(owner, live=False)
        jobs = [*active, last] if last else active
        return {"jobs": self.told(jobs, order), **self.state(len(order))}

    def told(self, jobs: Sequence[Job], order: Mapping[str, int]) -> list[dict[str, Any]]:
        """JSON-ready. order: the positions of the waiting jobs."""
        coming = self.line.starts() if any(job.id in order for job in jobs) else {}
        show, gallery = self.progress.shown, self.gallery
        return [
            show(
                job,
                order.get(job.id),
                gallery.made(job.id),
                coming.get(job.id),
                gallery.held(job.id) if job.checked else {},
            )
            for job in jobs
        ]

    async def follow(self, owner: str) -> AsyncIterator[dict[str, Any]]:
        """A snapshot now and after each change, until the owner has no active job (or the studio stops)."""
        last: dict[str, Any] | None = None
        with self.progress.listen(owner) as changed:
            while not self.progress.closed:
                changed.clear()
                try:
                    snapshot = await asyncio.to_thread(self.snapshot, owner)
                except sqlite3.ProgrammingError:  # the database was closed meanwhile: the studio stops
                    return
                if snapshot != last:
                    last = snapshot
                    yield snapshot
                if not any(job["state"] in ("queued", "running") for job in snapshot["jobs"]):
                    return
                await asyncio.sleep(PERIOD)
                await changed.wait()

    def one(self, job_id: str, owner: str) -> dict[str, Any]:
        """The job as it is, JSON-ready. Raises NotFound."""
        job = self.store.job(job_id, owner)
        (told,) = self.told([job], {} if job.state.final else self.line.order())
        hook = self.store.hook(job.id) if job.webhook else None
        return {
            **told,
            "webhook": asdict(hook) | {"problem": hook.problem and hook.problem.model_dump()} if hook else None,
        }

    async def follow_job(self, job_id: str, owner: str) -> AsyncIterator[dict[str, Any]]:
        """The job now and after each change, until it has ended (or the studio stops)."""
        with self.progress.listen(owner) as changed:
            while not self.progress.closed:
                changed.clear()
                try:
                    told = await asyncio.to_thread(self.one, job_id, owner)
                except (NotFound, sqlite3.ProgrammingError):  # a look that is gone; the studio stops
                    return
                yield told
                if told["finished"]:
                    return
                await asyncio.sleep(PERIOD)
                await changed.wait()

    def draws(self) -> bool:
        """Whether a worker has a job in its hands: trainings rest then."""
        return bool(self.dispatcher.held)

    def ready(self) -> dict[str, Any]:
        return self.state(len(self.store.waiting()))

    def state(self, waiting: int) -> dict[str, Any]:
        device, trouble = self.dispatcher.device, self.dispatcher.trouble
        return {
            "waiting": waiting,
            "device": device or "",
            "ready": bool(device) and not self.dispatcher.stopping,
            "problem": trouble.model_dump() if trouble else None,
        }

    def numbers(self) -> dict[str, float]:
        """For /metrics. oldest: seconds that the oldest waiting job has waited; disk_free: bytes."""
        oldest = self.store.oldest()
        return {
            "waiting": len(self.store.waiting()),
            "oldest": max(0.0, time.time() - oldest) if oldest is not None else 0.0,
            "running": len(self.store.running()),
            "ready": float(bool(self.ready()["ready"])),
            "disk_free": shutil.disk_usage(self.data).free,
        }

    def check_disk(self) -> None:
        if shutil.disk_usage(self.data).free < self.disk_reserve * GIB:
            raise disk_full(self.data, self.disk_reserve)


def disk_full(data: Path, reserve: float) -> DiskFull:
    free = round(shutil.disk_usage(data).free / GIB, 2)
    return DiskFull(
        "disk.full",
        f"Only {free:g} GiB of disk space are left; the studio keeps {reserve:g} GiB free.",
        "Delete pictures you do not need, or make room on the disk.",
        free=free,
        reserve=reserve,
    )
