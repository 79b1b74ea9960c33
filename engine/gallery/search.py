"""Which pictures are wanted, in which order, and from where on: questions to the catalogue."""

import math
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from engine.errors import BadRequest
from engine.gallery.schema import order_of
from engine.gallery.words import asked

ON_BOARD = "SELECT number FROM board_pictures WHERE board = ?"
SHARED = "SELECT number FROM boards JOIN board_pictures ON board = boards.id WHERE shared AND own AND boards.owner <> ?"
MANY = 5_000  # pictures on a board, from which on it is quicker to walk all in their order
MATCHING = "(SELECT rowid FROM catalogue_words WHERE catalogue_words MATCH ?)"


@dataclass(frozen=True)
class Filters:
    """models, samplers: any of them; tags: all of them; stars: at least; since, until: days of the server's calendar.
    board: its id; shared: what others share, instead of one's own."""

    q: str = ""
    models: tuple[str, ...] = ()
    samplers: tuple[str, ...] = ()
    size: tuple[int, int] | None = None
    since: date | None = None
    until: date | None = None
    seed: int | None = None
    stars: int = 0
    tags: tuple[str, ...] = ()
    trash: bool = False
    board: str = ""
    shared: bool = False


@dataclass(frozen=True)
class Sort:
    """columns: what is compared, the last one the same for no two pictures."""

    columns: tuple[str, ...]
    downwards: bool = True


SORTS = {
    "newest": Sort(("created", "id")),
    "oldest": Sort(("created", "id"), downwards=False),
    "stars": Sort(("stars", "created", "id")),
    "seed": Sort(("seed", "id"), downwards=False),
}
KINDS = {"created": float, "stars": int, "seed": int, "id": str}


@dataclass
class Where:
    """Conditions that all hold, with the values for their question marks. Words stand apart, as expressions of FTS5,
    since what lists and what counts look for them in different ways; at most one of the two is set.

    wanted: what the text must match; unwanted: what it must not."""

    conditions: list[str]
    values: list[Any]
    wanted: str = ""
    unwanted: str = ""

    def add(self, condition: str, *values: Any) -> None:
        self.conditions.append(condition)
        self.values += values

    def any_of(self, column: str, values: Iterable[str]) -> None:
        chosen = tuple(values)
        if chosen:
            self.add(f"{column} IN ({', '.join('?' * len(chosen))})", *chosen)

    def with_words(self) -> "Where":
        """The words as a condition like the others."""
        found = Where([*self.conditions], [*self.values])
        if self.wanted:
            found.add(f"number IN {MATCHING}", self.wanted)
        if self.unwanted:
            found.add(f"number NOT IN {MATCHING}", self.unwanted)
        return found

    @property
    def by_number(self) -> str:
        """For what reads all that match: words and tags first, which name rows, instead of walking an index ("+")."""
        named = any(condition.startswith("number IN") for condition in self.conditions)
        return f"+{self}" if named else str(self)

    def __str__(self) -> str:
        """`trashed` stands first, as in the indexes."""
        return " AND ".join(self.conditions)


def where(owner: str | None, filters: Filters, *, facets: bool = True, walked: bool = False) -> Where:
    """facets: whether model, sampler, size and stars count as well. walked: for who walks the pictures in their order
    and asks of each whether it is on the board, instead of beginning with the board's."""
    found = Where(["trashed IS NOT NULL" if filters.trash else "trashed IS NULL"], [])
    if filters.shared:
        found.add(f"number IN ({SHARED})", owner)
    elif owner is not None:
        found.add("owner = ?", owner)
    if filters.board and walked:
        found.add(f"EXISTS ({ON_BOARD} AND board_pictures.number = catalogue.number)", filters.board)
    elif filters.board:
        found.add(f"number IN ({ON_BOARD})", filters.board)
    wanted, unwanted = asked(filters.q)
    if wanted:
        found.wanted = f"({wanted}) NOT ({unwanted})" if unwanted else wanted
    else:
        found.unwanted = unwanted
    if filters.since:
        found.add("created >= ?", midnight(filters.since))
    if filters.until:
        found.add("created < ?", midnight(filters.until, 1))
    if filters.seed is not None:
        found.add("seed = ?", order_of(filters.seed))
    for tag in filters.tags:
        found.add("number IN (SELECT number FROM catalogue_tags WHERE tag = ?)", tag)
    if not facets:
        return found
    kinds = Where([], [])
    kinds.any_of("model", filters.models)
    kinds.any_of("sampler", filters.samplers)
    if filters.size:
        kinds.add("width = ? AND height = ?", *filters.size)
    if kinds.conditions:
        found.add(f"kind IN (SELECT kind FROM catalogue_kinds WHERE {kinds})", *kinds.values)
    if filters.stars:
        found.add("stars >= ?", filters.stars)
    return found


def page(
    connection: sqlite3.Connection, owner: str | None, filters: Filters, sort: str, before: str | None, limit: int
) -> tuple[list[int], str | None]:
    """The numbers of the pictures after the cursor `before`, and the next cursor. No page costs more than the first."""
    order, walked = chosen(sort), bool(filters.board) and is_large(connection, filters.board)
    found = where(owner, filters, walked=walked).with_words()
    if before:
        marks = ", ".join("?" * len(order.columns))
        comparison = "<" if order.downwards else ">"
        found.add(f"({', '.join(order.columns)}) {comparison} ({marks})", *place_of(before, order))
    direction = "DESC" if order.downwards else "ASC"
    by = ", ".join(f"{column} {direction}" for column in order.columns)
    columns = ", ".join(order.columns)
    begins = order.columns[0] != "created" or (filters.board and not walked) or filters.shared
    conditions = found.by_number if begins else found
    rows = connection.execute(
        f"SELECT number, {columns} FROM catalogue WHERE {conditions} ORDER BY {by} LIMIT ?", (*found.values, limit + 1)
    ).fetchall()
    following = "_".join(cursor_part(value) for value in tuple(rows[limit - 1])[1:]) if len(rows) > limit else None
    return [row["number"] for row in rows[:limit]], following


def is_large(connection: sqlite3.Connection, board: str) -> bool:
    return connection.execute(f"{ON_BOARD} LIMIT 1 OFFSET ?", (board, MANY)).fetchone() is not None


def midnight(day: date, later: int = 0) -> float:
    try:
        return datetime.combine(day + timedelta(days=later), time()).timestamp()
    except (OverflowError, ValueError, OSError):  # year 1 or 9999
        return -1e11 if day.year < 1971 else 1e12


def chosen(sort: str) -> Sort:
    if sort not in SORTS:
        raise BadRequest("gallery.sort", "There is no such order.", f"Use {', '.join(SORTS)}.", field="sort")
    return SORTS[sort]


def cursor_part(value: Any) -> str:
    return repr(value) if isinstance(value, float) else str(value)


def place_of(cursor: str, order: Sort) -> list[Any]:
    try:
        values = [KINDS[column](part) for column, part in zip(order.columns, cursor.split("_"), strict=True)]
        if all(isinstance(v, str) or (math.isfinite(v) if isinstance(v, float) else abs(v) < 2**63) for v in values):
            return values
    except ValueError:
        pass
    raise BadRequest("page.cursor", "This is not a page of the gallery.", "Start from the first page.", field="before")
