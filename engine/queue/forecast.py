"""When each waiting job starts: the queue's own rules, run ahead of time at the pace of the jobs before."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.queue.batching import Limits, Waiting, Working, whose_turn

KEPT, SOON = 1.0, 0.1  # seconds between two looks: while nothing has changed, and when something has


@dataclass(frozen=True)
class Scene:
    """What a look ahead begins with. working: jobs in work and the work left of each, in million pixel-steps.

    pace: seconds of the device for a million pixel-steps, whoever it draws for; None where nothing is known."""

    queue: Sequence[Waiting]
    working: Sequence[tuple[Working, float]]
    loaded: frozenset[str]
    limits: Limits
    pace: float | None
    preferences: int = 0


def starts(scene: Scene) -> dict[str, float]:
    """Seconds until each waiting job starts, should nobody else come and no model take long to load; {} without a pace.

    Pictures in work share the device alike."""
    if scene.pace is None:
        return {}
    waiting, going = list(scene.queue), list(scene.working)
    loaded, preferences, now = scene.loaded, scene.preferences, 0.0
    told: dict[str, float] = {}
    while waiting:
        turn = whose_turn(waiting, [working for working, _ in going], loaded, scene.limits, preferences)
        if turn:
            job = turn.job
            told[job.id] = now
            preferences = preferences + 1 if turn.preferred else 0
            waiting.remove(job)
            loaded |= {job.checkpoint}
            work = Working(job.id, job.owner, job.checkpoint, job.rows, max(1, job.pictures), job.attempts)
            going.append((work, job.cost))
            continue
        if not going:
            break
        going, passed = until_one_ends(going)
        now += passed * scene.pace
    return told


def until_one_ends(going: Sequence[tuple[Working, float]]) -> tuple[list[tuple[Working, float]], float]:
    """Those that are left then, and how much work was done by then."""
    pictures = sum(work.left for work, _ in going)
    share = min(left / work.left for work, left in going)  # done of each picture
    rest = [(work, left - share * work.left) for work, left in going]
    return [(work, left) for work, left in rest if left > 1e-9], share * pictures


class Forecast:
    """Of the scene as it is, looked at so seldom that hundreds may ask at the same moment."""

    def __init__(self, look: Callable[[], Scene]):
        self.look = look
        self.at, self.took, self.stale = -math.inf, 0.0, True
        self.told: dict[str, float] = {}

    def starts(self, fresh: bool = False) -> dict[str, float]:
        """By job, seconds from now; unless it is to be fresh, jobs that have just come may be missing."""
        now = time.monotonic()
        if fresh or now - self.at >= (max(SOON, 5 * self.took) if self.stale else KEPT):
            self.at, self.stale = now, False
            self.told = starts(self.look())
            self.took = time.monotonic() - now
        passed, told = time.monotonic() - self.at, self.told
        return {job: max(0.0, seconds - passed) for job, seconds in told.items()}

    def forget(self) -> None:
        """The queue has changed."""
        self.stale = True
