"""Streams that stay open: at most a dozen for each visitor, and all ended when the server stops."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

MOST = 12  # for one visitor


class Streams:
    """Used in the event loop only. closing: streams that end now do so because the server asked."""

    def __init__(self) -> None:
        self.open: Counter[str] = Counter()
        self.closing = False
        self._tasks: set[asyncio.Task[None]] = set()

    def full(self, visitor: str) -> bool:
        return self.open[visitor] >= MOST

    @contextmanager
    def counted(self, visitor: str) -> Iterator[None]:
        task = asyncio.current_task()
        if task:
            self._tasks.add(task)
        self.open[visitor] += 1
        try:
            yield
        finally:
            self.open[visitor] -= 1
            if not self.open[visitor]:
                del self.open[visitor]
            if task:
                self._tasks.discard(task)

    def close(self) -> None:
        """An open page would hold up the server's end; it connects again to the next start by itself."""
        self.closing = True
        for task in self._tasks:
            task.cancel()
