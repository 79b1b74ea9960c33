"""The lease of a device: held by the studio while people's pictures are drawn; a training rests as long as it is.

It is a lock on a file. Should the studio die, the system takes it back and the training goes on; a training holds
nothing that drawing would have to wait for.
"""

from pathlib import Path
from typing import IO

from engine.folder_lock import is_held, lock


class Lease:
    """Taken and given by one thread; looked at by any process through `taken`."""

    def __init__(self, path: Path):
        self.path = path
        self._file: IO[bytes] | None = None

    @property
    def mine(self) -> bool:
        return self._file is not None

    def take(self) -> bool:
        """False when somebody looks at it at this very moment: try again a little later."""
        if self._file:
            return True
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("ab")
        try:
            lock(file)
        except OSError:
            file.close()
            return False
        self._file = file
        return True

    def give(self) -> None:
        if self._file:
            self._file.close()
            self._file = None


def taken(path: Path) -> bool:
    return is_held(path)
