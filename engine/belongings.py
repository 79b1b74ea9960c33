"""Everything of one person: carried away as one zip, or erased so that nothing of it can be read from the data folder."""

import base64
import json
import logging
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.copies import copies
from engine.database import connect, transaction
from engine.gallery.bundle import Entry, zipped
from engine.gallery.rows import CHUNK
from engine.gallery.store import Gallery

DIGEST = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
DAY = 86_400.0
FOLDERS = ("datasets", "edits")
# Told by pictures.jsonl already, or of no use elsewhere.
ELSEWHERE = ("images", "catalogue")
ACCOUNT = ("id", "name", "role", "created")  # no hash and no code leaves with it
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Erased:
    """pictures, inputs: how many; rows: by table; clean: whether the database was written anew without what was erased."""

    pictures: int
    inputs: int
    rows: dict[str, int]
    clean: bool


class Belongings:
    """FOLDERS are one person's alone, by their id, where people are told apart."""

    def __init__(self, data: Path, gallery: Gallery):
        self._data, self._gallery = data, gallery

    # -- carried away

    def carried(self, owner: str) -> Iterator[bytes]:
        """A zip in pieces, as it is read: pictures, what is known of them, rows by table, pictures that were given."""
        with closing(connect(self._data / "atelier.db")) as database:
            yield from zipped(self._entries(database, owner))

    def _entries(self, database: sqlite3.Connection, owner: str) -> Iterator[Entry]:
        now = time.time()
        for row in paged(database, "images", owner):
            path = self._data / row["file"]
            yield Entry(path, f"pictures/{safe(row['name']) or path.name}", row["created"])
        yield Entry(None, "pictures.jsonl", now, lambda: pictures(database, owner))
        for table in owned(database):
            if table not in ELSEWHERE:
                yield Entry(None, f"{table}.jsonl", now, lambda table=table: lines(database, table, owner))
        if account := account_of(database, owner):
            yield Entry(None, "account.json", now, lambda: iter([json.dumps(account).encode()]))
        for digest in sorted(given(database, owner)):
            if (path := self._data / "inputs" / digest).is_file():
                yield Entry(path, f"inputs/{digest}", path.stat().st_mtime)
        for folder in FOLDERS:
            root = self._data / folder / plain(owner)
            for path in sorted(path for path in root.rglob("*") if path.is_file()):
                yield Entry(path, f"{folder}/{path.relative_to(root).as_posix()}", path.stat().st_mtime)

    # -- erased

    def erase(self, owner: str) -> Erased:
        """Files first, then rows, then the database is written anew, and each of its daily copies as well.

        Their jobs must have ended. What others share in stays: a picture given by two people is still the other's."""
        with closing(connect(self._data / "atelier.db")) as database:
            ids = [row["id"] for row in database.execute("SELECT id FROM images WHERE owner = ?", (owner,))]
            mine = given(database, owner)
            pictures = self._gallery.erase(ids)
            with self._gallery.rows.writing() as writing:
                rows = forget(writing, owner)
            inputs = self._let_go(database, mine)
            for folder in FOLDERS:
                shutil.rmtree(self._data / folder / plain(owner), ignore_errors=True)
            for run in self._runs(owner):
                shutil.rmtree(run, ignore_errors=True)
            shutil.rmtree(self._data / "damaged", ignore_errors=True)  # a database that `recover` put aside
            clean = anew(database)
        for copy in copies(self._data):
            clean = forget_copy(copy, owner) and clean
        return Erased(pictures, inputs, rows, clean)

    def _runs(self, owner: str) -> Iterator[Path]:
        """Folders of trainings that have ended."""
        for about in (self._data / "runs").glob("*/about.json"):
            with suppress(OSError, ValueError):
                if json.loads(about.read_text("utf-8")).get("owner") == owner:
                    yield about.parent

    def _let_go(self, database: sqlite3.Connection, mine: set[str]) -> int:
        """Pictures that were given: those of the person that nobody else's rows name, and old ones that nobody names."""
        folder, named = self._data / "inputs", given(database, None)
        gone = 0
        for path in folder.iterdir() if folder.is_dir() else ():
            old = path.stat().st_mtime < time.time() - DAY
            if path.name not in named and (path.name in mine or old):
                with suppress(OSError):
                    path.unlink()
                    gone += 1
        return gone


def paged(database: sqlite3.Connection, table: str, owner: str) -> Iterator[sqlite3.Row]:
    """All rows of the owner, some at a time: no read stays open while somebody's download is slow."""
    last = -1
    while True:
        rows = database.execute(
            f'SELECT *, rowid AS at_row FROM "{table}" WHERE owner = ? AND rowid > ? ORDER BY rowid LIMIT {CHUNK}',
            (owner, last),
        ).fetchall()
        yield from rows
        if len(rows) < CHUNK:
            return
        last = rows[-1]["at_row"]


def owned(database: sqlite3.Connection) -> list[str]:
    """Tables whose rows belong to somebody, whichever part of the studio made them."""
    tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    return [table for table in tables if "owner" in columns(database, table)]


def columns(database: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')]


def lines(database: sqlite3.Connection, table: str, owner: str) -> Iterator[bytes]:
    for row in paged(database, table, owner):
        told = {
            key: base64.b64encode(row[key]).decode() if isinstance(row[key], bytes) else row[key]
            for key in columns(database, table)
        }
        yield json.dumps(told, ensure_ascii=False).encode() + b"\n"


def pictures(database: sqlite3.Connection, owner: str) -> Iterator[bytes]:
    """Each with its recipe, its marks and its boards."""
    tags = "(SELECT json_group_array(tag) FROM catalogue_tags WHERE number = catalogue.number)"
    boards = (
        "(SELECT json_group_array(name) FROM board_pictures JOIN boards ON boards.id = board"
        " WHERE number = catalogue.number)"
    )
    for row in paged(database, "images", owner):
        told: dict[str, Any] = {key: row[key] for key in ("id", "file", "name", "created", "infotext")}
        marks = database.execute(
            f"SELECT stars, trashed, {tags} AS tags, {boards} AS boards FROM catalogue WHERE id = ?", (row["id"],)
        ).fetchone()
        told |= {"stars": marks["stars"], "trashed": marks["trashed"]} if marks else {}
        for key, holder in (("request", row), ("made_with", row), ("held", row), ("tags", marks), ("boards", marks)):
            there = holder[key] if holder and key in holder.keys() else None  # noqa: SIM118 - a folder of before has fewer columns
            told[key] = json.loads(there) if there else None
        yield json.dumps(told, ensure_ascii=False).encode() + b"\n"


def account_of(database: sqlite3.Connection, owner: str) -> dict[str, Any] | None:
    known = [name for name in columns(database, "users") if name in ACCOUNT]
    if "id" not in known:
        return None
    row = database.execute(f"SELECT {', '.join(known)} FROM users WHERE id = ?", (owner,)).fetchone()
    return dict(row) if row else None


def given(database: sqlite3.Connection, owner: str | None) -> set[str]:
    """The SHA-256 of pictures that rows name, of this owner, or of everybody's together."""
    found: set[str] = set()
    where, values = ("", ()) if owner is None else (" WHERE owner = ?", (owner,))
    asked = [(f'SELECT * FROM "{table}"{where}', values) for table in owned(database)]
    if "grid_cells" in tables(database):
        cells = "SELECT request FROM grid_cells JOIN grids ON grids.id = grid"
        asked.append((cells + where, values))
    for query, bound in asked:
        for row in database.execute(query, bound):
            for value in row:
                if isinstance(value, str) and len(value) >= 64:
                    found.update(DIGEST.findall(value))
    return found


def tables(database: sqlite3.Connection) -> set[str]:
    """Their names."""
    return {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def forget(database: sqlite3.Connection, owner: str) -> dict[str, int]:
    """Delete all rows of the owner, in one transaction that is the caller's; how many, by table."""
    there, gone = tables(database), dict[str, int]()
    if "catalogue" in there:
        numbers = [row[0] for row in database.execute("SELECT number FROM catalogue WHERE owner = ?", (owner,))]
        for table, key in (
            ("catalogue_words", "rowid"),
            ("catalogue_tags", "number"),
            ("board_pictures", "number"),
            ("looks", "number"),
        ):
            if table in there:
                database.executemany(f"DELETE FROM {table} WHERE {key} = ?", [(number,) for number in numbers])
    if "boards" in there:
        database.execute("DELETE FROM board_pictures WHERE board IN (SELECT id FROM boards WHERE owner = ?)", (owner,))
    if "grids" in there:
        database.execute("DELETE FROM grid_cells WHERE grid IN (SELECT id FROM grids WHERE owner = ?)", (owner,))
    for table in owned(database):
        if count := database.execute(f'DELETE FROM "{table}" WHERE owner = ?', (owner,)).rowcount:
            gone[table] = count
    return gone


def anew(database: sqlite3.Connection) -> bool:
    """Write the database anew: deleted rows, and words in the index, are still in the file before. False when it could
    not be: the rows are gone, and the next erasure writes it anew."""
    try:
        if "catalogue_words" in tables(database):
            database.execute("INSERT INTO catalogue_words (catalogue_words) VALUES ('optimize')")
        database.execute("VACUUM")
        busy, *_ = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error as error:
        log.warning("the database could not be written anew after an erasure: %s", error)
        return False
    return not busy


def forget_copy(copy: Path, owner: str) -> bool:
    """The same in a daily copy; one that cannot be read any more is deleted, as it could not be put back either."""
    try:
        with closing(sqlite3.connect(copy, isolation_level=None)) as database:
            database.row_factory = sqlite3.Row
            database.execute("PRAGMA journal_mode = DELETE")
            with transaction(database):
                forget(database, owner)
            return anew(database)
    except sqlite3.DatabaseError:
        copy.unlink(missing_ok=True)
        return False


def plain(owner: str) -> str:
    """An id as the name of a folder: any other text names none."""
    return owner if owner.isalnum() else "-"


def safe(name: str) -> str:
    """Of an imported file: no folder, no dots alone."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1].strip()
    return "" if last in ("", ".", "..") else last
