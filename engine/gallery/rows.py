"""Pictures as rows: what is put in, what comes out, and that all tables agree."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from engine.database import connect, transaction
from engine.gallery import schema
from engine.gallery.files import disk_full
from engine.gallery.words import findable
from engine.held import Held
from engine.request.generation import GenerationRequest

CHUNK = 500  # rows that one statement names; SQLite has a bound


@dataclass(frozen=True)
class GalleryImage:
    """request: of this picture alone (one picture, its own seed); of an imported one as much as could be read.
    seed: text, as it may be larger than 2**53, and "" when unknown. trashed: when. trace: whether its steps were kept.
    outside: bytes that differ from the source's outside the mask; None where there was no mask. restored: the steps that
    it went through, as its file tells them; source: SHA-256 of the file that it was before.
    made_with: versions, device and the like (engine/denoise/made_with.py); None where they were not recorded. held: why the
    safety checker held it back; its file shows a veil then."""

    id: str
    job: str
    index: int
    owner: str
    created: float
    width: int
    height: int
    prompt: str
    seed: str
    checkpoint: str
    sampler: str
    steps: int
    infotext: str
    seconds: float
    request: GenerationRequest
    stars: int
    tags: tuple[str, ...]
    trashed: float | None
    format: str
    imported: bool
    trace: bool
    name: str
    outside: int | None
    restored: str
    source: str
    made_with: dict[str, Any] | None
    held: Held | None


@dataclass(frozen=True)
class Facts:
    """What the gallery lists and finds a picture by, from the request or from a foreign picture's text."""

    prompt: str
    negative_prompt: str
    seed: str
    model: str
    sampler: str
    steps: int


@dataclass(frozen=True)
class NewImage:
    """A row to be put in: `insert` is the door for one as for a hundred thousand in one transaction.

    file, thumbnail: below the data folder, with slashes. name: of an imported file. outside, restored, source, held: as in GalleryImage."""

    id: str
    job: str
    index: int
    owner: str
    created: float
    width: int
    height: int
    seconds: float
    infotext: str
    request: GenerationRequest
    facts: Facts
    file: str
    thumbnail: str
    format: str
    sha256: str | None
    name: str = ""
    imported: bool = False
    outside: int | None = None
    restored: str = ""
    source: str = ""
    made_with: str | None = None
    held: Held | None = None


class Rows:
    """data/atelier.db: one connection that writes, and one that reads meanwhile. version counts what was written."""

    def __init__(self, data: Path):
        self.version = 0
        self._writer, self._reader = connect(data / "atelier.db"), connect(data / "atelier.db")
        self._reader.execute("PRAGMA cache_size = -32000")  # kB: the indexes of a hundred thousand pictures
        self._writing, self._reading = threading.Lock(), threading.Lock()
        schema.prepare(self._writer)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """All of the block or nothing. Raises DiskFull."""
        try:
            with self._writing, transaction(self._writer):
                yield self._writer
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                raise disk_full() from error
            raise
        finally:
            self.version += 1

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        with self._reading:
            yield self._reader

    def build_indexes(self) -> None:
        with self._writing:
            self._writer.executescript(schema.INDEXES)

    def close(self) -> None:
        with self._writing, self._reading:
            self._reader.close()
            self._writer.close()


def facts_of(request: GenerationRequest) -> Facts:
    words, sampling = request.words, request.sampling
    model = request.model.checkpoint
    return Facts(words.prompt, words.negative_prompt, str(sampling.seed), model, sampling.sampler, sampling.steps)


def insert(connection: sqlite3.Connection, new: NewImage) -> int:
    """Its number in the catalogue."""
    facts = new.facts
    longer = facts.prompt if facts.prompt != new.request.words.prompt else None
    connection.execute(
        "INSERT INTO images (id, job, idx, owner, created, width, height, seed, seconds, infotext, request, file,"
        f" thumbnail, format, imported, name, prompt, outside, restored, source, made_with, held) VALUES ({', '.join('?' * 22)})",
        (
            *(new.id, new.job, new.index, new.owner, new.created, new.width, new.height, facts.seed, new.seconds),
            *(new.infotext, new.request.model_dump_json(), new.file, new.thumbnail, new.format, new.imported),
            *(new.name, longer, new.outside, new.restored, new.source, new.made_with),
            new.held and new.held.model_dump_json(),
        ),
    )
    number = connection.execute(
        "INSERT INTO catalogue (id, owner, created, width, height, seed, model, sampler, steps, sha256)"
        f" VALUES ({', '.join('?' * 10)})",
        (
            *(new.id, new.owner, new.created, new.width, new.height, schema.order_of(facts.seed or None)),
            *(facts.model, facts.sampler, facts.steps, new.sha256),
        ),
    ).lastrowid
    number = number or 0
    schema.give_kinds(connection, [number])
    index_words(connection, number, facts, new.infotext, new.name or new.file)
    return number


def index_words(connection: sqlite3.Connection, number: int, facts: Facts, infotext: str, name: str) -> None:
    text = findable(facts.prompt, facts.negative_prompt, infotext, PurePosixPath(name).stem)
    connection.execute("INSERT INTO catalogue_words (rowid, text) VALUES (?, ?)", (number, text))


def fetch(connection: sqlite3.Connection, numbers: Sequence[int]) -> list[GalleryImage]:
    """In this order; a number that has gone meanwhile is left out."""
    found: dict[int, sqlite3.Row] = {}
    tags: dict[int, list[str]] = {}
    for start in range(0, len(numbers), CHUNK):
        chunk = numbers[start : start + CHUNK]
        marks = ", ".join("?" * len(chunk))
        for row in connection.execute(
            "SELECT images.*, catalogue.number, catalogue.model, catalogue.sampler, catalogue.steps, catalogue.stars,"
            f" catalogue.trashed FROM catalogue JOIN images USING (id) WHERE catalogue.number IN ({marks})",
            chunk,
        ):
            found[row["number"]] = row
        for row in connection.execute(
            f"SELECT number, tag FROM catalogue_tags WHERE number IN ({marks}) ORDER BY tag", chunk
        ):
            tags.setdefault(row["number"], []).append(row["tag"])
    return [image_of(found[number], tags.get(number, ())) for number in numbers if number in found]


def numbers_of(connection: sqlite3.Connection, ids: Sequence[str], owner: str | None) -> dict[str, int]:
    """id -> number of those that are there and the owner's."""
    found: dict[str, int] = {}
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        for row in connection.execute(
            f"SELECT id, number, owner FROM catalogue WHERE id IN ({', '.join('?' * len(chunk))})", chunk
        ):
            if owner is None or row["owner"] == owner:
                found[row["id"]] = row["number"]
    return found


def seen(connection: sqlite3.Connection, ids: Sequence[str], owner: str | None) -> dict[str, int]:
    """id -> number of those that the owner may look at: their own, and what others share on a board."""
    found = numbers_of(connection, ids, owner)
    others = [image_id for image_id in ids if image_id not in found] if owner is not None else []
    for start in range(0, len(others), CHUNK):
        chunk = others[start : start + CHUNK]
        found |= {
            row["id"]: row["number"]
            for row in connection.execute(
                f"SELECT id, number FROM catalogue WHERE id IN ({', '.join('?' * len(chunk))}) AND trashed IS NULL"
                " AND EXISTS (SELECT 1 FROM board_pictures JOIN boards ON boards.id = board"
                " WHERE board_pictures.number = catalogue.number AND own AND shared)",
                chunk,
            )
        }
    return found


def image_of(row: sqlite3.Row, tags: Sequence[str]) -> GalleryImage:
    request = GenerationRequest.model_validate_json(row["request"])
    told = facts_of(request)
    unread = row["model"] is None
    return GalleryImage(
        id=row["id"],
        job=row["job"],
        index=row["idx"],
        owner=row["owner"],
        created=row["created"],
        width=row["width"],
        height=row["height"],
        prompt=told.prompt if row["prompt"] is None else row["prompt"],
        seed=row["seed"],
        checkpoint=told.model if unread else row["model"],
        sampler=told.sampler if unread else row["sampler"],
        steps=told.steps if unread else row["steps"],
        infotext=row["infotext"],
        seconds=row["seconds"],
        request=request,
        stars=row["stars"],
        tags=tuple(tags),
        trashed=row["trashed"],
        format=row["format"],
        imported=bool(row["imported"]),
        trace=row["trace"] is not None,
        name=row["name"],
        outside=row["outside"],
        restored=row["restored"],
        source=row["source"],
        made_with=json.loads(row["made_with"]) if row["made_with"] else None,
        held=held_of(row["held"]),
    )


def held_of(text: str | None) -> Held | None:
    return Held.model_validate_json(text) if text else None
