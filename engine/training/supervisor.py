"""The runs of a studio: asked for, queued, started one after the other, told what to do, and found again after any crash.

Each run is a folder and a process of its own (run_folder.py, worker.py); nothing about it is remembered here that could
not be read there again. It imports no torch.
"""

import contextlib
import logging
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.errors import INTERNAL, AtelierError, BadRequest, Busy, InUse, NotFound
from engine.job import new_id
from engine.lease import Lease
from engine.library.safety import checker_file
from engine.library.scan import Library
from engine.request.training import TrainingRequest, flat, read
from engine.rules import RulesOf, free_for_all
from engine.training.data.findings import Finding
from engine.training.data.scan import placed as placed_in
from engine.training.datasets import Datasets
from engine.training.estimate import Estimate, Work, estimate, remedies, steps_of
from engine.training.events import Ended
from engine.training.figures import Figures
from engine.training.overview import Overview
from engine.training.placing import Placed, place, placed
from engine.training.processes import kill, launch, make_product
from engine.training.run_folder import Command, RunFolder
from engine.training.scans import Scans
from engine.training.sizes import sizes

TICK = 0.2  # seconds between two looks at who draws and whose turn it is
REST = 3.0  # seconds after the last drawing before a training goes on
KNOWING = 20.0  # seconds that an estimate waits for the first worker
PATIENCE = 20.0  # seconds that a run gets to stop at once by itself
MOST_WAITING = 20  # runs of one owner
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ground:
    """Where runs live. folders: those of the installation that pictures may come from, besides the datasets;
    device: as in the settings; private: everybody has datasets of their own."""

    data: Path
    folders: tuple[Path, ...] = ()
    device: str = "auto"
    private: bool = False

    @property
    def runs(self) -> Path:
        return self.data / "runs"

    @property
    def lease(self) -> Path:
        return self.data / "drawing.lock"

    def datasets(self, owner: str) -> Path:
        return self.data / "datasets" / owner if self.private else self.data / "datasets"

    def roots(self, owner: str) -> tuple[Path, ...]:
        return (self.datasets(owner), *self.folders)


@dataclass(frozen=True)
class Child:
    """since: of the place in the queue that it was started for."""

    process: subprocess.Popen[bytes]
    since: float | None


class Supervisor:
    """Owns a thread from `start` to `stop`; the runs outlive it. Whose a run is, is asked by `owner`; None is everybody's.

    drawing: whether people's pictures are being drawn; None lets trainings go on beside that. kind: what "auto" is here,
    "cpu" or "cuda", once torch has said it to somebody. rules: what an owner's samples may show.
    """

    def __init__(
        self,
        ground: Ground,
        library: Library,
        drawing: Callable[[], bool] | None,
        kind: Callable[[], str | None],
        rules: RulesOf = free_for_all,
    ):
        self.ground, self.library, self.drawing, self.kind, self.rules = ground, library, drawing, kind, rules
        self.lease, self.scans = Lease(ground.lease), Scans(library)
        self.changing, self.placing = threading.RLock(), threading.Lock()
        self.figures = Figures(ground.data / "training-figures.json")
        self.overviews: dict[str, Overview] = {}
        self.children: dict[str, Child] = {}
        self.ending: dict[str, float] = {}  # runs that were told to stop at once, and when that was
        self.drawn = float("-inf")
        self.bell, self.stopping = threading.Event(), False
        self.thread = threading.Thread(target=self.serve, name="training", daemon=True)

    def start(self) -> None:
        self.ground.runs.mkdir(parents=True, exist_ok=True)
        self.thread.start()

    def stop(self) -> None:
        """The runs go on."""
        self.stopping = True
        self.bell.set()
        if self.thread.is_alive():
            self.thread.join()
        self.lease.give()

    # -- asking

    def create(self, values: Mapping[str, Any], owner: str, *, dry: bool = False) -> str:
        """The id of a run that is durable and will be started. Raises BadRequest that names the parameter."""
        request = self.resolved(values, owner)
        self.rules(owner).blocked.check_texts(request.samples.prompts, request.samples.steps, "prompts")
        if sum((one.noted("about") or {}).get("owner") == owner for one in self.queue()) >= MOST_WAITING:
            raise Busy(
                "training.many", "Too many of your runs wait.", "Let some end, or take them out.", retry_after=60
            )
        folder, house = RunFolder(self.ground.runs / new_id()), self.house(owner)
        part = RunFolder(folder.path.with_name(f".{folder.id}.part"))
        part.create(request)
        part.note("about", {"owner": owner, "created": time.time(), "dry": dry})
        part.note("house", house)
        part.queue()
        part.path.rename(folder.path)
        self.bell.set()
        return folder.id

    def dry_run(self, values: Mapping[str, Any], owner: str) -> str:
        """Two real steps in a folder of its own; what they take makes the next estimate a measured one."""
        short = {"length": 2, "unit": "steps", "save": 0, "sample": 0, "measure": 0, "prompts": [], "patience": 0}
        return self.create({**values, **short, "hold_out": 0.0, "warmup": 0}, owner, dry=True)

    def estimate(self, values: Mapping[str, Any], owner: str) -> dict[str, Any]:
        """What a run would take, and what to change should it not fit, JSON-ready."""
        request = self.resolved(values, owner)
        totals = self.scans.report(request, self.ground.roots(owner)).totals
        model, device = self.library.find(request.base.checkpoint_hash), self.device()
        self.figures.take_in(self.ground.runs)

        def of(asked: TrainingRequest) -> Estimate:
            work = Work(steps_of(asked, totals.steps), totals.train + totals.prior, totals.validation)
            return estimate(asked, sizes(model, asked), work, self.figures, self.ground.runs, device)

        found = of(request)
        return {
            **asdict(found),
            "fits": found.fits,
            "trained": sizes(model, request).trained,
            "steps": steps_of(request, totals.steps),
            "pictures": totals.train + totals.prior,
            "batches_per_epoch": totals.steps,
            "remedies": remedies(request, of, device),
        }

    def device(self) -> str:
        """What a run will train on. Raises Busy as long as nobody knows."""
        if self.ground.device != "auto":
            return self.ground.device
        end = time.monotonic() + KNOWING
        while not (found := self.kind()):
            if time.monotonic() > end or self.stopping:
                raise Busy(
                    "training.device",
                    "It is not known yet what this machine computes on.",
                    "Ask again in a moment.",
                    retry_after=5,
                )
            time.sleep(0.1)
        return found

    def resolved(self, values: Mapping[str, Any], owner: str) -> TrainingRequest:
        """With the model's own name and hash. Raises BadRequest for what cannot be trained."""
        request = read(values)
        if not request.data.concepts:
            raise BadRequest(
                "training.no_folder", "There are no pictures to learn from.", "Choose a folder.", field="concepts"
            )
        for concept in request.data.concepts:
            if isinstance(found := placed_in(concept, self.ground.roots(owner)), Finding):
                raise BadRequest(found.code, found.message, found.remedy, field="concepts", **found.values)
        model = self.library.find(request.base.checkpoint_hash or request.base.checkpoint)
        if model.instructs:
            raise BadRequest(
                "training.instruct",
                f"{model.name} is an instruct checkpoint, which learns from pairs of pictures; that is not trained here.",
                "Choose the ordinary checkpoint of the same family.",
                field="checkpoint",
                name=model.name,
            )
        if model.inpaints:
            raise BadRequest(
                "training.inpainting",
                f"{model.name} is an inpainting checkpoint, which learns from masks; that is not trained here.",
                "Choose the ordinary checkpoint of the same family.",
                field="checkpoint",
                name=model.name,
            )
        return request.with_(base={"checkpoint": model.name, "checkpoint_hash": self.library.hash_of(model)})

    def house(self, owner: str) -> dict[str, Any]:
        return {
            "models": str(self.library.models),
            "cache": str(self.library.cache),
            "roots": [str(root) for root in self.ground.roots(owner)],
            "device": self.ground.device,
            "lease": str(self.ground.lease) if self.drawing else None,
            "checked": self.checked(owner),
        }

    def checked(self, owner: str) -> bool:
        """Whether the safety checker looks at the samples. Raises BadRequest where it should and is not there."""
        checked = self.rules(owner).checked
        if checked:
            checker_file(self.library.models)
        return checked

    def datasets(self, owner: str) -> Datasets:
        ground = self.ground
        records = ground.data / "edits" / owner if ground.private else ground.data / "edits"
        roots = ground.roots(owner)  # a shared studio's further folders are the installation's: visitors only read them
        return Datasets(ground.datasets(owner), records, roots, roots[:1] if ground.private else roots)

    # -- looking

    def folder(self, run: str, owner: str | None) -> RunFolder:
        """Raises NotFound for one that is not there or is somebody else's."""
        folder = RunFolder(self.ground.runs / run)
        about = folder.noted("about") if run.isalnum() else None
        if not isinstance(about, dict) or owner not in (None, about.get("owner")):
            raise NotFound("training.run", "There is no such run.", "Look for it in the list of runs.")
        return folder

    def rows(self, owner: str | None) -> dict[str, Any]:
        """Newest first. free: a run that is asked for now starts at once."""
        ids = sorted((path.name for path in self.ground.runs.glob("[0-9a-f]*") if path.is_dir()), reverse=True)
        found, queue = [], self.queue()
        for run in ids:
            with contextlib.suppress(NotFound):
                found.append(self.row(self.folder(run, owner), queue))
        busy = queue or any(RunFolder(self.ground.runs / run).alive() for run in ids)
        return {"runs": found, "free": not busy}

    def row(self, folder: RunFolder, queue: list[RunFolder]) -> dict[str, Any]:
        with self.changing:
            row = self.overview(folder).row()
        child = self.children.get(folder.id)
        if child and folder.queued == child.since:  # its process is on the way
            return {**row, "doing": "loading"}
        row["queued"] = next((at for at, one in enumerate(queue, 1) if one.id == folder.id), 0)
        return row

    def shown(self, run: str, owner: str | None) -> dict[str, Any]:
        folder = self.folder(run, owner)
        row = self.row(folder, self.queue())
        words = folder.last_words() if row["status"] in ("failed", "crashed") else ""
        with self.changing:
            events = list(self.overview(folder).last)
        return {**row, "values": flat(folder.request()), "events": events, "last_words": words}

    def overview(self, folder: RunFolder) -> Overview:
        return self.overviews.setdefault(folder.id, Overview(folder))

    # -- telling

    def command(self, run: str, owner: str | None, command: Command) -> int:
        """Its number, which the run repeats when it has been carried out. Raises InUse when the run does not run."""
        folder = self.folder(run, owner)
        with self.changing:
            if folder.queued is not None and not folder.alive() and command in ("stop", "stop_now"):
                folder.leave_queue()
                folder.tell(Ended(how="stopped", step=self.overview(folder).step))
                return 0
            if not folder.alive():
                raise InUse("training.not_running", "This run is not going on.", "Start it first.")
            if command == "stop_now":
                self.ending[run] = time.monotonic()
            return folder.command(command)

    def start_again(self, run: str, owner: str | None) -> None:
        """Queue a run that stopped, failed or crashed: it goes on from its last state."""
        folder = self.folder(run, owner)
        with self.changing:
            status = self.overview(folder).row()["status"]
            if status in ("running", "paused"):
                raise InUse("training.in_use", "This run is going on already.", "Look at it, or stop it first.")
            if status == "finished":
                raise InUse("training.finished", "This run has reached its end.", "Ask for a new one with more steps.")
            about = folder.noted("about")
            folder.note("house", self.house(about["owner"]))
            folder.forget_commands()
            if folder.queued is None:
                folder.queue()
        self.bell.set()

    def use(self, run: str, owner: str | None, step: int | str) -> Placed:
        """Put the product into the models folder, where the other tabs find it at once. step: "final" or of a state."""
        folder, models = self.folder(run, owner), self.library.models
        with self.placing:
            found = placed(folder, str(step), models)
            if not found and step == "final":
                found = place(folder, folder.products, "final", models)
            elif not found:
                if not (folder.states / f"{int(step):06}").is_dir():
                    raise NotFound("training.state", "There is no saved state of this step.", "Choose another one.")
                made = folder.path / "made"
                make_product(folder, int(step), made)
                found = place(folder, made, str(step), models)
                shutil.rmtree(made, ignore_errors=True)
        self.library.refresh()
        return found

    def delete(self, run: str, owner: str | None) -> None:
        """With all that belongs to it; what was put to use has a copy among the models."""
        folder = self.folder(run, owner)
        with self.changing:
            if folder.alive():
                raise InUse("training.in_use", "This run is going on.", "Stop it first.")
            folder.leave_queue()
            self.overviews.pop(run, None)
            gone = folder.path.with_name(f".{run}.gone")
            folder.path.rename(gone)
            shutil.rmtree(gone, ignore_errors=True)

    # -- the thread

    def serve(self) -> None:
        while not self.stopping:
            try:
                self.look_who_draws()
                self.bury()
                self.start_next()
            except Exception:
                log.exception("the supervisor of trainings stumbled")
            self.bell.wait(TICK)
            self.bell.clear()

    def look_who_draws(self) -> None:
        if self.drawing and self.drawing():
            self.drawn = time.monotonic()
            self.lease.take()
        elif self.lease.mine and time.monotonic() - self.drawn > REST:
            self.lease.give()

    def bury(self) -> None:
        """Take note of ended processes, and end those that should have ended by themselves."""
        for run, child in list(self.children.items()):
            if child.process.poll() is None:
                continue
            del self.children[run]
            folder = RunFolder(self.ground.runs / run)
            if folder.queued == child.since and not folder.alive():  # it died before it could leave the queue
                folder.leave_queue()
                folder.tell(Ended(how="failed", step=0, problem=INTERNAL))
            if (folder.noted("about") or {}).get("dry"):  # its figures are all that it was for
                shutil.rmtree(folder.states, ignore_errors=True)
                shutil.rmtree(folder.products, ignore_errors=True)
        for run, since in list(self.ending.items()):
            folder = RunFolder(self.ground.runs / run)
            if not folder.alive():
                del self.ending[run]
            elif time.monotonic() - since > PATIENCE:
                kill(folder)

    def queue(self) -> list[RunFolder]:
        """Those that wait for their turn, the first first."""
        found = []
        for path in self.ground.runs.glob("[0-9a-f]*/queued.json"):
            folder = RunFolder(path.parent)
            since = folder.queued
            if since is not None and not folder.alive():
                found.append((since, folder.id, folder))
        return [folder for _, _, folder in sorted(found, key=lambda one: one[:2])]

    def start_next(self) -> None:
        with self.changing:
            waiting = [] if self.children else self.queue()
            if not waiting or any(RunFolder(path).alive() for path in self.ground.runs.glob("[0-9a-f]*")):
                return
            folder = waiting[0]
            try:
                self.children[folder.id] = Child(launch(folder), folder.queued)
            except OSError as error:
                log.exception("a training could not be started")
                folder.leave_queue()
                problem = error.problem if isinstance(error, AtelierError) else INTERNAL
                folder.tell(Ended(how="failed", step=0, problem=problem))
