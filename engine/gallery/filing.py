"""How a picture's files and its rows come and go together, whatever fails in between."""

import sqlite3
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from engine.gallery import files, looks
from engine.gallery.names import Names, values_of
from engine.gallery.rows import CHUNK, NewImage, Rows, insert

TABLES = (
    ("catalogue", "number"),
    ("catalogue_tags", "number"),
    ("catalogue_words", "rowid"),
    ("board_pictures", "number"),
    ("looks", "number"),
)


class Filing:
    """The table `loose_files` names files that no row owns (yet, or any more): a name is put there before its file is
    written and taken away together with the row's arrival, so that a crash at any moment leaves nothing that `sweep`
    does not find. turn: held by whoever changes files, one `enter`, `remove` or `sweep` at a time."""

    def __init__(self, rows: Rows, data: Path, names: Names):
        self.turn = threading.Lock()
        self._rows, self._data, self._names = rows, data, names

    def sweep(self) -> int:
        """Remove what crashes and refused deletions left behind; returns how many files were cleared."""
        with self.turn:
            with self._rows.reading() as connection:
                loose = [row["path"] for row in connection.execute("SELECT path FROM loose_files").fetchall()]
            return self._clear(loose)

    def enter(self, new: NewImage, content: bytes, small: bytes) -> None:
        """Give it a name, write both files, then the row. Call while it is your `turn`."""
        new = self._named(new)
        paths = (new.file, new.thumbnail)
        self._announce(paths)
        try:
            files.write(self._data / new.file, content)
            files.write(self._data / new.thumbnail, small)
            with self._rows.writing() as connection:
                looks.put(connection, insert(connection, new), small)
                connection.execute("DELETE FROM loose_files WHERE path IN (?, ?)", paths)
        except BaseException:
            self._clear(paths)
            raise

    def enter_trace(self, image_id: str, content: bytes) -> None:
        """After the picture, which a crash in between leaves whole and without its steps. Call in your `turn`."""
        name = f"traces/{image_id[:4]}/{image_id}.json"
        self._announce((name,))
        try:
            files.write(self._data / name, content)
            with self._rows.writing() as connection:
                connection.execute("UPDATE images SET trace = ? WHERE id = ?", (name, image_id))
                connection.execute("DELETE FROM loose_files WHERE path = ?", (name,))
        except BaseException:
            self._clear((name,))
            raise

    def remove(self, ids: Sequence[str], trashed: bool = False) -> int:
        """The rows go first; a file that the disk does not let go is tried again by `sweep`. Returns how many went.

        trashed: only what still lies in the trash."""
        gone = 0
        for start in range(0, len(ids), CHUNK):
            chunk = ids[start : start + CHUNK]
            with self.turn:
                with self._rows.writing() as connection:
                    rows = connection.execute(
                        "SELECT number, id, file, thumbnail, trace FROM images JOIN catalogue USING (id) WHERE"
                        f" id IN ({', '.join('?' * len(chunk))}) AND (trashed IS NOT NULL OR NOT ?)",
                        (*chunk, trashed),
                    ).fetchall()
                    paths = [path for row in rows for path in (row["file"], row["thumbnail"], row["trace"]) if path]
                    connection.executemany("INSERT OR IGNORE INTO loose_files VALUES (?)", [(path,) for path in paths])
                    for row in rows:
                        connection.execute("DELETE FROM images WHERE id = ?", (row["id"],))
                        for table, key in TABLES:
                            connection.execute(f"DELETE FROM {table} WHERE {key} = ?", (row["number"],))
                self._clear(paths)
                gone += len(rows)
        return gone

    def tidy(self) -> None:
        """Remove empty folders of pictures."""
        with self.turn:
            for root in ("outputs", "thumbnails", "traces"):
                folders = [path for path in (self._data / root).rglob("*") if path.is_dir()]
                for folder in sorted(folders, reverse=True):
                    with suppress(OSError):  # it is not empty
                        folder.rmdir()

    def _named(self, new: NewImage) -> NewImage:
        """By the template; where a file of an earlier time lies there already, with the id behind."""
        with self._rows.reading() as connection:
            last = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'catalogue'").fetchone()
        counter, facts = (last["seq"] if last else 0) + 1, new.facts
        name = self._names.of(
            values_of(new.created, new.id, counter, facts.seed, facts.model, facts.sampler, facts.steps, facts.prompt)
        )
        ending = files.ENDINGS[new.format]
        if (self._data / f"outputs/{name}{ending}").exists() or (self._data / f"thumbnails/{name}.webp").exists():
            name = f"{name}-{new.id}"
        return replace(new, file=f"outputs/{name}{ending}", thumbnail=f"thumbnails/{name}.webp")

    def _announce(self, paths: Sequence[str]) -> None:
        try:
            with self._rows.writing() as connection:
                connection.executemany("INSERT INTO loose_files VALUES (?)", [(path,) for path in paths])
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
                raise files.disk_full() from error
            raise

    def _clear(self, paths: Sequence[str]) -> int:
        """Remove loose files; what could not be removed stays announced."""
        gone = [path for path in paths if files.remove(self._data / path)]
        try:
            with self._rows.writing() as connection:
                connection.executemany("DELETE FROM loose_files WHERE path = ?", [(path,) for path in gone])
        except sqlite3.OperationalError:
            return 0  # a full disk: the names stay, and sweeping a missing file does no harm
        return len(gone)
