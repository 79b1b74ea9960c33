"""The gallery: every finished picture with its files and rows (long, since both must change hands in one class)."""

import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.errors import BadRequest, NotFound
from engine.events import Made
from engine.gallery import files, incoming, marks, search
from engine.gallery.bundle import Entry, zipped
from engine.gallery.names import DEFAULT, Names, values_of
from engine.gallery.rows import CHUNK, GalleryImage, NewImage, Rows, facts_of, fetch, insert, numbers_of
from engine.gallery.search import Filters
from engine.gallery.selections import Selections
from engine.gallery.upkeep import Upkeep
from engine.job import Job, new_id
from engine.picture.open import open_safe

LARGEST_PAGE = 200
MOST_IDS = 10_000  # in one request
TRASH_DAYS = 30
MOST_COUNTS = 200  # remembered answers
EVERYTHING = Filters()


@dataclass(frozen=True)
class Change:
    """What to do to some pictures; stars None leaves them."""

    stars: int | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()


class Gallery:
    """Rows in data/atelier.db, files below data/. The table `loose_files` names files that no row owns (yet, or any
    more): a name is put there before its file is written and taken away together with the row's arrival, so that a
    crash at any moment leaves nothing that `sweep` does not find.

    owner, everywhere: whose pictures are meant; None: everybody's. names: the template of the files' names."""

    def __init__(self, data: Path, names: str = DEFAULT):
        self._names = Names(names)
        self._data = data
        self._filing = threading.Lock()  # the files: one keep, delete or sweep at a time
        self._counts: dict[tuple[object, ...], tuple[int, Any]] = {}
        self._selections = Selections()
        self.rows = Rows(data)
        self._upkeep = Upkeep(self.rows, self.expire)

    # -- the gallery's life

    def start(self) -> None:
        """Clear away what crashes left, read what an older studio left, and look after the trash from now on."""
        self.sweep()
        self._upkeep.start()

    def close(self) -> None:
        self._upkeep.stop()
        self.rows.close()

    def sweep(self) -> int:
        """Remove what crashes and refused deletions left behind; returns how many files were cleared."""
        with self._filing:
            with self.rows.reading() as connection:
                loose = [row["path"] for row in connection.execute("SELECT path FROM loose_files").fetchall()]
            return self._clear(loose)

    # -- pictures come

    def keep(self, job: Job, made: Made) -> GalleryImage:
        """Store the bytes untouched. A picture of this job and index that is already there is returned as it is."""
        with self._filing:
            known = self._id("SELECT id FROM images WHERE job = ? AND idx = ?", (job.id, made.index))
            if known:
                return self.get(known, None)
            request = job.request.picture(made.index)
            small = files.thumbnail(made.file)
            new = NewImage(
                id=new_id(),
                job=job.id,
                index=made.index,
                owner=job.owner,
                created=time.time(),
                width=small.size[0],
                height=small.size[1],
                seconds=made.seconds,
                infotext=made.infotext,
                request=request,
                facts=facts_of(request),
                file="",
                thumbnail="",
                format=small.format,
                sha256=hashlib.sha256(made.file).hexdigest(),
            )
            image = self._file(new, made.file, small.webp)
            return self._keep_trace(image, made.trace) if made.trace else image

    def take_in(
        self, content: bytes, name: str, owner: str, *, seen_by: str | None, modified: float | None = None
    ) -> tuple[GalleryImage, bool]:
        """A picture from elsewhere, its bytes untouched, and whether it was here already (then out of the trash).

        name: the file's, with folders where they tell the day. seen_by: among whose pictures it may be known;
        modified: when the file was last changed. Raises BadRequest for what is no picture that is kept here."""
        picture = incoming.checked(content)
        digest = hashlib.sha256(content).hexdigest()
        settings = incoming.settings_of(content)
        size = incoming.upright(picture)
        with self._filing:
            known = self._known(content, digest, seen_by, settings.facts.seed, size)
            if known:
                self.restore([known], None)
                return self.get(known, None), True
        opened = open_safe(content)  # says it in words when the picture is damaged
        small = files.shrunk(opened)
        image_id = new_id()
        new = NewImage(
            id=image_id,
            job=image_id,
            index=0,
            owner=owner,
            created=incoming.created_of(picture, name, modified),
            width=opened.width,
            height=opened.height,
            seconds=0,
            infotext=settings.infotext,
            request=settings.request,
            facts=settings.facts,
            file="",
            thumbnail="",
            format=(picture.format or "").lower(),
            sha256=digest,
            name=incoming.plain_name(name),
            imported=True,
        )
        with self._filing:
            known = self._known(content, digest, seen_by, settings.facts.seed, size)  # twice at the same time
            return (self.get(known, None), True) if known else (self._file(new, content, small), False)

    def made(self, job_id: str) -> dict[int, str]:
        """index -> image id of the job's pictures that are stored."""
        with self.rows.reading() as connection:
            rows = connection.execute("SELECT idx, id FROM images WHERE job = ? ORDER BY idx", (job_id,)).fetchall()
        return {row["idx"]: row["id"] for row in rows}

    # -- pictures are looked for

    def page(
        self,
        owner: str | None,
        before: str | None = None,
        limit: int = 48,
        filters: Filters = EVERYTHING,
        sort: str = "newest",
    ) -> tuple[list[GalleryImage], str | None]:
        """The first pictures, or those after a cursor; and the cursor of the next page."""
        limit = min(max(limit, 1), LARGEST_PAGE)
        with self.rows.reading() as connection:
            numbers, following = search.page(connection, owner, filters, sort, before, limit)
            return fetch(connection, numbers), following

    def count(self, owner: str | None, filters: Filters = EVERYTHING) -> int:
        return self._counted("total", search.total, owner, filters)

    def facets(self, owner: str | None, filters: Filters = EVERYTHING) -> dict[str, list[dict[str, Any]]]:
        """For models, samplers, sizes, stars and tags: which values there are, and how many pictures of each."""
        return self._counted("facets", search.facets, owner, filters)

    def get(self, image_id: str, owner: str | None) -> GalleryImage:
        with self.rows.reading() as connection:
            found = fetch(connection, [self._number(connection, image_id, owner)])
        if not found:
            raise unknown()
        return found[0]

    def file(self, image_id: str, owner: str | None) -> Path:
        return self._existing("file", image_id, owner)

    def thumbnail(self, image_id: str, owner: str | None) -> Path:
        return self._existing("thumbnail", image_id, owner)

    def trace(self, image_id: str, owner: str | None) -> Path:
        """How the picture was made, as engine/denoise/trace.py wrote it."""
        if not self.get(image_id, owner).trace:
            raise NotFound(
                "trace.none",
                "The steps of this picture were not kept.",
                "Draw it again with 'Keep every step' to watch how it is made.",
            )
        return self._existing("trace", image_id, owner)

    # -- pictures are marked, thrown away, taken back

    def change(self, ids: Sequence[str], owner: str | None, change: Change) -> int:
        """Returns how many pictures it concerned; those that are gone, or somebody else's, are passed over."""
        added = marks.read_tags(change.add_tags, "add_tags")
        removed = marks.read_tags(change.remove_tags, "remove_tags")
        with self.rows.writing() as connection:
            numbers = numbers_of(connection, some(ids), owner).values()
            if change.stars is not None:
                marks.give_stars(connection, numbers, change.stars)
            marks.add_tags(connection, numbers, added)
            marks.remove_tags(connection, numbers, removed)
        return len(numbers)

    def trash(self, ids: Sequence[str], owner: str | None) -> int:
        """Out of sight, until `restore` or for TRASH_DAYS."""
        return self._set_trashed(ids, owner, time.time())

    def restore(self, ids: Sequence[str], owner: str | None) -> int:
        return self._set_trashed(ids, owner, None)

    def empty_trash(self, owner: str | None, ids: Sequence[str] | None = None) -> int:
        """Delete for good what lies in the trash, or those of it."""
        with self.rows.reading() as connection:
            found = connection.execute(
                "SELECT id FROM catalogue WHERE trashed IS NOT NULL AND (? IS NULL OR owner = ?)", (owner, owner)
            ).fetchall()
        chosen = None if ids is None else set(some(ids))
        return self._delete([row["id"] for row in found if chosen is None or row["id"] in chosen], trashed=True)

    def expire(self, now: float | None = None) -> int:
        """Delete for good what has lain in the trash for TRASH_DAYS."""
        limit = (time.time() if now is None else now) - TRASH_DAYS * 86400
        with self.rows.reading() as connection:
            found = connection.execute("SELECT id FROM catalogue WHERE trashed < ?", (limit,)).fetchall()
        return self._delete([row["id"] for row in found], trashed=True)

    def delete(self, image_id: str, owner: str | None) -> None:
        """For good, from the trash or not."""
        with self.rows.reading() as connection:
            self._number(connection, image_id, owner)
        if not self._delete([image_id]):
            raise unknown()

    # -- pictures are carried away

    def select(self, ids: Sequence[str], owner: str | None) -> str:
        """A name for these pictures, to fetch them with; NotFound if one is not there or not the owner's."""
        chosen = tuple(dict.fromkeys(some(ids)))
        with self.rows.reading() as connection:
            if not chosen or len(numbers_of(connection, chosen, owner)) < len(chosen):
                raise unknown()
        return self._selections.keep(chosen)

    def zip(self, selection: str, owner: str | None) -> Iterator[bytes]:
        """The original files of a selection as a zip in pieces; what was deleted meanwhile is left out."""
        ids = self._selections.get(selection)
        entries: dict[str, Entry] = {}
        with self.rows.reading() as connection:
            found = list(numbers_of(connection, ids, owner))
            if not found:
                raise unknown()
            for start in range(0, len(found), CHUNK):
                chunk = found[start : start + CHUNK]
                for row in connection.execute(
                    f"SELECT id, file, name, created FROM images WHERE id IN ({', '.join('?' * len(chunk))})", chunk
                ):
                    path = self._data / row["file"]
                    entries[row["id"]] = Entry(path, row["name"] or path.name, row["created"])
        return zipped([entries[image_id] for image_id in ids if image_id in entries])

    # -- below

    def _file(self, new: NewImage, content: bytes, small: bytes) -> GalleryImage:
        """Give it a name, write both files, then the row. Call inside `_filing`."""
        new = self._named(new)
        paths = (new.file, new.thumbnail)
        self._announce(paths)
        try:
            files.write(self._data / new.file, content)
            files.write(self._data / new.thumbnail, small)
            with self.rows.writing() as connection:
                insert(connection, new)
                connection.execute("DELETE FROM loose_files WHERE path IN (?, ?)", paths)
        except BaseException:
            self._clear(paths)
            raise
        return self.get(new.id, None)

    def _keep_trace(self, image: GalleryImage, content: bytes) -> GalleryImage:
        """After the picture, which a crash in between leaves whole and without its steps."""
        name = f"traces/{image.id[:4]}/{image.id}.json"
        self._announce((name,))
        try:
            files.write(self._data / name, content)
            with self.rows.writing() as connection:
                connection.execute("UPDATE images SET trace = ? WHERE id = ?", (name, image.id))
                connection.execute("DELETE FROM loose_files WHERE path = ?", (name,))
        except BaseException:
            self._clear((name,))
            raise
        return self.get(image.id, None)

    def _named(self, new: NewImage) -> NewImage:
        """By the template; where a file of an earlier time lies there already, with the id behind."""
        with self.rows.reading() as connection:
            last = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'catalogue'").fetchone()
        counter, facts = (last["seq"] if last else 0) + 1, new.facts
        name = self._names.of(
            values_of(new.created, new.id, counter, facts.seed, facts.model, facts.sampler, facts.steps, facts.prompt)
        )
        ending = files.ENDINGS[new.format]
        if (self._data / f"outputs/{name}{ending}").exists() or (self._data / f"thumbnails/{name}.webp").exists():
            name = f"{name}-{new.id}"
        return replace(new, file=f"outputs/{name}{ending}", thumbnail=f"thumbnails/{name}.webp")

    def _known(self, content: bytes, digest: str, owner: str | None, seed: str, size: tuple[int, int]) -> str | None:
        """The picture with the same bytes. Those of an older studio have no digest: they are compared by themselves."""
        mine, values = ("", ()) if owner is None else (" AND owner = ?", (owner,))
        found = self._id(f"SELECT id FROM catalogue WHERE sha256 = ?{mine}", (digest, *values))
        if found:
            return found
        with self.rows.reading() as connection:
            alike = connection.execute(
                "SELECT id, file FROM catalogue JOIN images USING (id) WHERE sha256 IS NULL AND catalogue.seed = ?"
                f" AND catalogue.width = ? AND catalogue.height = ?{mine.replace('owner', 'catalogue.owner')}",
                (search.order_of(seed or None), *size, *values),
            ).fetchall()
        for row in alike:
            path = self._data / row["file"]
            if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
                with self.rows.writing() as connection:
                    connection.execute("UPDATE catalogue SET sha256 = ? WHERE id = ?", (digest, row["id"]))
                return row["id"]
        return None

    def _set_trashed(self, ids: Sequence[str], owner: str | None, when: float | None) -> int:
        with self.rows.writing() as connection:
            numbers = numbers_of(connection, some(ids), owner).values()
            return connection.executemany(
                "UPDATE catalogue SET trashed = ? WHERE number = ? AND (trashed IS NULL) <> (? IS NULL)",
                [(when, number, when) for number in numbers],
            ).rowcount

    def _delete(self, ids: Sequence[str], trashed: bool = False) -> int:
        """The rows go first; a file that the disk does not let go is tried again by `sweep`. Returns how many went.

        trashed: only what still lies in the trash."""
        gone = 0
        for start in range(0, len(ids), CHUNK):
            chunk = ids[start : start + CHUNK]
            with self._filing:
                with self.rows.writing() as connection:
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

    def _announce(self, paths: Sequence[str]) -> None:
        try:
            with self.rows.writing() as connection:
                connection.executemany("INSERT INTO loose_files VALUES (?)", [(path,) for path in paths])
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
                raise files.disk_full() from error
            raise

    def _clear(self, paths: Sequence[str]) -> int:
        """Remove loose files; what could not be removed stays announced."""
        gone = [path for path in paths if files.remove(self._data / path)]
        try:
            with self.rows.writing() as connection:
                connection.executemany("DELETE FROM loose_files WHERE path = ?", [(path,) for path in gone])
        except sqlite3.OperationalError:
            return 0  # a full disk: the names stay, and sweeping a missing file does no harm
        return len(gone)

    def _counted(
        self,
        what: str,
        count: Callable[[sqlite3.Connection, str | None, Filters], Any],
        owner: str | None,
        filters: Filters,
    ) -> Any:
        """Counted once until something is written."""
        key, version = (what, owner, filters), self.rows.version
        known = self._counts.get(key)
        if known and known[0] == version:
            return known[1]
        with self.rows.reading() as connection:
            counted = count(connection, owner, filters)
        if len(self._counts) >= MOST_COUNTS:
            self._counts.clear()
        self._counts[key] = version, counted
        return counted

    def _number(self, connection: sqlite3.Connection, image_id: str, owner: str | None) -> int:
        number = numbers_of(connection, [image_id], owner).get(image_id)
        if number is None:
            raise unknown()
        return number

    def _existing(self, which: str, image_id: str, owner: str | None) -> Path:
        with self.rows.reading() as connection:
            self._number(connection, image_id, owner)
            row = connection.execute(f"SELECT {which} FROM images WHERE id = ?", (image_id,)).fetchone()
        if row is None:
            raise unknown()
        path = self._data / row[which]
        if not path.is_file():
            raise NotFound("image.gone", "The picture's file is gone.", "It was removed from the outputs folder.")
        return path

    def _id(self, query: str, values: tuple[str | int, ...]) -> str | None:
        with self.rows.reading() as connection:
            row = connection.execute(query, values).fetchone()
        return row["id"] if row else None


TABLES = (("catalogue", "number"), ("catalogue_tags", "number"), ("catalogue_words", "rowid"))


def unknown() -> NotFound:
    return NotFound("image.unknown", "There is no such picture.", "It may have been deleted; reload the gallery.")


def some(ids: Sequence[str]) -> list[str]:
    if len(ids) > MOST_IDS:
        raise BadRequest("gallery.many", "These are more than 10,000 pictures.", "Choose fewer at once.", field="ids")
    return list(ids)
