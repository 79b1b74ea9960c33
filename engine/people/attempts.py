"""How often a password may be tried: five times a minute from one address, ten times an hour for one account, each later."""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass

REMEMBERED = 20_000  # addresses and accounts; the oldest go first


@dataclass(frozen=True)
class Limit:
    """most: wrong tries in so many seconds; patient: wrong tries in a row before each next one has to wait longer."""

    most: int
    seconds: float
    patient: int = 3


ADDRESS, ACCOUNT = Limit(5, 60), Limit(10, 3600)
LONGEST_DELAY = 60.0


class Attempts:
    """A try counts as wrong from its beginning, so that many at once are no way around; `right` takes it back.

    clock: seconds that never go back."""

    def __init__(self, clock: Callable[[], float]):
        self._clock = clock
        self._wrong: dict[tuple[str, str], list[float]] = {}
        self._lock = threading.Lock()

    def begin(self, address: str, account: str) -> int:
        """0: go on, and the try counts. Otherwise: the seconds to wait, and nothing was tried."""
        now = self._clock()
        keys = ((("address", address), ADDRESS), (("account", account), ACCOUNT))
        with self._lock:
            wait = max(self._wait(key, limit, now) for key, limit in keys)
            if wait > 0:
                return max(1, math.ceil(wait))
            for key, _ in keys:
                tries = self._wrong.pop(key, [])  # put in again at the end: what is oldest stands first
                self._wrong[key] = [*tries[-ACCOUNT.most :], now]
            while len(self._wrong) > REMEMBERED:
                del self._wrong[next(iter(self._wrong))]
        return 0

    def right(self, address: str, account: str) -> None:
        """The last try was right: it is taken back. Wrong ones before stay, or who knows one password could guess on."""
        with self._lock:
            for key in (("address", address), ("account", account)):
                tries = self._wrong.get(key)
                if tries:
                    tries.pop()
                    if not tries:
                        del self._wrong[key]

    def _wait(self, key: tuple[str, str], limit: Limit, now: float) -> float:
        tries = [at for at in self._wrong.get(key, []) if at > now - limit.seconds]
        if not tries:
            return 0
        full = tries[-limit.most] + limit.seconds - now if len(tries) >= limit.most else 0
        later = min(LONGEST_DELAY, 2.0 ** (len(tries) - limit.patient)) if len(tries) >= limit.patient else 0
        return max(full, tries[-1] + later - now if later else 0)
