"""Each place where a process touches the disk, counted; at the n-th one something may be made to happen.

What is touched by name: os.open's writers, write, fsync, replace, unlink and mkdir, and SQLite's writing statements.
"""

import builtins
import errno
import io
import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

WRITING = ("BEGIN", "COMMIT", "INSERT", "UPDATE", "DELETE", "PRAGMA WAL", "VACUUM")
Happening = Callable[[str], None]


class Disk:
    """reached: the names of the places, in order, since `arm`. `happen` is called before the place number `at`."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        self.armed = False
        self.at = -1
        self.lasting = False
        self.happen: Happening = lambda name: None
        self.lock = threading.Lock()

    def arm(self, at: int = -1, happen: Happening | None = None, lasting: bool = False) -> None:
        """lasting: at every place from that one on, until `heal`."""
        self.reached, self.at, self.lasting = [], at, lasting
        self.happen = happen or self.happen
        self.armed = True

    def heal(self) -> None:
        self.armed = False

    def touch(self, name: str) -> None:
        if not self.armed:
            return
        with self.lock:
            number = len(self.reached)
            self.reached.append(name)
        if number == self.at or (self.lasting and 0 <= self.at < number):
            self.happen(name)

    def watch(self) -> None:
        """From now on, in this process."""
        opened, connect = io.open, sqlite3.connect
        disk = self

        def open_(file: Any, mode: str = "r", *more: Any, **how: Any) -> Any:
            if "b" not in mode or not set("wax+") & set(mode) or isinstance(file, int):
                return opened(file, mode, *more, **how)
            disk.touch("open")
            return Writer(io.FileIO(file, mode.replace("b", "")))

        class Writer(io.BufferedWriter):
            """The half of what is written is on the disk when something happens here."""

            def write(self, buffer: Any, /) -> int:
                whole = bytes(buffer)
                if disk.armed:
                    super().write(whole[: len(whole) // 2])
                    self.flush()
                    disk.touch("write")
                    return len(whole) // 2 + super().write(whole[len(whole) // 2 :])
                return super().write(whole)

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
                word = next((word for word in WRITING if sql.lstrip().upper().startswith(word)), None)
                if word:
                    disk.touch(f"sqlite {word}")
                return super().execute(sql, *values)

        io.open = builtins.open = open_
        sqlite3.connect = lambda *names, **how: connect(*names, **{**how, "factory": Connection})
        for name in ("fsync", "replace", "unlink", "mkdir"):
            setattr(os, name, touching(self, name, getattr(os, name)))


def touching(disk: Disk, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def touched(*values: Any, **how: Any) -> Any:
        disk.touch(name)
        return call(*values, **how)

    return touched


def die(name: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def refuse(code: int) -> Happening:
    """code: ENOSPC or EIO; in SQLite's words where it is SQLite that is refused."""

    def happen(name: str) -> None:
        if not name.startswith("sqlite"):
            raise OSError(code, os.strerror(code))
        full = code == errno.ENOSPC
        error = sqlite3.OperationalError("database or disk is full" if full else "disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL if full else sqlite3.SQLITE_IOERR
        raise error

    return happen
