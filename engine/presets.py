"""Presets: settings under a name, with a small picture of what they draw; a few are built in."""

import base64
import binascii
import io
import json
import sqlite3
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from engine.database import connect, transaction
from engine.errors import BadRequest, NotFound
from engine.job import new_id
from engine.picture.open import open_safe
from engine.request.read import read
from engine.request.schema import flat

TABLE = """
CREATE TABLE IF NOT EXISTS presets (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, preset TEXT NOT NULL, thumbnail BLOB,
    changed REAL NOT NULL, UNIQUE (owner, name));
"""
MOST, LONGEST_NAME, THUMBNAIL = 500, 80, 320
EXACT_IN_JAVASCRIPT = 2**53

# Read-only; the page translates their names by their ids.
BUILT_IN: dict[str, tuple[str, dict[str, Any]]] = {
    "ideas": ("Four quick ideas", {"steps": 12, "sampler": "DPM++ 2M", "schedule": "Karras", "count": 4, "seed": "-1"}),
    "fine": ("Fine", {"steps": 40, "sampler": "DPM++ 2M", "schedule": "Karras", "count": 1}),
    "faithful": ("Close to the prompt", {"guidance": 9.0, "steps": 30}),
    "free": ("Free hand", {"guidance": 3.0, "sampler": "Euler a", "steps": 30}),
    "a1111": (
        "As AUTOMATIC1111 draws",
        {
            "sampler": "DPM++ 2M",
            "schedule": "Karras",
            "steps": 20,
            "guidance": 7.0,
            "arithmetic": "AUTOMATIC1111",
            "noise_source": "CPU",
            "clip_skip": 1,
        },
    ),
}


@dataclass(frozen=True)
class Preset:
    """values: parameters by name, as a form takes them. changed: seconds since 1970."""

    id: str
    name: str
    values: dict[str, Any]
    changed: float = 0.0
    pictured: bool = False
    built_in: bool = False


class Presets:
    """owner None: everybody's, as in the gallery of one's own machine."""

    def __init__(self, data: Path):
        self._connection = connect(data / "atelier.db")
        self._lock = threading.Lock()
        with self._lock:
            self._connection.executescript(TABLE)

    def all(self, owner: str | None) -> list[Preset]:
        """The visitor's by name, then those that are built in."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT *, thumbnail IS NOT NULL AS pictured FROM presets WHERE ? IS NULL OR owner = ?"
                " ORDER BY name COLLATE NOCASE",
                (owner, owner),
            ).fetchall()
        built_in = [Preset(key, name, values, built_in=True) for key, (name, values) in BUILT_IN.items()]
        return [*map(preset_of, rows), *built_in]

    def get(self, preset_id: str, owner: str | None) -> Preset:
        return preset_of(self._row(preset_id, owner))

    def thumbnail(self, preset_id: str, owner: str | None) -> bytes:
        """A WebP. Raises NotFound where there is none."""
        picture = self._row(preset_id, owner)["thumbnail"]
        if picture is None:
            raise unknown()
        return picture

    def add(self, owner: str, name: str, values: Mapping[str, Any], thumbnail: bytes | None = None) -> Preset:
        """Raises BadRequest for a name that is taken, or for a value that no request takes."""
        name, kept, fresh = tidy_name(name), checked(values), new_id()
        with self._lock, transaction(self._connection) as db:
            make_room(db, owner, 1)
            try:
                db.execute(
                    "INSERT INTO presets VALUES (?, ?, ?, ?, ?, ?)",
                    (fresh, owner, name, json.dumps(kept), thumbnail, time.time()),
                )
            except sqlite3.IntegrityError:
                raise taken(name) from None
        return self.get(fresh, owner)

    def change(
        self,
        preset_id: str,
        owner: str | None,
        *,
        name: str | None = None,
        values: Mapping[str, Any] | None = None,
        thumbnail: bytes | None = None,
    ) -> Preset:
        """What is given is overwritten."""
        self._row(preset_id, owner)
        changes: dict[str, Any] = {"changed": time.time()}
        if name is not None:
            changes["name"] = tidy_name(name)
        if values is not None:
            changes["preset"] = json.dumps(checked(values))
        if thumbnail is not None:
            changes["thumbnail"] = thumbnail
        columns = ", ".join(f"{column} = ?" for column in changes)
        with self._lock:
            try:
                self._connection.execute(f"UPDATE presets SET {columns} WHERE id = ?", (*changes.values(), preset_id))
            except sqlite3.IntegrityError:
                raise taken(str(changes.get("name"))) from None
        return self.get(preset_id, owner)

    def remove(self, preset_id: str, owner: str | None) -> None:
        self._row(preset_id, owner)
        with self._lock:
            self._connection.execute("DELETE FROM presets WHERE id = ?", (preset_id,))

    def exported(self, owner: str | None) -> dict[str, Any]:
        """All that the visitor saved, to be read by `import_`."""
        found = []
        for preset in self.all(owner):
            if preset.built_in:
                continue
            row: dict[str, Any] = {"name": preset.name, "values": preset.values}
            if preset.pictured:
                row["thumbnail"] = base64.b64encode(self.thumbnail(preset.id, owner)).decode()
            found.append(row)
        return {"atelier_presets": 1, "presets": found}

    def import_(self, owner: str, content: Any) -> list[Preset]:
        """All or none are judged first; a name that is taken gets a number."""
        rows = content.get("presets") if isinstance(content, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows) or len(rows) > MOST:
            raise BadRequest("preset.file", "This file holds no presets.", "Choose a file that was exported here.")
        judged = [
            (tidy_name(row.get("name")), checked(row.get("values")), picture_of(row.get("thumbnail"))) for row in rows
        ]
        names = {preset.name for preset in self.all(owner) if not preset.built_in}
        with self._lock:
            make_room(self._connection, owner, len(judged))
        made = []
        for name, values, thumbnail in judged:
            free = unused(name, names)
            names.add(free)
            made.append(self.add(owner, free, values, thumbnail))
        return made

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _row(self, preset_id: str, owner: str | None) -> sqlite3.Row:
        if preset_id in BUILT_IN:
            raise BadRequest("preset.built_in", "This preset is built in.", "Save it under another name to change it.")
        with self._lock:
            row = self._connection.execute(
                "SELECT *, thumbnail IS NOT NULL AS pictured FROM presets WHERE id = ? AND (? IS NULL OR owner = ?)",
                (preset_id, owner, owner),
            ).fetchone()
        if row is None:
            raise unknown()
        return row


def make_room(db: sqlite3.Connection, owner: str, more: int) -> None:
    """Raises BadRequest where an owner's presets would become too many."""
    if db.execute("SELECT COUNT(*) FROM presets WHERE owner = ?", (owner,)).fetchone()[0] + more > MOST:
        raise BadRequest("preset.many", f"There would be more than {MOST} presets.", "Delete some of them.", most=MOST)


def preset_of(row: sqlite3.Row) -> Preset:
    return Preset(row["id"], row["name"], json.loads(row["preset"]), row["changed"], bool(row["pictured"]))


def checked(values: Any) -> dict[str, Any]:
    """Those of the values that are given, as a request reads them; raises BadRequest."""
    if not isinstance(values, Mapping) or not values:
        raise BadRequest("preset.empty", "This preset holds no settings.", "Choose at least one field.")
    known = {"control": [], **flat(read(values))}
    return {name: as_form(known[name]) for name in values if name in known and name != "start"}


def as_form(value: Any) -> Any:
    """A browser's numbers are exact only up to 2**53."""
    return str(value) if isinstance(value, int) and abs(value) > EXACT_IN_JAVASCRIPT else value


def tidy_name(name: Any) -> str:
    text = " ".join(name.split()) if isinstance(name, str) else ""
    text = text.encode("utf-8", "replace").decode()
    if not 1 <= len(text) <= LONGEST_NAME:
        raise BadRequest(
            "preset.name",
            f"A preset's name has 1 to {LONGEST_NAME} letters.",
            "Give it another name.",
            longest=LONGEST_NAME,
        )
    return text


def unused(name: str, taken: set[str]) -> str:
    free, n = name, 2
    while free in taken:
        end = f" ({n})"
        free, n = name[: LONGEST_NAME - len(end)] + end, n + 1
    return free


def picture_of(text: Any) -> bytes | None:
    """A picture from an exported file, drawn anew: it may come from anywhere."""
    if not text:
        return None
    try:
        data = base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest(
            "preset.file", "This file holds no presets.", "Choose a file that was exported here."
        ) from None
    small = open_safe(data).convert("RGB")
    small.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    webp = io.BytesIO()
    small.save(webp, "WEBP", quality=82)
    return webp.getvalue()


def taken(name: str) -> BadRequest:
    return BadRequest("preset.taken", f"There is a preset '{name}' already.", "Give it another name.", name=name)


def unknown() -> NotFound:
    return NotFound("preset.unknown", "There is no such preset.", "It may have been deleted already.")
