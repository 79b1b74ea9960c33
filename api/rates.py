"""How many requests one person or address may send: token buckets, generous to a page, hard on a flood."""

import math
from collections.abc import Callable
from dataclasses import dataclass

KEPT = 10_000  # buckets; the longest unused go first


@dataclass(frozen=True)
class Rate:
    """burst: requests at once; each second gives `refill` of them back."""

    burst: int
    refill: float


PERSON, ADDRESS, STRANGER = Rate(600, 60), Rate(3000, 300), Rate(60, 5)


class Rates:
    """Used in the event loop only. clock: seconds that never go back."""

    def __init__(self, clock: Callable[[], float]):
        self._clock = clock
        self._left: dict[tuple[Rate, str], tuple[float, float]] = {}

    def take(self, rate: Rate, whose: str) -> int:
        """0: go on. Otherwise the whole seconds after which there is room again."""
        now, key = self._clock(), (rate, whose)
        left, at = self._left.pop(key, (float(rate.burst), now))
        left = min(rate.burst, left + (now - at) * rate.refill)
        full = left < 1
        self._left[key] = (left if full else left - 1, now)  # put in again at the end
        if len(self._left) > KEPT:
            del self._left[next(iter(self._left))]
        return math.ceil((1 - left) / rate.refill) if full else 0
