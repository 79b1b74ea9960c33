"""What happened since the start, counted: jobs by their end, seconds of steps and of loading, workers that died."""

import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.events import Cancelled, Done, Event, Failed, Made, Started, Stepped

STEPS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30)  # seconds
LOADS = (0.5, 1, 2, 5, 10, 30, 60, 120)
REQUESTS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


@dataclass
class Histogram:
    """limits: upper ends of the buckets, in seconds; what is above the last one is in the one after it."""

    limits: Sequence[float]
    counts: list[int] = field(default_factory=list)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.limits) + 1)

    def note(self, seconds: float) -> None:
        self.counts[bisect_left(self.limits, seconds)] += 1
        self.total += seconds


class Measures:
    """Safe for all threads. failures: by the problem's code; deaths: workers that ended without having been asked to."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.ends: Counter[str] = Counter({"done": 0, "failed": 0, "cancelled": 0})
        self.failures: Counter[str] = Counter()
        self.pictures = 0
        self.deaths = 0
        self.steps, self.loads = Histogram(STEPS), Histogram(LOADS)
        self.last: dict[str, tuple[str, float]] = {}  # by job: what it did when it was last heard of

    def note(self, event: Event) -> None:
        now = time.monotonic()
        with self.lock:
            was, then = self.last.pop(event.job, ("", now))
            match event:
                case Started(doing=doing):
                    self.last[event.job] = doing, now
                case Stepped():
                    if was == "stepped":
                        self.steps.note(now - then)
                    self.last[event.job] = "stepped", now
                case Made():
                    self.pictures += 1
                case Done():
                    self.ends["done"] += 1
                case Failed(problem=problem):
                    self.ends["failed"] += 1
                    self.failures[problem.code] += 1
                case Cancelled():
                    self.ends["cancelled"] += 1
            if was == "loading" and not isinstance(event, (Failed, Cancelled)):
                self.loads.note(now - then)

    def died(self) -> None:
        with self.lock:
            self.deaths += 1
