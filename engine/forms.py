"""What each visitor's form held last, so that a reload or another tab finds it again; their API's options the same way."""

import json
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

from engine.database import connect, transaction
from engine.errors import BadRequest

TABLE = "CREATE TABLE IF NOT EXISTS {} (owner TEXT PRIMARY KEY, form TEXT NOT NULL, changed REAL NOT NULL)"
LONGEST = 256 * 1024  # characters of JSON


class Forms:
    """Values by name, as loose as a half-filled form is; `engine.request.read` judges them on submission.

    table: where in data/atelier.db."""

    def __init__(self, data: Path, table: str = "forms"):
        self._table = table
        self._connection = connect(data / "atelier.db")
        self._lock = threading.Lock()
        with self._lock:
            self._connection.execute(TABLE.format(table))

    def get(self, owner: str) -> dict[str, Any]:
        """{} when there is none."""
        with self._lock:
            row = self._row(owner)
        return json.loads(row["form"]) if row else {}

    def put(self, owner: str, values: dict[str, Any]) -> None:
        form = written(values)
        with self._lock:
            self._write(owner, form)

    def change(self, owner: str, values: dict[str, Any]) -> None:
        """Values that are not named stay: two tabs of one visitor do not undo each other's."""
        written(values)
        with self._lock, transaction(self._connection):
            row = self._row(owner)
            self._write(owner, written({**(json.loads(row["form"]) if row else {}), **values}))

    def _write(self, owner: str, form: str) -> None:
        self._connection.execute(f"INSERT OR REPLACE INTO {self._table} VALUES (?, ?, ?)", (owner, form, time.time()))

    def _row(self, owner: str) -> sqlite3.Row | None:
        return self._connection.execute(f"SELECT form FROM {self._table} WHERE owner = ?", (owner,)).fetchone()

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def written(values: dict[str, Any]) -> str:
    try:
        form = json.dumps(values, allow_nan=False)
    except (TypeError, ValueError):
        raise BadRequest("form.value", "The form holds a value that is neither text nor a number.") from None
    if len(form) > LONGEST:
        raise BadRequest("form.long", "The form holds too much text.", "Shorten the prompt.")
    return form
