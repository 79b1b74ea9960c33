"""Requests that are being waited for: whose they are, how far they are, and how they are stopped."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from engine.progress import Expected, Look, Progress
from engine.request.generation import GenerationRequest
from engine.request.samplers import evaluations

MOST_ENDED = 256  # tasks that are remembered after their end


@dataclass
class Task:
    """One request. round: the one at hand, from 0; jobs: those of that round; passes: of each picture.

    stays: it is drawn to its end also when its client leaves."""

    id: str
    owner: str
    kind: str
    rounds: int = 1
    passes: int = 1
    stays: bool = False
    round: int = 0
    jobs: list[Expected] = field(default_factory=list)
    interrupted: bool = False
    skipped: bool = False
    created: float = field(default_factory=time.time)


@dataclass(frozen=True)
class State:
    """Of one task at one moment. progress: below 1; a task that has ended is none any more."""

    begun: bool
    progress: float
    job_no: int
    step: int
    steps: int
    eta: float
    doing: str | None
    preview: str | None  # a data URL


class Tasks:
    """Used in the event loop only."""

    def __init__(self) -> None:
        self.active: list[Task] = []
        self.ended: OrderedDict[tuple[str, str], None] = OrderedDict()

    @contextmanager
    def running(self, task: Task) -> Iterator[Task]:
        self.active.append(task)
        try:
            yield task
        finally:
            self.active.remove(task)
            self.ended[task.owner, task.id] = None
            while len(self.ended) > MOST_ENDED:
                self.ended.popitem(last=False)

    def of(self, owner: str) -> list[Task]:
        """Oldest first."""
        return [task for task in self.active if task.owner == owner]

    def current(self, owner: str, progress: Progress) -> Task | None:
        """The one that is being drawn, or waits longest."""
        own = self.of(owner)
        return next((task for task in own if state_of(task, progress).begun), own[0] if own else None)


def new_id(kind: str) -> str:
    """As AUTOMATIC1111 names them."""
    return f"task({kind}-{secrets.token_hex(8).upper()})"


def state_of(task: Task, progress: Progress) -> State:
    looks = [(expected, progress.look(expected.job)) for expected in task.jobs]
    done = sum(share(expected, look) for expected, look in looks) / len(looks) if looks else 0.0
    begun = task.round > 0 or any(look.begun or expected.last or expected.made for expected, look in looks)
    expected, look = next(((e, x) for e, x in looks if x.begun and not e.last), (None, Look(begun=False)))
    stage = next((s for s in look.stages if s.step < s.of), None)
    step, steps, second = (stage.step, stage.of, False) if stage else (0, 0, False)
    if expected and task.passes == 2 and isinstance(expected.job.request, GenerationRequest):
        first = evaluations(expected.job.drawn.sampling.sampler, expected.job.drawn.sampling.steps)
        second = step >= first
        step, steps = (step - first, steps - first) if second else (step, first)
    return State(
        begun=begun,
        progress=min(0.99, 0.01 + (task.round + done) / task.rounds) if begun else 0.0,
        job_no=task.round * task.passes + second,
        step=step,
        steps=steps,
        eta=look.seconds_left or 0.0,
        doing="Loading the model" if look.doing == "loading" else None,
        preview=next((s.preview for s in look.stages if s.preview), None),
    )


def share(expected: Expected, look: Look) -> float:
    """Of one job, how much is done."""
    if expected.last:
        return 1.0
    stages = [stage for stage in look.stages if stage.of]
    return sum(stage.step / stage.of for stage in stages) / len(stages) if stages else 0.0
