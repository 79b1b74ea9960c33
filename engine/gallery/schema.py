"""The gallery's tables, and how a data folder of an older studio gets them without waiting."""

import sqlite3
from collections.abc import Sequence

from engine.database import transaction

IMAGES = """
CREATE TABLE IF NOT EXISTS images (
    id TEXT PRIMARY KEY, job TEXT NOT NULL, idx INTEGER NOT NULL, owner TEXT NOT NULL, created REAL NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL, seed TEXT NOT NULL, seconds REAL NOT NULL,
    infotext TEXT NOT NULL, request TEXT NOT NULL, file TEXT NOT NULL, thumbnail TEXT NOT NULL,
    UNIQUE (job, idx));
CREATE TABLE IF NOT EXISTS loose_files (path TEXT PRIMARY KEY);
DROP INDEX IF EXISTS images_newest;
DROP INDEX IF EXISTS images_newest_of;
"""
# Columns that came later. trace: the file in which the picture's steps were kept. name: of the imported file.
# prompt: only where it is longer than a request may hold. outside: bytes changed outside the mask, where there was one.
# held: JSON, why the safety checker held it back. made_with: JSON, what else may change its last bits. restored: the steps that a picture went through, in words; source: SHA-256 of the file that it was before.
ADDED = {
    "format": "TEXT NOT NULL DEFAULT 'png'",
    "held": "TEXT",
    "imported": "INTEGER NOT NULL DEFAULT 0",
    "made_with": "TEXT",
    "name": "TEXT NOT NULL DEFAULT ''",
    "outside": "INTEGER",
    "prompt": "TEXT",
    "restored": "TEXT NOT NULL DEFAULT ''",
    "source": "TEXT NOT NULL DEFAULT ''",
    "trace": "TEXT",
}
# What is searched by, apart from what is kept: a row here is 150 bytes, one in `images` some thousand. model is NULL
# until an older studio's row has been read (upkeep.py). AUTOINCREMENT: no number is ever given twice.
# kind: model, sampler, width and height as one number, since a hundred thousand of those are counted in no time.
# The words are not cut into trigrams, which find nothing shorter than three letters: see words.py.
CATALOGUE = """
CREATE TABLE IF NOT EXISTS catalogue (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, created REAL NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL, seed INTEGER NOT NULL, model TEXT, sampler TEXT, steps INTEGER,
    stars INTEGER NOT NULL DEFAULT 0, trashed REAL, sha256 TEXT, kind INTEGER);
CREATE TABLE IF NOT EXISTS catalogue_kinds (
    kind INTEGER PRIMARY KEY, model TEXT, sampler TEXT, width INTEGER NOT NULL, height INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS catalogue_kinds_of ON catalogue_kinds (width, height, model, sampler);
CREATE INDEX IF NOT EXISTS catalogue_sha256 ON catalogue (sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX IF NOT EXISTS catalogue_unhashed ON catalogue (seed) WHERE sha256 IS NULL;
CREATE INDEX IF NOT EXISTS catalogue_unread ON catalogue (number) WHERE model IS NULL;
CREATE TABLE IF NOT EXISTS catalogue_tags (tag TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (tag, number))
    WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS catalogue_tags_of ON catalogue_tags (number);
CREATE VIRTUAL TABLE IF NOT EXISTS catalogue_words
    USING fts5 (text, columnsize = 0, prefix = '1 2', tokenize = "unicode61 remove_diacritics 2");
"""
# own: whether the picture is the board's owner's; where everything is everybody's, a board may hold others' as well, and
# sharing it later does not show those.
BOARDS = """
CREATE TABLE IF NOT EXISTS boards (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, shared INTEGER NOT NULL DEFAULT 0,
    by TEXT NOT NULL DEFAULT '', created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS board_pictures (
    board TEXT NOT NULL, number INTEGER NOT NULL, own INTEGER NOT NULL, PRIMARY KEY (board, number)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS board_pictures_of ON board_pictures (number, own);
CREATE TABLE IF NOT EXISTS looks (number INTEGER PRIMARY KEY, look BLOB NOT NULL);
"""
# Each holds all that is filtered by, so that no search touches the rows themselves: the first in the order of pages,
# the second for counts.
INDEXES = """
DROP INDEX IF EXISTS catalogue_newest;
DROP INDEX IF EXISTS catalogue_facets;
CREATE INDEX IF NOT EXISTS catalogue_by_time ON catalogue (trashed, created, id, owner, kind, seed, stars);
CREATE INDEX IF NOT EXISTS catalogue_by_kind ON catalogue (trashed, kind, stars, owner, created, seed);
"""
NO_SEED = 2**63 - 1


def order_of(seed: str | int | None) -> int:
    """Seeds up to 2**64 - 1 as SQLite's signed integers, in the same order; pictures without one come last."""
    try:
        return min(max(int(seed), 0), 2**64 - 1) - 2**63 if seed is not None else NO_SEED
    except ValueError:
        return NO_SEED


def prepare(connection: sqlite3.Connection) -> None:
    """Tables as they are today. An older studio's pictures are all listed at once; `upkeep` reads them afterwards."""
    connection.executescript(IMAGES)
    there = {row["name"] for row in connection.execute("PRAGMA table_info(images)")}
    for name, kind in ADDED.items():
        if name not in there:
            connection.execute(f"ALTER TABLE images ADD COLUMN {name} {kind}")
    connection.executescript(CATALOGUE + BOARDS)
    if "kind" not in {row["name"] for row in connection.execute("PRAGMA table_info(catalogue)")}:
        with transaction(connection):
            connection.execute("ALTER TABLE catalogue ADD COLUMN kind INTEGER")
            give_kinds(connection)
    if not enter_old(connection) and not unread(connection):
        connection.executescript(INDEXES)


def enter_old(connection: sqlite3.Connection) -> int:
    """Give the pictures of an older studio, the oldest first, a line in the catalogue; returns how many."""
    counts = "SELECT (SELECT count(*) FROM images) - (SELECT count(*) FROM catalogue)"
    if connection.execute(counts).fetchone()[0] <= 0:
        return 0
    connection.create_function("order_of", 1, order_of, deterministic=True)
    with transaction(connection):
        entered = connection.execute(
            "INSERT INTO catalogue (id, owner, created, width, height, seed) "
            "SELECT id, owner, created, width, height, order_of(seed) FROM images "
            "WHERE id NOT IN (SELECT id FROM catalogue) ORDER BY created, id"
        ).rowcount
        give_kinds(connection)
        return entered


def give_kinds(connection: sqlite3.Connection, numbers: Sequence[int] | None = None) -> None:
    """Set `kind` in these rows, or in all that have none."""
    which, values = (
        ("kind IS NULL", ()) if numbers is None else (f"number IN ({', '.join('?' * len(numbers))})", numbers)
    )
    known = (
        "(SELECT kind FROM catalogue_kinds AS known WHERE known.model IS catalogue.model AND known.sampler IS"
        " catalogue.sampler AND known.width = catalogue.width AND known.height = catalogue.height)"
    )
    connection.execute(
        "INSERT INTO catalogue_kinds (model, sampler, width, height) SELECT DISTINCT model, sampler, width, height"
        f" FROM catalogue WHERE {which} AND NOT EXISTS {known}",
        values,
    )
    connection.execute(f"UPDATE catalogue SET kind = {known} WHERE {which}", values)


def unread(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM catalogue WHERE model IS NULL LIMIT 1").fetchone() is not None
