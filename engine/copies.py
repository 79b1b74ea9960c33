"""A whole copy of the studio's database each day, in data/copies; `python3 launch.py recover` puts one back."""

import logging
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from engine.database import connect

KEPT = 7
FIRST, EVERY = 60.0, 3600.0  # seconds after the start, and between two looks at the day
log = logging.getLogger(__name__)


class Copies:
    """A thread of its own makes them; people's jobs go on meanwhile, since a copy only reads."""

    def __init__(self, data: Path, kept: int = KEPT, first: float = FIRST, every: float = EVERY):
        self.data, self.kept, self.first, self.every = data, kept, first, every
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.watch, name="copies", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.stopping.set()
        if self.thread.is_alive():
            self.thread.join(10)

    def watch(self) -> None:
        pause = self.first
        while not self.stopping.wait(pause):
            pause = self.every
            try:
                self.make()
            except (OSError, sqlite3.Error):
                log.exception("today's copy of the database could not be made; it is tried again in an hour")

    def make(self) -> Path | None:
        """Today's copy (by UTC), if it is not there yet and has room twice over. The oldest go only after it is whole."""
        folder = folder_of(self.data)
        file = folder / f"atelier-{time.strftime('%Y-%m-%d', time.gmtime())}.db"
        source = self.data / "atelier.db"
        if file.exists() or shutil.disk_usage(self.data).free < 2 * source.stat().st_size:
            return None
        folder.mkdir(parents=True, exist_ok=True)
        part = file.with_name(file.name + ".part")
        part.unlink(missing_ok=True)
        with closing(connect(source)) as database:
            database.execute("VACUUM INTO ?", (str(part),))
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        if not whole(part):  # what is damaged must not take the place of an older copy that is not
            part.unlink()
            log.error("the database is damaged; no copy was made of it. Stop the studio and run: launch.py recover")
            return None
        os.replace(part, file)
        for old in copies(self.data)[self.kept :]:
            old.unlink(missing_ok=True)
        return file


def folder_of(data: Path) -> Path:
    return data / "copies"


def copies(data: Path) -> Sequence[Path]:
    """The newest day first."""
    return sorted(folder_of(data).glob("atelier-*.db"), reverse=True)


def whole(file: Path) -> bool:
    """Every page and index of it is read."""
    try:
        with closing(sqlite3.connect(f"file:{file.as_posix()}?mode=ro", uri=True)) as database:
            return database.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok"
    except sqlite3.DatabaseError:
        return False
