"""The tables of people: one connection that writes, and one that reads without ever waiting for it."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.database import connect, transaction

TABLES = """
CREATE TABLE IF NOT EXISTS users (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, folded TEXT NOT NULL UNIQUE, hash TEXT, role TEXT NOT NULL
        CHECK (role IN ('viewer', 'artist', 'admin')),
    weight REAL NOT NULL DEFAULT 1, cost_per_day REAL, jobs_waiting INTEGER, disabled INTEGER NOT NULL DEFAULT 0,
    created REAL NOT NULL, code TEXT, code_until REAL);
CREATE TABLE IF NOT EXISTS sessions (
    secret TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users (id), created REAL NOT NULL, seen REAL NOT NULL,
    address TEXT NOT NULL, agent TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS sessions_of ON sessions (user);
CREATE TABLE IF NOT EXISTS tokens (
    id TEXT PRIMARY KEY, secret TEXT NOT NULL UNIQUE, user TEXT NOT NULL REFERENCES users (id), name TEXT NOT NULL,
    scope TEXT NOT NULL, created REAL NOT NULL, expires REAL, used REAL);
CREATE INDEX IF NOT EXISTS tokens_of ON tokens (user);
CREATE TABLE IF NOT EXISTS audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, target TEXT NOT NULL,
    address TEXT NOT NULL, result TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS audit_is_not_changed BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is only written on'); END;
CREATE TRIGGER IF NOT EXISTS audit_is_not_cut BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is only written on'); END;
"""


class Ledger:
    """Safe to use from several threads, and beside other processes: a command changes people while the studio runs."""

    def __init__(self, data: Path):
        self._writing, self._reading = connect(data / "atelier.db"), connect(data / "atelier.db")
        self._write_lock, self._read_lock = threading.Lock(), threading.Lock()
        with self._write_lock:
            self._writing.executescript(TABLES)

    def one(self, query: str, *values: Any) -> sqlite3.Row | None:
        with self._read_lock:
            return self._reading.execute(query, values).fetchone()

    def all(self, query: str, *values: Any) -> Sequence[sqlite3.Row]:
        with self._read_lock:
            return self._reading.execute(query, values).fetchall()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """All of the block or nothing; on the disk after it."""
        with self._write_lock, transaction(self._writing) as db:
            yield db

    def close(self) -> None:
        with self._write_lock:
            self._writing.close()
        with self._read_lock:
            self._reading.close()
