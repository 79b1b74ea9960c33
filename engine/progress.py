"""How far running jobs have come: kept in memory, shown in snapshots, told to whoever follows."""

import asyncio
import base64
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from engine.events import FINAL, Done, Event, Made, Queued, Started, Stepped
from engine.held import Held
from engine.job import Job, JobState
from engine.measures import Measures
from engine.request.restoring import RestoreRequest

NONE: Mapping[int, Held] = MappingProxyType({})
MOST_LOOKS = 64  # owners whose last live picture is remembered


@dataclass
class Expected:
    """A job that somebody waits for. made: its finished pictures by index; last: how it ended, None while it has not."""

    job: Job
    made: dict[int, Made] = field(default_factory=dict)
    last: Event | None = None

    @property
    def pictures(self) -> list[Made]:
        return [self.made[index] for index in sorted(self.made)]

    def note(self, event: Event) -> None:
        if isinstance(event, Made):
            self.made[event.index] = event
        elif isinstance(event, FINAL):
            self.last = event


@dataclass
class Stage:
    """One picture in the making. preview: a data URL; held: why it was held back, once it is finished."""

    step: int = 0
    of: int = 0
    preview: str | None = None
    held: Held | None = None


@dataclass
class Course:
    """One running job. Its pace is measured from its first step on, so that loading a model does not count.

    live: its finished pictures are its last previews; share: `Progress.share` when its work began, and how much was left
    to do then, of 1."""

    cost: float
    stages: dict[int, Stage]
    live: bool = False
    doing: str | None = None
    first: tuple[float, int] | None = None
    last: tuple[float, int] | None = None
    share: tuple[float, float] = (0.0, 1.0)
    loads: bool = False

    def note(self, event: Event, now: float) -> None:
        match event:
            case Started(doing=doing):
                self.doing = doing
                self.loads = self.loads or doing == "loading"
            case Stepped(index=index, step=step, of=of, preview=preview):
                self.doing = "drawing"
                stage = self.stages.setdefault(index, Stage())
                stage.step, stage.of = step, of
                if preview:
                    stage.preview = data_url(preview, "JPEG")
                self.mark(now)
            case Made(index=index, file=file, format=format, held=held):
                stage = self.stages.setdefault(index, Stage())
                stage.step, stage.preview = stage.of, data_url(file, format) if self.live else None
                stage.held = held

    def mark(self, now: float) -> None:
        self.last = (now, sum(stage.step for stage in self.stages.values()))
        self.first = self.first or self.last

    @property
    def left(self) -> float:
        """Of its work, by its steps: 1 before the first."""
        steps = sum(stage.of for stage in self.stages.values())
        return 1 - sum(stage.step for stage in self.stages.values()) / steps if steps else 1.0

    @property
    def seconds_left(self) -> float | None:
        """By the pace so far; None before two steps are done."""
        if not self.first or not self.last or self.last[1] <= self.first[1]:
            return None
        pace = (self.last[0] - self.first[0]) / (self.last[1] - self.first[1])
        left = sum(stage.of - stage.step for stage in self.stages.values())
        return round(pace * left, 1)


@dataclass(frozen=True)
class Look:
    """One job at one moment. stages: of its pictures."""

    begun: bool
    doing: str | None = None
    seconds_left: float | None = None
    stages: Sequence[Stage] = ()


def data_url(file: bytes, format: str) -> str:
    return f"data:image/{format.lower()};base64,{base64.b64encode(file).decode()}"


class Progress:
    """Safe for all threads. Followers are woken in their own event loop."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.courses: dict[str, Course] = {}
        self.looks: OrderedDict[str, tuple[str, Course]] = OrderedDict()  # each owner's last live job that is done
        self.expected: dict[str, Expected] = {}
        self.bells: dict[asyncio.Event, tuple[asyncio.AbstractEventLoop, str]] = {}
        self.seconds_per_cost: float | None = None  # of the device, whoever it draws for
        self.share, self.shared = 0.0, time.monotonic()  # seconds that each picture in work has had of the device
        self.measures = Measures()
        self.closed = False
        self.when_moved: Callable[[], object] = lambda: None  # a job has begun or ended: the queue has room

    def begun(self, job: Job, made: frozenset[int]) -> None:
        stages = {i: Stage(job.steps if i in made else 0, job.steps) for i in range(job.count)}
        with self.lock:
            self.divide()
            course = Course(job.cost, stages, job.live)
            course.share = self.share, course.left
            self.courses[job.id] = course
        self.ring()
        self.when_moved()

    def tell(self, event: Event, owner: str) -> None:
        """Everybody is woken by what moves positions, only the owner by the rest."""
        self.measures.note(event)
        with self.lock:
            if awaited := self.expected.get(event.job):
                awaited.note(event)
            course = self.courses.get(event.job)
            if course:
                fresh = course.first is None
                course.note(event, time.monotonic())
                if fresh and course.first and course.loads and course.left > 0:
                    self.divide()
                    course.share = self.share, course.left
            moves = isinstance(event, (*FINAL, Queued))
            if moves:
                self.divide()
                self.courses.pop(event.job, None)
            if course and isinstance(event, Done):
                self.learn(course)
                if course.live:
                    self.looks.pop(owner, None)
                    self.looks[owner] = event.job, course
                    while len(self.looks) > MOST_LOOKS:
                        self.looks.popitem(last=False)
        self.ring(None if moves else owner)
        if moves:
            self.when_moved()

    def divide(self) -> None:
        """Pictures that are drawn side by side share the time alike; called before one comes or goes. With the lock."""
        now, pictures = time.monotonic(), sum(len(course.stages) for course in self.courses.values())
        self.share += (now - self.shared) / pictures if pictures else 0
        self.shared = now

    def learn(self, course: Course) -> None:
        """The pace of a job that is done counts as much as a third of all before."""
        began, work = course.share
        seconds = (self.share - began) * len(course.stages) / max(course.cost * work, 1e-6)
        known = self.seconds_per_cost
        self.seconds_per_cost = seconds if known is None else 0.7 * known + 0.3 * seconds

    def left(self, job_id: str) -> float:
        """Of a running job's work, from 1 to 0."""
        with self.lock:
            course = self.courses.get(job_id)
            return course.left if course else 1.0

    def ring(self, owner: str | None = None) -> None:
        """Wake the followers of `owner`, or all."""
        with self.lock:
            bells = [(bell, loop) for bell, (loop, who) in self.bells.items() if owner in (None, who)]
        for bell, loop in bells:
            try:
                loop.call_soon_threadsafe(bell.set)
            except RuntimeError:  # that loop has ended, its follower with it
                with self.lock:
                    self.bells.pop(bell, None)

    def died(self) -> None:
        """A worker ended without having been asked to."""
        self.measures.died()

    def close(self) -> None:
        """End all followers."""
        self.closed = True
        self.ring()

    @contextmanager
    def listen(self, owner: str) -> Iterator[asyncio.Event]:
        """An event of the running loop, set at each change that `owner` may see."""
        bell = asyncio.Event()
        with self.lock:
            self.bells[bell] = asyncio.get_running_loop(), owner
        try:
            yield bell
        finally:
            with self.lock:
                self.bells.pop(bell, None)

    @contextmanager
    def expecting(self, job: Job) -> Iterator[Expected]:
        """What comes of the job, from before it is queued to the end of the block."""
        awaited = Expected(job)
        with self.lock:
            self.expected[job.id] = awaited
        try:
            yield awaited
        finally:
            with self.lock:
                self.expected.pop(job.id, None)

    def look(self, job: Job) -> Look:
        """How far a job is, whether it runs or waits."""
        with self.lock:
            course = self.courses.get(job.id)
            if course is None:
                return Look(begun=False)
            stages = [replace(stage) for stage in course.stages.values()]
            return Look(True, course.doing, course.seconds_left, stages)

    def holds(self, job: Job) -> bool:
        """Whether what a live job has made can still be shown."""
        with self.lock:
            return self.course(job) is not None

    def course(self, job: Job) -> Course | None:
        """While it runs; of a live job also afterwards. Call with the lock."""
        look, last = self.looks.get(job.owner, ("", None))
        if job.state is JobState.RUNNING or job.live:
            return self.courses.get(job.id) or (last if look == job.id else None)
        return None

    def shown(
        self,
        job: Job,
        position: int | None,
        made: Mapping[int, str],
        starts_in: float | None = None,
        held: Mapping[int, Held] = NONE,
    ) -> dict[str, Any]:
        """A job as JSON. made: its stored pictures' ids by index, held: why some of those were held back; starts_in: seconds,
        None where it is not known."""
        (width, height), request = job.size, job.request
        with self.lock:
            course = self.course(job)
            doing, left = (course.doing, course.seconds_left) if course else (None, None)
            stages = {i: (s.step, s.of, s.preview, s.held) for i, s in course.stages.items()} if course else {}
        pictures: list[dict[str, Any]] = []
        steps = job.steps
        for index in range(job.count):
            step, of, preview, why = stages.get(index, (steps if index in made else 0, steps, None, None))
            why = held.get(index, why)
            told = {"index": index, "step": step, "of": of, "preview": preview, "image": made.get(index)}
            pictures.append({**told, "held": why and why.model_dump()})
        return {
            "id": job.id,
            "kind": "restore" if isinstance(request, RestoreRequest) else "draw",
            "state": job.state.value,
            "live": job.live,
            "position": position,
            "starts_in": None if starts_in is None else round(starts_in),
            "doing": doing,
            "count": job.count,
            "pictures": pictures,
            "seconds_left": left,
            "prompt": "" if isinstance(request, RestoreRequest) else request.words.prompt,
            "width": width,
            "height": height,
            "checkpoint": "" if isinstance(request, RestoreRequest) else request.model.checkpoint,
            "problem": job.problem.model_dump() if job.problem else None,
            "created": job.created,
            "started": job.started,
            "finished": job.finished,
        }
