"""Pictures that jobs start from, kept by the SHA-256 of their bytes."""

import hashlib
import os
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from engine.errors import NotFound
from engine.picture.open import open_safe


def put_input(folder: Path, data: bytes) -> str:
    """Check and keep a picture's bytes; returns its SHA-256. Raises BadRequest for what is no picture."""
    open_safe(data)
    digest = hashlib.sha256(data).hexdigest()
    path = folder / digest
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{digest}.{os.getpid()}.part"
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    return digest


class Passing:
    """Pictures that live jobs start from: of those that nobody gave to keep, the last few stay. For all threads."""

    def __init__(self, folder: Path, most: int = 24):
        self.folder, self.most = folder, most
        self.names: OrderedDict[str, None] = OrderedDict()
        self.lent: Counter[str] = Counter()
        self.lock = threading.Lock()

    def put(self, data: bytes) -> str:
        """As put_input."""
        with self.lock:
            known = (self.folder / hashlib.sha256(data).hexdigest()).exists()
            digest = put_input(self.folder, data)
            if not known or digest in self.names:
                self.names.pop(digest, None)
                self.names[digest] = None
            self.let_go()
        return digest

    @contextmanager
    def lend(self, data: bytes) -> Iterator[str]:
        """As put_input; it stays for the time of the block, and then goes as the others do."""
        digest = hashlib.sha256(data).hexdigest()
        with self.lock:
            self.lent[digest] += 1
        try:
            yield self.put(data)
        finally:
            with self.lock:
                self.lent -= Counter([digest])
                self.let_go()

    def let_go(self) -> None:
        """Call with the lock."""
        free = [digest for digest in self.names if digest not in self.lent]
        for digest in free[: max(0, len(free) - self.most)]:
            del self.names[digest]
            (self.folder / digest).unlink(missing_ok=True)

    def keep(self, data: bytes) -> str:
        """As put_input, whatever was passing through before."""
        with self.lock:
            digest = put_input(self.folder, data)
            self.names.pop(digest, None)
        return digest


def require_input(folder: Path, digest: str, field: str = "picture") -> None:
    """Raise NotFound when the studio was not given that picture. field: what asks for it."""
    if not (folder / digest).is_file():
        raise missing(field)


def missing(field: str) -> NotFound:
    again = "Give it to the studio first, and again after it was cleared."
    if field == "mask":
        return NotFound("mask.missing", "The mask is not here.", again, field=field)
    if field.startswith("control"):
        return NotFound("control.missing", "The control picture is not here.", again, field=field)
    return NotFound("picture.missing", "The picture to start from is not here.", again, field=field)


def cleared(role: str) -> NotFound:
    """What a picture was made of is not kept any more. role: as engine/gallery/lineage.py names it."""
    word, field = {"mask": ("mask", "mask"), "control": ("control picture", "control")}.get(
        role, ("starting picture", "picture")
    )
    return NotFound(
        "given.cleared",
        f"The {word} of this picture was cleared from the studio.",
        "Its settings can still be used; open or draw the rest anew.",
        field=field,
    )


def input_bytes(folder: Path, digest: str, field: str = "picture") -> bytes:
    """Raises NotFound, naming the field, when the studio was not given that picture."""
    try:
        return (folder / digest).read_bytes()
    except FileNotFoundError:
        raise missing(field) from None


def open_input(folder: Path, digest: str, field: str = "picture") -> Image.Image:
    return open_safe(input_bytes(folder, digest, field))
