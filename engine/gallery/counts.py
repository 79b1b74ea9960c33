"""Answers that take some counting, remembered until something is written."""

import sqlite3
from collections.abc import Callable
from typing import Any

from engine.gallery.rows import Rows
from engine.gallery.search import Filters

MOST = 200  # answers


class Counts:
    def __init__(self, rows: Rows):
        self._rows = rows
        self._known: dict[tuple[object, ...], tuple[int, Any]] = {}

    def of(
        self, count: Callable[[sqlite3.Connection, str | None, Filters], Any], owner: str | None, filters: Filters
    ) -> Any:
        """What `count` answers of these pictures."""
        key, version = (count, owner, filters), self._rows.version
        known = self._known.get(key)
        if known and known[0] == version:
            return known[1]
        with self._rows.reading() as connection:
            counted = count(connection, owner, filters)
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[key] = version, counted
        return counted
