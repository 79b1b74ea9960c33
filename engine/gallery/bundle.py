"""Several pictures as one zip, made while it is sent: nothing is gathered in memory or on the disk."""

import io
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

PIECE = 256 * 1024


@dataclass(frozen=True)
class Entry:
    """name: wanted for the file in the zip, with folders; changed where two would have the same. path: of a file on the
    disk; pieces: the content, where there is none."""

    path: Path | None
    name: str
    created: float
    pieces: Callable[[], Iterable[bytes]] = tuple


class Outlet(io.RawIOBase):
    """Takes what zipfile writes until it is fetched; there is no way back, so zipfile writes sizes after the data."""

    def __init__(self) -> None:
        self.waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | bytearray | memoryview", /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.waiting += data
        return len(data)

    def fetch(self) -> bytes:
        piece = bytes(self.waiting)
        self.waiting.clear()
        return piece


def zipped(entries: Iterable[Entry]) -> Iterator[bytes]:
    """Pictures are stored as they are: they are compressed already. What has gone from the disk is named in a text."""
    outlet, names, missing = Outlet(), Unique(), []
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_STORED) as archive:
        for entry in entries:
            try:
                source = entry.path.open("rb") if entry.path else None
            except OSError:
                missing.append(entry.name)
                continue
            info = info_of(names.of(entry.name), entry.created)
            with source or nullcontext(), archive.open(info, "w", force_zip64=True) as target:
                for piece in iter(partial(source.read, PIECE), b"") if source else entry.pieces():
                    target.write(piece)
                    if piece := outlet.fetch():
                        yield piece
            yield outlet.fetch()
        if missing:
            text = "These files are gone from the outputs folder:\n" + "\n".join(missing) + "\n"
            archive.writestr(info_of(names.of("missing.txt"), time.time()), text)
    yield outlet.fetch()


class Unique:
    """a.png, a (2).png, a (3).png: no two the same, not even on systems that take capitals for small letters."""

    def __init__(self) -> None:
        self.taken: dict[str, int] = {}

    def of(self, name: str) -> str:
        path, wanted = PurePosixPath(name), name
        while wanted.casefold() in self.taken:
            self.taken[name.casefold()] += 1
            wanted = str(path.with_name(f"{path.stem} ({self.taken[name.casefold()]}){path.suffix}"))
        self.taken[wanted.casefold()] = 1
        return wanted


def info_of(name: str, created: float) -> zipfile.ZipInfo:
    year, month, day, hour, minute, second = time.localtime(created)[:6]
    dated = (year, month, day, hour, minute, second) if 1980 <= year <= 2107 else (1980, 1, 1, 0, 0, 0)
    info = zipfile.ZipInfo(name, dated)
    info.external_attr = 0o644 << 16
    return info
