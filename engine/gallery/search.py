"""Which pictures are wanted, in which order, and from where on: questions to the catalogue."""

import math
import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from engine.errors import BadRequest
from engine.gallery.schema import order_of
from engine.gallery.words import asked

MOST_VALUES = 50  # of one facet


@dataclass(frozen=True)
class Filters:
    """models, samplers: any of them; tags: all of them; stars: at least; since, until: days of the server's calendar."""

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
    """Conditions that all hold, with the values for their question marks."""

    conditions: list[str]
    values: list[Any]

    def add(self, condition: str, *values: Any) -> None:
        self.conditions.append(condition)
        self.values += values

    def any_of(self, column: str, values: Iterable[str]) -> None:
        chosen = tuple(values)
        if chosen:
            self.add(f"{column} IN ({', '.join('?' * len(chosen))})", *chosen)

    def __str__(self) -> str:
        return " AND ".join(self.conditions)


def where(owner: str | None, filters: Filters, *, facets: bool = True) -> Where:
    """facets: whether model, sampler, size and stars count as well."""
    found = Where(["trashed IS NOT NULL" if filters.trash else "trashed IS NULL"], [])
    if owner is not None:
        found.add("owner = ?", owner)
    wanted, unwanted = asked(filters.q)
    matching = "(SELECT rowid FROM catalogue_words WHERE catalogue_words MATCH ?)"
    if wanted:
        found.add(f"number IN {matching}", f"({wanted}) NOT ({unwanted})" if unwanted else wanted)
    elif unwanted:
        found.add(f"number NOT IN {matching}", unwanted)
    if filters.since:
        found.add("created >= ?", midnight(filters.since))
    if filters.until:
        found.add("created < ?", midnight(filters.until, 1))
    if filters.seed is not None:
        found.add("seed = ?", order_of(filters.seed))
    for tag in filters.tags:
        found.add("number IN (SELECT number FROM catalogue_tags WHERE tag = ?)", tag)
    if facets:
        found.any_of("model", filters.models)
        found.any_of("sampler", filters.samplers)
        if filters.size:
            found.add("width = ? AND height = ?", *filters.size)
        if filters.stars:
            found.add("stars >= ?", filters.stars)
    return found


def page(
    connection: sqlite3.Connection, owner: str | None, filters: Filters, sort: str, before: str | None, limit: int
) -> tuple[list[int], str | None]:
    """The numbers of the pictures after the cursor `before`, and the next cursor. No page costs more than the first."""
    order, found = chosen(sort), where(owner, filters)
    if before:
        marks = ", ".join("?" * len(order.columns))
        comparison = "<" if order.downwards else ">"
        found.add(f"({', '.join(order.columns)}) {comparison} ({marks})", *place_of(before, order))
    direction = "DESC" if order.downwards else "ASC"
    by = ", ".join(f"{column} {direction}" for column in order.columns)
    columns = ", ".join(order.columns)
    rows = connection.execute(
        f"SELECT number, {columns} FROM catalogue WHERE {found} ORDER BY {by} LIMIT ?", (*found.values, limit + 1)
    ).fetchall()
    following = "_".join(cursor_part(value) for value in tuple(rows[limit - 1])[1:]) if len(rows) > limit else None
    return [row["number"] for row in rows[:limit]], following


def total(connection: sqlite3.Connection, owner: str | None, filters: Filters) -> int:
    found = where(owner, filters)
    return connection.execute(f"SELECT count(*) FROM catalogue WHERE {found}", found.values).fetchone()[0]


def facets(connection: sqlite3.Connection, owner: str | None, filters: Filters) -> dict[str, list[dict[str, Any]]]:
    """How many pictures each value would show. A facet does not count its own filter, so that others can be chosen."""
    found = where(owner, filters, facets=False)
    rows = connection.execute(
        "SELECT model, sampler, width, height, stars, count(*) FROM catalogue "
        f"WHERE {found} GROUP BY trashed, model, sampler, width, height, stars",
        found.values,
    ).fetchall()
    counts: dict[str, Counter[Any]] = {name: Counter() for name in ("models", "samplers", "sizes", "stars")}
    for model, sampler, width, height, stars, count in rows:
        misses = [
            name
            for name, hit in (
                ("models", not filters.models or model in filters.models),
                ("samplers", not filters.samplers or sampler in filters.samplers),
                ("sizes", not filters.size or (width, height) == filters.size),
                ("stars", stars >= filters.stars),
            )
            if not hit
        ]
        values = {"models": model, "samplers": sampler, "sizes": f"{width}x{height}", "stars": stars}
        for name in misses if len(misses) == 1 else values if not misses else ():
            counts[name][values[name]] += count
    shown = {name: listed(counter.most_common()) for name, counter in counts.items()}
    return {**shown, "tags": listed(tag_counts(connection, where(owner, filters)))}


def tag_counts(connection: sqlite3.Connection, found: Where) -> list[tuple[str, int]]:
    rows = connection.execute(
        "SELECT tag, count(*) FROM catalogue_tags CROSS JOIN catalogue USING (number) "
        f"WHERE {found} GROUP BY tag ORDER BY 2 DESC, 1 LIMIT ?",
        (*found.values, MOST_VALUES),
    )
    return [(tag, count) for tag, count in rows]


def listed(counts: Iterable[tuple[Any, int]]) -> list[dict[str, Any]]:
    """What an older studio's pictures do not tell yet, or a foreign one's never, is no value."""
    return [{"value": value, "count": count} for value, count in counts if value not in (None, "")][:MOST_VALUES]


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
