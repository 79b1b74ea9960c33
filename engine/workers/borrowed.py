"""Drawing on a GPU that is lent for one job at a time, as ZeroGPU does: each job is handed over whole.

`draw` runs where the GPU is, which is a forked process on ZeroGPU; `Borrower` stands in for a painter where the server is
(docs/adr/0016).
"""

import logging
import math
import multiprocessing
from collections.abc import Callable, Generator
from typing import Any

from engine.errors import INTERNAL, AtelierError, Problem
from engine.events import FINAL, Event, Failed
from engine.job import Job
from engine.workers import worker
from engine.workers.messages import PainterSettings, Place

log = logging.getLogger(__name__)
Events = Generator[Event, None, None]
Draw = Callable[[PainterSettings, Place, Job, frozenset[int]], Events]
BEGINNING, LONGEST = 15, 60  # seconds
QUOTA = Problem(
    code="gpu.quota",
    message="The GPU time that this Space may lend is used up.",
    remedy="Try again later, or run Atelier on your own machine.",
)
NONE_FREE = Problem(code="gpu.busy", message="No GPU was free.", remedy="Try again in a moment.")
TOO_LONG = Problem(
    code="gpu.long",
    message="No GPU is lent for as long as this takes.",
    remedy="Choose a smaller size or fewer steps.",
)
TAKEN_BACK = Problem(
    code="gpu.taken",
    message="The GPU was taken back before the picture was done.",
    remedy="Try again, or choose a smaller size or fewer steps.",
)
NOT_LENT = Problem(code="gpu.refused", message="No GPU could be borrowed.", remedy="Try again in a moment.")
ANSWERS = {  # by the title of what the `spaces` package raises
    "ZeroGPU quota exceeded": QUOTA,
    "ZeroGPU pending credits exceeded": QUOTA,
    "ZeroGPU queue timeout": NONE_FREE,
    "ZeroGPU illegal duration": TOO_LONG,
    "ZeroGPU worker error": TAKEN_BACK,
}
hurry = multiprocessing.Event()  # shared with the forks: ends the one job in work with its next step
_easel: tuple[Any, worker.Paints] | None = None  # stays in a fork, which serves several jobs


def seconds(settings: PainterSettings, place: Place, job: Job, skip: frozenset[int]) -> int:
    """For how long a GPU is borrowed; arguments as of `draw`. One second a million pixel-steps is ample for Stable
    Diffusion on any GPU of the last years; the beginning is for a fork that has still to read the model."""
    return min(LONGEST, BEGINNING + math.ceil(job.cost))


def draw(settings: PainterSettings, place: Place, job: Job, skip: frozenset[int]) -> Events:
    """The job's events to the last one. To cancel it, close this generator."""
    try:
        easel = at_hand(settings, place)
        try:
            easel.add(job, skip)
            while not easel.idle:
                if hurry.is_set():
                    easel.hasten(job.id)
                yield from easel.step()
        finally:
            easel.remove(job.id)
    except AtelierError as error:
        yield Failed(job=job.id, problem=error.problem)
    except Exception:
        log.exception("job %s failed on the borrowed GPU", job.id)
        put_away()
        yield Failed(job=job.id, problem=INTERNAL)


def at_hand(settings: PainterSettings, place: Place) -> worker.Paints:
    """The painter of this process, with what it has loaded."""
    global _easel
    if _easel is None or _easel[0] != (settings, place):
        put_away()
        _easel = (settings, place), worker.painter(settings, place)
    return _easel[1]


def put_away() -> None:
    global _easel
    if _easel:
        easel, _easel = _easel[1], None
        easel.close()


def borrower(draw: Draw, settings: PainterSettings, place: Place) -> "Borrower":
    """Called in the worker. What the forks need is imported here once, before there is any."""
    import engine.denoise.painter  # noqa: F401

    return Borrower(draw, settings, place)


class Borrower:
    """A `Paints` of engine.workers.worker; one job after another. draw: `draw`, wrapped so that it runs on a GPU."""

    name, kind = "ZeroGPU", "cuda"
    loaded: tuple[str, ...] = ()  # every GPU that is lent may be another one

    def __init__(self, draw: Draw, settings: PainterSettings, place: Place):
        self.draw, self.settings, self.place = draw, settings, place
        self.waiting: dict[str, tuple[Job, frozenset[int]]] = {}
        self.hurried: set[str] = set()
        self.job_id, self.events = "", never()

    @property
    def idle(self) -> bool:
        return not self.jobs

    @property
    def jobs(self) -> tuple[str, ...]:
        return (self.job_id, *self.waiting) if self.job_id else tuple(self.waiting)

    def add(self, job: Job, skip: frozenset[int] = frozenset()) -> None:
        self.waiting[job.id] = job, skip

    def remove(self, job_id: str) -> None:
        """Returns once the GPU is given back, which takes the step at hand."""
        self.waiting.pop(job_id, None)
        self.hurried.discard(job_id)
        if job_id == self.job_id:
            self.end(cancelled=True)

    def hasten(self, job_id: str) -> None:
        self.hurried.add(job_id)
        if job_id == self.job_id:
            hurry.set()

    def step(self) -> Events:
        """The next event; waits for it as long as the GPU takes, or for a GPU."""
        if not self.job_id:
            self.begin()
        job_id = self.job_id
        try:
            event = next(self.events)
        except StopIteration:
            event = Failed(job=job_id, problem=TAKEN_BACK)
        except Exception as error:
            event = Failed(job=job_id, problem=problem_of(error))
        if isinstance(event, FINAL):
            self.end()
        yield event

    def begin(self) -> None:
        self.job_id, (job, skip) = next(iter(self.waiting.items()))
        del self.waiting[self.job_id]
        (hurry.set if job.id in self.hurried else hurry.clear)()
        self.events = self.draw(self.settings, self.place, job, skip)

    def end(self, cancelled: bool = False) -> None:
        """After this the GPU is given back."""
        events, self.events, self.job_id = self.events, never(), ""
        try:
            if cancelled:
                events.close()
            for _ in events:
                pass
        except Exception:
            log.exception("a borrowed GPU was not given back in good order")

    def close(self) -> None:
        self.waiting.clear()
        self.end(cancelled=True)
        put_away()


def never() -> Events:
    yield from ()


def problem_of(error: Exception) -> Problem:
    """What the lender's refusal means to a person. Without a visitor's token a full queue bears the title of a spent quota."""
    title, message = getattr(error, "title", ""), str(getattr(error, "message", ""))
    if message.startswith("No GPU was available"):
        return NONE_FREE
    if title not in ANSWERS:
        log.error("no GPU could be borrowed", exc_info=error)
    return ANSWERS.get(title, NOT_LENT)
