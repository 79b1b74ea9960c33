"""The gallery: every finished picture with what it was made from, newest first, each with its owner."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.database import connect, transaction
from engine.errors import BadRequest, NotFound
from engine.events import Made
from engine.gallery import files
from engine.job import Job, new_id
from engine.request.generation import GenerationRequest

TABLES = """
CREATE TABLE IF NOT EXISTS images (
    id TEXT PRIMARY KEY, job TEXT NOT NULL, idx INTEGER NOT NULL, owner TEXT NOT NULL, created REAL NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL, seed TEXT NOT NULL, seconds REAL NOT NULL,
    infotext TEXT NOT NULL, request TEXT NOT NULL, file TEXT NOT NULL, thumbnail TEXT NOT NULL,
    UNIQUE (job, idx));
CREATE INDEX IF NOT EXISTS images_newest ON images (created, id);
CREATE INDEX IF NOT EXISTS images_newest_of ON images (owner, created, id);
CREATE TABLE IF NOT EXISTS loose_files (path TEXT PRIMARY KEY);
"""
LATER = {"trace": "TEXT"}  # columns that older studios do not have; trace: the file in which the steps were kept
LARGEST_PAGE = 200


@dataclass(frozen=True)
class GalleryImage:
    """request: of this picture alone (one picture, its own seed). seed: text, as it may be larger than 2**53."""

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
    trace: bool


class Gallery:
    """Rows in data/atelier.db, files below data/. The table `loose_files` names files that no row owns (yet, or any
    more): a name is put there before its file is written and taken away together with the row's arrival, so that a
    crash at any moment leaves nothing that `sweep` does not find."""

    def __init__(self, data: Path):
        self._data = data
        self._connection = connect(data / "atelier.db")
        self._lock = threading.Lock()  # the connection
        self._writing = threading.Lock()  # the files: one keep, delete or sweep at a time
        with self._lock:
            self._connection.executescript(TABLES)
            migrate(self._connection)

    def keep(self, job: Job, made: Made) -> GalleryImage:
        """Store the bytes untouched. A picture of this job and index that is already there is returned as it is."""
        with self._writing:
            known = self._row("SELECT * FROM images WHERE job = ? AND idx = ?", (job.id, made.index))
            if known:
                return image_of(known)
            created, image_id = time.time(), new_id()
            request = job.request.picture(made.index)
            small, (width, height) = files.thumbnail(made.png)
            name = files.name_of(created, request.sampling.seed, image_id)
            file, thumbnail = f"outputs/{name}", f"thumbnails/{Path(name).with_suffix('.webp').as_posix()}"
            self._announce(file, thumbnail)
            try:
                files.write(self._data / file, made.png)
                files.write(self._data / thumbnail, small)
                with self._locked() as connection, transaction(connection):
                    connection.execute(
                        "INSERT INTO images (id, job, idx, owner, created, width, height, seed, seconds, infotext, request,"
                        f" file, thumbnail) VALUES ({', '.join('?' * 13)})",
                        (
                            *(image_id, job.id, made.index, job.owner, created, width, height),
                            *(str(request.sampling.seed), made.seconds, made.infotext),
                            *(request.model_dump_json(), file, thumbnail),
                        ),
                    )
                    connection.execute("DELETE FROM loose_files WHERE path IN (?, ?)", (file, thumbnail))
            except BaseException:
                self._clear(file, thumbnail)
                raise
            if made.trace:
                self._keep_trace(image_id, thumbnail, made.trace)
            return self.get(image_id, None)

    def made(self, job_id: str) -> dict[int, str]:
        """index -> image id of the job's pictures that are stored."""
        with self._locked() as connection:
            rows = connection.execute("SELECT idx, id FROM images WHERE job = ? ORDER BY idx", (job_id,)).fetchall()
        return {row["idx"]: row["id"] for row in rows}

    def page(
        self, owner: str | None, before: str | None = None, limit: int = 48
    ) -> tuple[list[GalleryImage], str | None]:
        """The newest pictures, or those before a cursor; and the cursor of the next page. owner None: everybody's."""
        limit = min(max(limit, 1), LARGEST_PAGE)
        conditions, values = ["1"], []
        if owner is not None:
            conditions.append("owner = ?")
            values.append(owner)
        if before:
            conditions.append("(created, id) < (?, ?)")
            values += place_of(before)
        query = f"SELECT * FROM images WHERE {' AND '.join(conditions)} ORDER BY created DESC, id DESC LIMIT ?"
        with self._locked() as connection:
            rows = connection.execute(query, (*values, limit + 1)).fetchall()
        images = [image_of(row) for row in rows[:limit]]
        return images, cursor_of(images[-1]) if len(rows) > limit else None

    def count(self, owner: str | None) -> int:
        with self._locked() as connection:
            if owner is None:
                return connection.execute("SELECT count(*) FROM images").fetchone()[0]
            return connection.execute("SELECT count(*) FROM images WHERE owner = ?", (owner,)).fetchone()[0]

    def get(self, image_id: str, owner: str | None) -> GalleryImage:
        return image_of(self._owned(image_id, owner))

    def file(self, image_id: str, owner: str | None) -> Path:
        return self._existing(self._owned(image_id, owner)["file"])

    def thumbnail(self, image_id: str, owner: str | None) -> Path:
        return self._existing(self._owned(image_id, owner)["thumbnail"])

    def trace(self, image_id: str, owner: str | None) -> Path:
        """How the picture was made, as engine/denoise/trace.py wrote it."""
        name = self._owned(image_id, owner)["trace"]
        if name is None:
            raise NotFound(
                "trace.none",
                "The steps of this picture were not kept.",
                "Draw it again with 'Keep every step' to watch how it is made.",
            )
        return self._existing(name)

    def delete(self, image_id: str, owner: str | None) -> None:
        """The row goes first; a file that the disk does not let go is tried again by `sweep`."""
        with self._writing:
            row = self._owned(image_id, owner)
            paths = [path for path in (row["file"], row["thumbnail"], row["trace"]) if path]
            with self._locked() as connection, transaction(connection):
                connection.executemany("INSERT OR IGNORE INTO loose_files VALUES (?)", [(path,) for path in paths])
                connection.execute("DELETE FROM images WHERE id = ?", (image_id,))
            self._clear(*paths)

    def sweep(self) -> int:
        """Remove what crashes and refused deletions left behind; returns how many files were cleared."""
        with self._writing:
            with self._locked() as connection:
                loose = [row["path"] for row in connection.execute("SELECT path FROM loose_files").fetchall()]
            return self._clear(*loose)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _keep_trace(self, image_id: str, thumbnail: str, content: bytes) -> None:
        """Beside the thumbnail. After the picture, which a crash in between leaves whole and without its steps."""
        name = Path("traces", *Path(thumbnail).parts[1:]).with_suffix(".json").as_posix()
        self._announce(name)
        try:
            files.write(self._data / name, content)
            with self._locked() as connection, transaction(connection):
                connection.execute("UPDATE images SET trace = ? WHERE id = ?", (name, image_id))
                connection.execute("DELETE FROM loose_files WHERE path = ?", (name,))
        except BaseException:
            self._clear(name)
            raise

    def _announce(self, *paths: str) -> None:
        try:
            with self._locked() as connection, transaction(connection):
                connection.executemany("INSERT INTO loose_files VALUES (?)", [(path,) for path in paths])
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
                raise files.disk_full() from error
            raise

    def _clear(self, *paths: str) -> int:
        """Remove loose files; what could not be removed stays announced."""
        gone = [path for path in paths if files.remove(self._data / path)]
        try:
            with self._locked() as connection:
                connection.executemany("DELETE FROM loose_files WHERE path = ?", [(path,) for path in gone])
        except sqlite3.OperationalError:
            return 0  # a full disk: the names stay, and sweeping a missing file does no harm
        return len(gone)

    def _owned(self, image_id: str, owner: str | None) -> sqlite3.Row:
        row = self._row("SELECT * FROM images WHERE id = ?", (image_id,))
        if row is None or (owner is not None and row["owner"] != owner):
            raise NotFound(
                "image.unknown", "There is no such picture.", "It may have been deleted; reload the gallery."
            )
        return row

    def _existing(self, name: str) -> Path:
        path = self._data / name
        if not path.is_file():
            raise NotFound("image.gone", "The picture's file is gone.", "It was removed from the outputs folder.")
        return path

    def _row(self, query: str, values: tuple[str | int, ...]) -> sqlite3.Row | None:
        with self._locked() as connection:
            return connection.execute(query, values).fetchone()

    @contextmanager
    def _locked(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            yield self._connection


def migrate(connection: sqlite3.Connection) -> None:
    """Give an older studio's table the columns that came later."""
    present = {row["name"] for row in connection.execute("PRAGMA table_info(images)")}
    for name, kind in LATER.items():
        if name not in present:
            connection.execute(f"ALTER TABLE images ADD COLUMN {name} {kind}")


def image_of(row: sqlite3.Row) -> GalleryImage:
    request = GenerationRequest.model_validate_json(row["request"])
    return GalleryImage(
        id=row["id"],
        job=row["job"],
        index=row["idx"],
        owner=row["owner"],
        created=row["created"],
        width=row["width"],
        height=row["height"],
        prompt=request.words.prompt,
        seed=row["seed"],
        checkpoint=request.model.checkpoint,
        sampler=request.sampling.sampler,
        steps=request.sampling.steps,
        infotext=row["infotext"],
        seconds=row["seconds"],
        request=request,
        trace=row["trace"] is not None,
    )


def cursor_of(image: GalleryImage) -> str:
    return f"{image.created!r}_{image.id}"


def place_of(cursor: str) -> tuple[float, str]:
    created, _, image_id = cursor.partition("_")
    try:
        return float(created), image_id
    except ValueError:
        raise BadRequest(
            "page.cursor", "This is not a page of the gallery.", "Start from the first page.", field="before"
        ) from None
