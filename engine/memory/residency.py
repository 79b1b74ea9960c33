"""The models that stay loaded, lent with `with`; several fit under the budget, the least used leaves first."""

import ctypes
import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from engine.memory.budget import Resident, evict


class Weighted(Protocol):
    """A loaded thing that knows its weight and whether its files are still those it was read from."""

    nbytes: int

    def fresh(self) -> bool: ...


M = TypeVar("M", bound=Weighted)


@dataclass
class Held(Generic[M]):
    model: M
    used: int
    leases: int = 0


class Residency(Generic[M]):
    """budget: bytes that all resident models may take together."""

    def __init__(self, budget: int):
        self.budget = budget
        self.held: dict[str, Held[M]] = {}
        self.clock = 0

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self.held)

    def has(self, key: str) -> bool:
        """True when lending it needs no loading."""
        return key in self.held and self.held[key].model.fresh()

    @contextmanager
    def lease(self, key: str, size: int, load: Callable[[], M]) -> Iterator[M]:
        """Borrow the model `key`; it stays at least until the block ends. size: bytes expected before loading."""
        held = self.held.get(key)
        if held and not held.leases and not held.model.fresh():
            self.drop([key])
            held = None
        if held is None:
            self.make_room(size)
            held = self.held[key] = Held(load(), self.clock)
        self.clock += 1
        held.used = self.clock
        held.leases += 1
        try:
            yield held.model
        finally:
            held.leases -= 1
            self.make_room(0)

    def make_room(self, size: int) -> None:
        self.drop([k for k, h in self.held.items() if not h.leases and not h.model.fresh()])  # nobody asks for it again
        residents = [Resident(k, h.model.nbytes, h.used, h.leases) for k, h in self.held.items()]
        self.drop(evict(residents, size, self.budget))

    def drop_unused(self) -> None:
        self.drop([key for key, held in self.held.items() if not held.leases])

    def drop(self, keys: list[str]) -> None:
        if keys:
            for key in keys:
                del self.held[key]
            give_back()


def give_back() -> None:
    """Return freed memory to the system: Python's garbage, CUDA's cache, the C allocator's free lists."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
