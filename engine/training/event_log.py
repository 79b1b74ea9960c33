"""events.jsonl: written a line at a time by one process; read on by byte, a piece at a time, or from its end."""

import contextlib
import os
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from engine.training.events import READER, Heard, RunEvent

PIECE = 2**18  # bytes that are read at once
STEP = b'"kind":"step"'  # in no text of an event: there its quotes are escaped


class EventLog:
    """A run of 100,000 steps writes 20 MB; what is wanted of each line is decided before it is parsed."""

    def __init__(self, path: Path):
        self.path = path

    def tell(self, event: RunEvent) -> None:
        """One write for each line, so that a reader sees whole lines but for the last; half a line is ended first."""
        line = (event.model_copy(update={"time": time.time()}).model_dump_json() + "\n").encode()
        with self.path.open("ab+") as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                line = line if file.read(1) == b"\n" else b"\n" + line
            file.write(line)

    def lines(self, offset: int = 0) -> Iterator[tuple[bytes, int]]:
        """Whole lines from byte `offset` on, each with the byte after it."""
        with contextlib.suppress(OSError), self.path.open("rb") as file:
            file.seek(offset)
            rest = b""
            while piece := file.read(PIECE):
                *whole, rest = (rest + piece).split(b"\n")
                for line in whole:
                    offset += len(line) + 1
                    yield line, offset

    def placed(self, offset: int = 0, most: int | None = None) -> tuple[list[tuple[RunEvent, int]], int]:
        """Events, `most` of them at the most, each with the byte after it, from where who has heard it goes on; and where
        to go on after all of them."""
        found, following = list[tuple[RunEvent, int]](), offset
        for line, following in self.lines(offset):
            if event := read(line):
                found.append((event, following))
            if len(found) == most:
                break
        return found, following

    def events(self, offset: int = 0) -> tuple[list[RunEvent], int]:
        """All of them, and where to go on."""
        found, following = self.placed(offset)
        return [event for event, _ in found], following

    def recent(self, offset: int, steps: int) -> tuple[list[RunEvent], int]:
        """As `events`, of the steps only the last ones."""
        last, others, following = deque[tuple[int, bytes]](maxlen=steps), list[tuple[int, bytes]](), offset
        for line, following in self.lines(offset):
            (last if STEP in line else others).append((following, line))
        return ordered(last, others), following

    def thinned(self, offset: int, steps: int) -> tuple[list[RunEvent], int]:
        """As `events`, of `steps` steps and more only half of them to all, evenly, and the last one. steps: 2 at the least."""
        kept, others, following = list[tuple[int, bytes]](), list[tuple[int, bytes]](), offset
        last, every, seen = list[tuple[int, bytes]](), 1, 0
        for line, following in self.lines(offset):
            if STEP not in line:
                others.append((following, line))
                continue
            last = [(following, line)]
            if seen % every == 0:
                kept += last
            seen += 1
            if len(kept) == steps:
                kept, every = kept[::2], every * 2
        return ordered(kept, [one for one in last if one not in kept[-1:]], others), following

    def last(self) -> RunEvent | None:
        """The newest that is no answer to a command; from the end backwards."""
        with contextlib.suppress(OSError), self.path.open("rb") as file:
            at, rest = file.seek(0, os.SEEK_END), b""
            while at:
                size = min(PIECE, at)
                at -= size
                file.seek(at)
                rest, *whole = (file.read(size) + rest).split(b"\n")
                for line in reversed(whole if at else [rest, *whole]):
                    event = read(line)
                    if event and not isinstance(event, Heard):
                        return event
        return None


def read(line: bytes) -> RunEvent | None:
    """None for half a line that a crash left."""
    try:
        return READER.validate_json(line)
    except ValidationError:
        return None


def ordered(*parts: "deque[tuple[int, bytes]] | list[tuple[int, bytes]]") -> list[RunEvent]:
    placed = sorted(one for part in parts for one in part)
    return [event for _, line in placed if (event := read(line))]
