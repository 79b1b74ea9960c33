"""Locks on files that the system takes back when their holder dies, however it dies; one studio per data folder."""

import os
import sys
from pathlib import Path
from typing import IO

from engine.errors import InUse


class FolderLock:
    """Held from `hold` to `release`. The file stays; it is the lock on it that counts."""

    def __init__(self, folder: Path):
        self.path = folder / "atelier.lock"
        self.file: IO[bytes] | None = None

    def hold(self) -> None:
        """Raises InUse when another studio holds it, in this process or another one."""
        if self.file:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("ab")
        try:
            lock(file)
        except OSError:
            file.close()
            raise InUse(
                "data.in_use",
                "Another studio is running on this data folder.",
                "Use that one, stop it first, or start this one with another --data folder.",
                field="data",
            ) from None
        self.file = file

    def release(self) -> None:
        if self.file:
            self.file.close()
            self.file = None


def is_held(path: Path) -> bool:
    """Whether somebody holds a lock on this file. Any number may look at once."""
    try:
        with path.open("r+b") as file:
            look(file)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


if sys.platform == "win32":
    import msvcrt

    def lock(file: IO[bytes]) -> None:
        file.seek(0, os.SEEK_SET)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    look = lock

else:
    import fcntl

    def lock(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)

    def look(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
