"""Which resident model must go to make room: pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Resident:
    """used: a counter that grows with each use; leases: pictures that draw with it now."""

    key: str
    size: int
    used: int
    leases: int = 0


def evict(residents: Sequence[Resident], needed: int, budget: int) -> list[str]:
    """Keys to let go, least recently used first, until `needed` bytes fit; models in use stay, even if it is too much."""
    total = sum(r.size for r in residents)
    gone: list[str] = []
    for resident in sorted((r for r in residents if not r.leases), key=lambda r: r.used):
        if total + needed <= budget:
            break
        gone.append(resident.key)
        total -= resident.size
    return gone
