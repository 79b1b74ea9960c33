"""The gallery: every finished picture is kept, found, marked, thrown away and carried off here."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.errors import BadRequest, NotFound
from engine.events import Made
from engine.gallery import arrivals, facets, incoming, marks, search
from engine.gallery.boards import Boards
from engine.gallery.bundle import Entry, zipped
from engine.gallery.counts import Counts
from engine.gallery.filing import Filing
from engine.gallery.lineage import Ancestor, ancestors
from engine.gallery.looks import Looks
from engine.gallery.names import DEFAULT, Names
from engine.gallery.rows import CHUNK, GalleryImage, Rows, fetch, numbers_of, seen
from engine.gallery.search import Filters
from engine.gallery.selections import Selections
from engine.gallery.upkeep import Upkeep
from engine.held import Held
from engine.job import Job

LARGEST_PAGE = 200
MOST_IDS = 10_000  # in one request
TRASH_DAYS = 30
EVERYTHING = Filters()


@dataclass(frozen=True)
class Change:
    """What to do to some pictures; stars None leaves them."""

    stars: int | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()


class Gallery:
    """Rows in data/atelier.db, files below data/.

    owner, everywhere: who asks, and may change their own; looked at is also what others share. None: everybody.
    names: the template of the files' names."""

    def __init__(self, data: Path, names: str = DEFAULT):
        template = Names(names)
        self._data = data
        self.rows = Rows(data)
        self.boards = Boards(self.rows)
        self._filing = Filing(self.rows, data, template)
        self._counts = Counts(self.rows)
        self._looks = Looks(self.rows)
        self._selections = Selections()
        self._upkeep = Upkeep(self.rows, data, self.expire)

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
        return self._filing.sweep()

    # -- pictures come

    def keep(self, job: Job, made: Made) -> GalleryImage:
        """Store the bytes untouched. A picture of this job and index that is already there is returned as it is."""
        with self._filing.turn:
            known = self.made(job.id).get(made.index)
            if known:
                return self.get(known, None)
            new, small = arrivals.made_here(job, made)
            self._filing.enter(new, made.file, small)
            if made.trace:
                self._filing.enter_trace(new.id, made.trace)
        return self.get(new.id, None)

    def take_in(
        self, content: bytes, name: str, owner: str, *, seen_by: str | None, modified: float | None = None
    ) -> tuple[GalleryImage, bool]:
        """A picture from elsewhere, its bytes untouched, and whether it was here already (then out of the trash).

        name: the file's, with folders where they tell the day. seen_by: among whose pictures it may be known;
        modified: when the file was last changed. Raises BadRequest for what is no picture that is kept here."""
        incoming.checked(content)
        settings = incoming.settings_of(content)
        with self._filing.turn:
            if known := self._known(content, seen_by, settings):
                return known, True
        new, small = arrivals.brought(content, name, owner, settings, modified)
        with self._filing.turn:
            if known := self._known(content, seen_by, settings):  # it came twice at the same time
                return known, True
            self._filing.enter(new, content, small)
        return self.get(new.id, None), False

    def made(self, job_id: str) -> dict[int, str]:
        """index -> image id of the job's pictures that are stored."""
        with self.rows.reading() as connection:
            rows = connection.execute("SELECT idx, id FROM images WHERE job = ? ORDER BY idx", (job_id,)).fetchall()
        return {row["idx"]: row["id"] for row in rows}

    def held(self, job_id: str) -> dict[int, Held]:
        """index -> why, of the job's stored pictures that were held back."""
        with self.rows.reading() as connection:
            rows = connection.execute(
                "SELECT idx, held FROM images WHERE job = ? AND held IS NOT NULL", (job_id,)
            ).fetchall()
        return {row["idx"]: Held.model_validate_json(row["held"]) for row in rows}

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
        owner, filters = self._scope(owner, filters)
        with self.rows.reading() as connection:
            numbers, following = search.page(connection, owner, filters, sort, before, limit)
            return fetch(connection, numbers), following

    def alike(self, image_id: str, owner: str | None, filters: Filters = EVERYTHING) -> list[GalleryImage]:
        """What looks like a picture, the most alike first (engine/gallery/looks.py)."""
        with self.rows.reading() as connection:
            numbers = list(seen(connection, [image_id], owner).values())
        if not numbers:
            raise unknown()
        found = self._looks.nearest(numbers[0], search.where(*self._scope(owner, filters)).with_words())
        with self.rows.reading() as connection:
            return fetch(connection, found)

    def count(self, owner: str | None, filters: Filters = EVERYTHING) -> int:
        return self._counts.of(facets.total, *self._scope(owner, filters))

    def facets(self, owner: str | None, filters: Filters = EVERYTHING) -> dict[str, list[dict[str, Any]]]:
        """For models, samplers, sizes, stars and tags: which values there are, and how many pictures of each."""
        return self._counts.of(facets.facets, *self._scope(owner, filters))

    def get(self, image_id: str, owner: str | None) -> GalleryImage:
        with self.rows.reading() as connection:
            found = fetch(connection, list(seen(connection, [image_id], owner).values()))
        if not found:
            raise unknown()
        return found[0]

    def lineage(self, image: GalleryImage, owner: str | None) -> list[Ancestor]:
        with self.rows.reading() as connection:
            return ancestors(connection, image, owner)

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
        return self._filing.remove([row["id"] for row in found if chosen is None or row["id"] in chosen], trashed=True)

    def expire(self, now: float | None = None) -> int:
        """Delete for good what has lain in the trash for TRASH_DAYS."""
        limit = (time.time() if now is None else now) - TRASH_DAYS * 86400
        with self.rows.reading() as connection:
            found = connection.execute("SELECT id FROM catalogue WHERE trashed < ?", (limit,)).fetchall()
        return self._filing.remove([row["id"] for row in found], trashed=True)

    def delete(self, image_id: str, owner: str | None) -> None:
        """For good, from the trash or not."""
        with self.rows.reading() as connection:
            mine = numbers_of(connection, [image_id], owner)
        if not mine or not self._filing.remove([image_id]):
            raise unknown()

    def erase(self, ids: Sequence[str]) -> int:
        """As `delete`, of many, whoever asks; folders that become empty go as well, since a template may name them by prompts."""
        gone = self._filing.remove(ids)
        self._filing.tidy()
        return gone

    # -- pictures are carried away

    def select(self, ids: Sequence[str], owner: str | None) -> str:
        """A name for these pictures, to fetch them with; NotFound if one is not there or not the owner's."""
        chosen = tuple(dict.fromkeys(some(ids)))
        with self.rows.reading() as connection:
            if not chosen or len(seen(connection, chosen, owner)) < len(chosen):
                raise unknown()
        return self._selections.keep(chosen)

    def zip(self, selection: str, owner: str | None) -> Iterator[bytes]:
        """The original files of a selection as a zip in pieces; what was deleted meanwhile is left out."""
        ids = self._selections.get(selection)
        entries: dict[str, Entry] = {}
        with self.rows.reading() as connection:
            found = list(seen(connection, ids, owner))
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

    def _known(self, content: bytes, seen_by: str | None, settings: incoming.Settings) -> GalleryImage | None:
        """The picture with these bytes, taken out of the trash."""
        known = arrivals.known(self.rows, self._data, content, seen_by, settings.facts.seed)
        if known is None:
            return None
        self.restore([known], None)
        return self.get(known, None)

    def _set_trashed(self, ids: Sequence[str], owner: str | None, when: float | None) -> int:
        with self.rows.writing() as connection:
            return marks.set_trashed(connection, numbers_of(connection, some(ids), owner).values(), when)

    def _scope(self, owner: str | None, filters: Filters) -> tuple[str | None, Filters]:
        """Whose pictures a question means: on somebody's shared board, theirs, and never their trash."""
        if filters.board:
            whose = self.boards.owner_of(filters.board, owner)
            if owner is not None and whose != owner:
                return whose, replace(filters, trash=False, shared=False)
        return owner, replace(filters, trash=False) if filters.shared else filters

    def _existing(self, which: str, image_id: str, owner: str | None) -> Path:
        with self.rows.reading() as connection:
            if not seen(connection, [image_id], owner):
                raise unknown()
            row = connection.execute(f"SELECT {which} FROM images WHERE id = ?", (image_id,)).fetchone()
        if row is None:
            raise unknown()
        path = self._data / row[which]
        if not path.is_file():
            raise NotFound("image.gone", "The picture's file is gone.", "It was removed from the outputs folder.")
        return path


def unknown() -> NotFound:
    return NotFound("image.unknown", "There is no such picture.", "It may have been deleted; reload the gallery.")


def some(ids: Sequence[str]) -> list[str]:
    if len(ids) > MOST_IDS:
        raise BadRequest("gallery.many", "These are more than 10,000 pictures.", "Choose fewer at once.", field="ids")
    return list(ids)
