"""How many pictures match, and how many each further choice would show: exact, of any number of pictures.

Pictures with certain words are walked through in the order of the words' index, which is that of the rows. Where words
must be missing, the pictures that have them are taken from all.
"""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.gallery.marks import MOST_STARS
from engine.gallery.search import Filters, Where, where

KINDS = "SELECT kind, model, sampler, width, height FROM catalogue_kinds"
MOST_VALUES = 50  # of one facet
STARS_FROM = MOST_STARS + 1  # kind and stars as one number: kind * STARS_FROM + stars


@dataclass(frozen=True)
class Source:
    """What is counted, as it follows FROM: without words, and from the words' index on."""

    plain: str
    by_words: str


PICTURES = Source("catalogue", "catalogue_words CROSS JOIN catalogue ON number = catalogue_words.rowid")
TAGS = Source(
    "catalogue_tags CROSS JOIN catalogue USING (number)",
    "catalogue_words CROSS JOIN catalogue_tags ON catalogue_tags.number = catalogue_words.rowid"
    " CROSS JOIN catalogue USING (number)",
)


def total(connection: sqlite3.Connection, owner: str | None, filters: Filters) -> int:
    return sum(sign * count for sign, count in signed(connection, "count(*)", PICTURES, where(owner, filters)))


def facets(connection: sqlite3.Connection, owner: str | None, filters: Filters) -> dict[str, list[dict[str, Any]]]:
    """How many pictures each value would show. A facet does not count its own filter, so that others can be chosen."""
    hits = filters.models, filters.samplers, (filters.size,) if filters.size else ()
    missed: dict[int, list[int]] = {}  # by which of its facets a kind is left out
    kinds: dict[int, tuple[Any, ...]] = {}
    for kind, model, sampler, width, height in connection.execute(KINDS):
        kinds[kind] = values = (model, sampler, (width, height))
        missed[kind] = [at for at, hit in enumerate(hits) if hit and values[at] not in hit]
    by_kind: defaultdict[int, int] = defaultdict(int)
    stars: defaultdict[int, int] = defaultdict(int)
    for both, count in tally(connection, where(owner, filters, facets=False)).items():
        kind, given = divmod(int(both), STARS_FROM)
        if given >= filters.stars:
            by_kind[kind] += count
        if not missed[kind]:
            stars[given] += count
    counts = [defaultdict[Any, int](int) for _ in hits]
    for kind, count in by_kind.items():
        for at in missed[kind] or range(len(hits)) if len(missed[kind]) < 2 else ():
            counts[at][kinds[kind][at]] += count
    models, samplers, sizes = map(listed, counts)
    for size in sizes:
        size["value"] = "{}x{}".format(*size["value"])
    tags = listed(tag_counts(connection, where(owner, filters)))
    return {"models": models, "samplers": samplers, "sizes": sizes, "stars": listed(stars), "tags": tags}


def tally(connection: sqlite3.Connection, found: Where) -> dict[str, int]:
    """Kind and stars as one number -> how many. SQLite sorts in order to group; a long text and a Counter are quicker."""
    counts: Counter[str] = Counter()
    for sign, text in signed(connection, f"group_concat({STARS_FROM} * kind + stars)", PICTURES, found):
        told = Counter(text.split(",") if text else ())
        if sign > 0:
            counts.update(told)
        else:
            counts.subtract(told)
    return counts


def tag_counts(connection: sqlite3.Connection, found: Where) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for sign, tag, count in signed(connection, "tag, count(*)", TAGS, found, "GROUP BY tag"):
        counts[tag] += sign * count
    return counts


def signed(
    connection: sqlite3.Connection, what: str, source: Source, found: Where, group: str = ""
) -> list[tuple[Any, ...]]:
    """Answers each with 1 before it, or with -1 if it is to be taken from the others."""
    by_words = f"{source.by_words} WHERE catalogue_words MATCH ? AND {found}"
    parts = [(1, f"{source.plain} WHERE {found.by_number}", found.values)]
    if found.unwanted:
        parts.append((-1, by_words, [found.unwanted, *found.values]))
    if found.wanted:
        parts = [(1, by_words, [found.wanted, *found.values])]
    question = " UNION ALL ".join(f"SELECT {sign}, {what} FROM {source} {group}" for sign, source, _ in parts)
    return [tuple(row) for row in connection.execute(question, [v for _, _, values in parts for v in values])]


def listed(counts: Mapping[Any, int]) -> list[dict[str, Any]]:
    """The most frequent first, else by name. What an older studio's pictures do not tell yet, or a foreign one's never, is no value."""
    known = [(value, count) for value, count in counts.items() if count and value not in (None, "")]
    known.sort(key=lambda pair: (-pair[1], str(pair[0])))
    return [{"value": value, "count": count} for value, count in known[:MOST_VALUES]]
