"""Pictures from a browser: a zip or single files become a folder of datasets; nothing in them decides where they land."""

import io
import lzma
import os
import re
import secrets
import shutil
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path, PurePosixPath
from typing import IO

from engine.errors import BadRequest, DiskFull
from engine.picture.open import LARGEST_FILE, header
from engine.training.data.archive import checked_directory
from engine.training.data.caption_files import LARGEST_METADATA
from engine.training.data.edits import replace_bytes
from engine.training.data.folder import CAPTIONS, METADATA, PICTURES, seen

LARGEST_TOTAL = 8 * 1024**3  # unpacked
LARGEST_RATIO = 200  # of what is unpacked to what is packed; a picture hardly shrinks at all
FREELY = 1024**2  # below this a ratio says nothing
MOST_LISTED = 1000
DEEPEST = 8
LONGEST_NAME = 120
NAME = re.compile(r"\w[\w \-.]{0,99}")
FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f\x7f]')
DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})
PIECE = 1024**2
BROKEN = (  # all that zipfile raises on hostile bytes, passwords and unknown methods
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)


@dataclass
class Received:
    """taken: names of files within the folder. left_out: others, and why; the first thousand of them."""

    folder: Path
    taken: list[str] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)

    def refuse(self, name: str, reason: str) -> None:
        if len(self.left_out) < MOST_LISTED:
            self.left_out.append((FORBIDDEN.sub("_", name)[-LONGEST_NAME:], reason))


def receive_zip(archive: IO[bytes], name: str, datasets: Path) -> Received:
    """archive: can be sought in. The folder appears when all is in it, or not at all."""
    folder = new_folder(name, datasets)
    with opened(archive) as packed, beside(folder) as part:
        received = Received(part)
        unpack(packed, received)
        if not any(Path(one).suffix.lower() in PICTURES for one in received.taken):
            raise BadRequest(
                "upload.none",
                "There is no picture in the zip.",
                "Pack PNG, JPEG, WebP, AVIF, TIFF, BMP or GIF files, with their captions.",
            )
        settle(part, folder)
    received.folder = folder
    return received


def opened(archive: IO[bytes]) -> zipfile.ZipFile:
    checked_directory(archive)
    try:
        return zipfile.ZipFile(archive)
    except BROKEN as error:
        raise BadRequest("upload.zip", "The zip is damaged.", "Pack it again, or upload the pictures.") from error


def receive_files(files: Iterable[tuple[str, bytes]], name: str, datasets: Path) -> Received:
    """Names and contents, into a new folder or one that is there; what is there stays, equal names get a number."""
    folder = datasets / valid(name)
    folder.mkdir(parents=True, exist_ok=True)
    received = Received(folder)
    wanted: list[tuple[PurePosixPath, bytes]] = []
    for told, content in files:
        path = PurePosixPath(clean(PurePosixPath(told.replace("\\", "/")).name))
        reason = trouble(path, content) if seen(path.name) else "hidden"
        received.refuse(told, reason) if reason else wanted.append((path, content))
    names = Names({entry.name for entry in os.scandir(folder)})
    for target, (_, content) in zip(names.of([path for path, _ in wanted]), wanted, strict=True):
        with room():
            replace_bytes(folder / target, content)
        received.taken.append(str(target))
    return received


def unpack(packed: zipfile.ZipFile, received: Received) -> None:
    chosen: list[tuple[PurePosixPath, zipfile.ZipInfo]] = []
    for info in packed.infolist():
        if info.filename.endswith("/"):
            continue
        path, reason = judged(info)
        if path is None:
            received.refuse(info.filename, reason)
        else:
            chosen.append((path, info))
    left = LARGEST_TOTAL
    for target, (_, info) in zip(Names(set()).of([path for path, _ in chosen]), chosen, strict=True):
        try:
            content = unpacked(packed, info, min(left, largest(target)))
        except BROKEN:
            received.refuse(info.filename, "damaged")
            continue
        if content is None and left < largest(target):
            raise BadRequest("upload.total", "Unpacked, the zip is larger than 8 GB.", "Divide it into several.")
        reason = "large" if content is None else trouble(target, content)
        if content is None or reason:
            received.refuse(info.filename, reason)
            continue
        left -= len(content)
        try:
            with room():
                (received.folder / target).parent.mkdir(parents=True, exist_ok=True)
                (received.folder / target).write_bytes(content)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):  # a file called like another's folder
            received.refuse(info.filename, "clash")
            continue
        received.taken.append(str(target))


def judged(info: zipfile.ZipInfo) -> tuple[PurePosixPath | None, str]:
    """Where an entry shall go, or why it is left out; nothing has been unpacked yet."""
    parts = info.filename.replace("\\", "/").split("/")
    if parts[0] == "" or ".." in parts or re.match(r"[A-Za-z]:", parts[0]):
        return None, "outside"
    if stat.S_ISLNK(info.external_attr >> 16) or stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        return None, "link"
    if not all(seen(part) for part in parts if part not in ("", ".")):
        return None, "hidden"
    if info.flag_bits & 1:
        return None, "encrypted"
    path = PurePosixPath(*(clean(part) for part in parts if part not in ("", ".")))
    if len(path.parts) > DEEPEST:
        return None, "deep"
    if not largest(path):
        return None, "kind"
    if info.file_size > max(FREELY, LARGEST_RATIO * info.compress_size):
        return None, "bomb"
    return path, ""


def largest(path: PurePosixPath) -> int:
    """Bytes that a file of this kind may have; 0 for kinds that are not taken."""
    kind = path.suffix.lower()
    if kind in PICTURES:
        return LARGEST_FILE
    return LARGEST_METADATA if kind in METADATA or kind in CAPTIONS else 0


def unpacked(packed: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes | None:
    """None when there is more of it, whatever the entry says of its size."""
    content = io.BytesIO()
    with packed.open(info) as source:
        while piece := source.read(PIECE):
            content.write(piece)
            if content.tell() > most:
                return None
    return content.getvalue()


def trouble(path: PurePosixPath, content: bytes) -> str:
    """Why this is left out; a picture is judged by its header, the scan decodes it."""
    if not largest(path):
        return "kind"
    if len(content) > largest(path):
        return "large"
    if path.suffix.lower() in PICTURES:
        try:
            header(content)
        except BadRequest as error:
            return error.problem.code.removeprefix("picture.")
    return ""


class Names:
    """Gives no name twice, not even in other capitals; a picture and its caption stay together under a new one."""

    def __init__(self, taken: set[str]):
        self.taken = {name.casefold() for name in taken}

    def of(self, paths: list[PurePosixPath]) -> list[PurePosixPath]:
        """For each path its own, or with a number; all that share a stem share the number."""
        groups: dict[tuple[PurePosixPath, int], list[int]] = {}
        times: Counter[PurePosixPath] = Counter()
        for position, path in enumerate(paths):
            times[path] += 1  # an archive may hold the same name twice
            groups.setdefault((path.with_name(stem_of(path)), times[path]), []).append(position)
        given = list(paths)
        for positions in groups.values():
            number = next(n for n in count(1) if self.free([paths[at] for at in positions], n))
            for at in positions:
                given[at] = numbered(paths[at], number)
                self.taken.add(str(given[at]).casefold())
        return given

    def free(self, group: list[PurePosixPath], number: int) -> bool:
        return not self.taken & {str(numbered(path, number)).casefold() for path in group}


def stem_of(path: PurePosixPath) -> str:
    """a of a.png, a.txt and a.mask.png"""
    return path.stem.removesuffix(".mask").removesuffix("-masklabel")


def numbered(path: PurePosixPath, number: int) -> PurePosixPath:
    if number == 1:
        return path
    stem = stem_of(path)
    return path.with_name(f"{stem} ({number}){path.name[len(stem) :]}")


def clean(part: str) -> str:
    """A name that every system can hold."""
    part = FORBIDDEN.sub("_", part).rstrip(". ") or "_"
    path = PurePosixPath(part)
    if path.stem.casefold().split(".")[0] in DEVICES:
        part = f"_{part}"
    return part if len(part) <= LONGEST_NAME else part[: LONGEST_NAME - len(path.suffix)] + path.suffix[:LONGEST_NAME]


def valid(name: str) -> str:
    if not NAME.fullmatch(name) or name != clean(name):
        raise BadRequest(
            "upload.name", "This cannot be the name of a folder.", "Use letters, digits, blanks, - and _.", field="name"
        )
    return name


def new_folder(name: str, datasets: Path) -> Path:
    folder = datasets / valid(name)
    if datasets.is_dir() and name.casefold() in {entry.name.casefold() for entry in os.scandir(datasets)}:
        raise taken(name)
    return folder


def taken(name: str) -> BadRequest:
    return BadRequest(
        "upload.taken", f"There is a folder “{name}” already.", "Choose another name.", field="name", name=name
    )


@contextmanager
def beside(folder: Path) -> Iterator[Path]:
    """A folder to fill, gone afterwards unless it was renamed."""
    part = folder.with_name(f".{secrets.token_hex(8)}.part")
    with room():
        part.mkdir(parents=True)
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def settle(part: Path, folder: Path) -> None:
    try:
        part.rename(folder)
    except OSError:  # somebody was quicker
        raise taken(folder.name) from None


@contextmanager
def room() -> Iterator[None]:
    try:
        yield
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise
    except OSError as error:
        raise DiskFull("upload.disk", "There is too little room on the disk.", "Make room and try again.") from error
