"""The audit log: who did what to whom, from where, and how it ended. Written on, never changed; it holds no secrets."""

from collections.abc import Callable
from dataclasses import dataclass

from engine.people.ledger import Ledger


@dataclass(frozen=True)
class Entry:
    """at: seconds since 1970; what: as `people.role`; result: ok, or the code of what was refused."""

    id: int
    at: float
    who: str
    what: str
    target: str
    address: str
    result: str


class Audit:
    def __init__(self, ledger: Ledger, clock: Callable[[], float]):
        self._ledger, self._clock = ledger, clock

    def write(self, who: str, what: str, target: str = "", address: str = "", result: str = "ok") -> None:
        with self._ledger.writing() as db:
            db.execute(
                "INSERT INTO audit (at, who, what, target, address, result) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    self._clock(),
                    *(one[:200].encode("utf-8", "replace").decode() for one in (who, what, target, address, result)),
                ),
            )

    def latest(self, before: int | None = None, limit: int = 100) -> list[Entry]:
        """Newest first. before: an entry's id, to go on from."""
        rows = self._ledger.all(
            "SELECT * FROM audit WHERE ? IS NULL OR id < ? ORDER BY id DESC LIMIT ?", before, before, limit
        )
        return [Entry(**dict(row)) for row in rows]
