"""Changes to a folder of pictures that can be taken back, also after the studio was killed in their midst."""

import base64
import json
import os
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import BadRequest, DiskFull, NotFound
from engine.training.data.folder import LEFT_OUT, by_stem, companions, within

MOST_RECORDS, MOST_BYTES = 200, 256 * 2**20  # of changes that can be taken back; the newest can whatever its size


@dataclass(frozen=True)
class Write:
    """before: what the file held; None when there was none. after: None removes it."""

    path: Path
    before: bytes | None
    after: bytes | None


@dataclass(frozen=True)
class Move:
    source: Path
    target: Path


@dataclass(frozen=True)
class Edit:
    writes: tuple[Write, ...] = ()
    moves: tuple[Move, ...] = ()


@dataclass(frozen=True)
class Edits:
    """roots: nothing outside of them is touched. records: a folder of the studio's own, where uploads cannot write."""

    roots: tuple[Path, ...]
    records: Path

    def carry_out(self, edit: Edit) -> Path:
        """All of it or nothing; returns the record to take it back by."""
        self.check(edit)
        self.records.mkdir(parents=True, exist_ok=True)
        record = self.records / f"{time.time_ns():x}{secrets.token_hex(4)}.json"
        try:
            replace_bytes(record, json.dumps(noted(edit)).encode())
            for write in edit.writes:
                put(write.path, write.after)
            for move in edit.moves:
                move.target.parent.mkdir(exist_ok=True)
                rename_to_new(move.source, move.target)
        except OSError as error:
            if record.exists():
                self.take_back(record)
            raise DiskFull(
                "dataset.write",
                "The folder could not be changed; all is as it was.",
                "Make room on the disk, or allow the studio to write there.",
            ) from error
        self.forget()
        return record

    def forget(self) -> None:
        """The oldest changes, as far as there are too many or they take too much room."""
        room = MOST_BYTES
        for number, record in enumerate(sorted(self.records.glob("*.json"), reverse=True)):
            room -= record.stat().st_size
            if number and (number >= MOST_RECORDS or room < 0):
                record.unlink(missing_ok=True)

    def take_back(self, record: Path) -> list[Path]:
        """Undo an edit; returns the files that were changed by someone else since and therefore stay as they are."""
        edit, changed = self.recorded(record), []
        for move in reversed(edit.moves):
            if move.target.exists() and not os.path.lexists(move.source):
                move.target.rename(move.source)
                tidy(move.target.parent)
            elif move.target.exists():
                changed.append(move.source)
        for write in reversed(edit.writes):
            present = write.path.read_bytes() if write.path.is_file() else None
            if present == write.after:
                put(write.path, write.before)
            elif present != write.before:
                changed.append(write.path)
        record.unlink(missing_ok=True)
        return changed

    def recorded(self, record: Path) -> Edit:
        if record.parent.resolve() != self.records.resolve() or not record.is_file():
            raise NotFound(
                "dataset.undo", "There is no such change to take back.", "It may have been taken back before."
            )
        data = json.loads(record.read_bytes())
        writes = (Write(Path(path), plain(before), plain(after)) for path, before, after in data["writes"])
        edit = Edit(tuple(writes), tuple(Move(Path(source), Path(target)) for source, target in data["moves"]))
        self.check(edit)
        return edit

    def check(self, edit: Edit) -> None:
        paths = [write.path for write in edit.writes]
        paths += [path for move in edit.moves for path in (move.source, move.target)]
        for path in paths:
            if not within(path.parent.resolve(), self.roots):
                raise BadRequest(
                    "dataset.outside",
                    f"{path.name} lies outside of the folders that the studio may change.",
                    "Copy it into the studio's folder for datasets.",
                )


def to_write(texts: Mapping[Path, bytes]) -> Edit:
    """Files that hold this already are left alone."""
    writes = (Write(path, path.read_bytes() if path.is_file() else None, after) for path, after in texts.items())
    return Edit(tuple(write for write in writes if write.before != write.after))


def left_out(files: Iterable[Path]) -> Edit:
    """Into the folder `_left_out` beside them, which no scan looks into; a picture takes its captions and mask along."""
    moves: dict[Path, Move] = {}
    taken: set[Path] = set()
    folders: dict[Path, Mapping[Path, Sequence[Path]]] = {}  # each is listed once, however many of its files go
    for file in files:
        if file.parent not in folders:
            folders[file.parent] = by_stem(file.parent)
        for path in (file, *companions(file, folders[file.parent])):
            if path not in moves:
                target = free_name(path.parent / LEFT_OUT / path.name, taken)
                taken.add(target)
                moves[path] = Move(path, target)
    return Edit(moves=tuple(moves.values()))


def free_name(path: Path, taken: set[Path]) -> Path:
    wanted, number = path, 1
    while wanted in taken or os.path.lexists(wanted):
        number += 1
        wanted = path.with_name(f"{path.stem} ({number}){path.suffix}")
    return wanted


def put(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink(missing_ok=True)
    else:
        replace_bytes(path, content)


def replace_bytes(path: Path, content: bytes) -> None:
    """The old file or the new one, never half of it. A link is replaced, not followed."""
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def rename_to_new(source: Path, target: Path) -> None:
    if os.path.lexists(target):
        raise FileExistsError(target.name)
    source.rename(target)


def tidy(folder: Path) -> None:
    if folder.name == LEFT_OUT and not any(folder.iterdir()):
        folder.rmdir()


def noted(edit: Edit) -> dict[str, list[list[str | None]]]:
    return {
        "writes": [[str(write.path), coded(write.before), coded(write.after)] for write in edit.writes],
        "moves": [[str(move.source), str(move.target)] for move in edit.moves],
    }


def coded(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode()


def plain(content: str | None) -> bytes | None:
    return None if content is None else base64.b64decode(content)
