"""What a person says of pictures: stars, tags, and that they are no longer wanted."""

import sqlite3
import unicodedata
from collections.abc import Collection, Sequence

from engine.errors import BadRequest

MOST_STARS = 5
LONGEST_TAG = 64
MOST_TAGS = 100  # in one change


def give_stars(connection: sqlite3.Connection, numbers: Collection[int], stars: int) -> None:
    if not 0 <= stars <= MOST_STARS:
        raise BadRequest("gallery.stars", "Pictures have 0 to 5 stars.", "Choose a number from 0 to 5.", field="stars")
    connection.executemany("UPDATE catalogue SET stars = ? WHERE number = ?", [(stars, number) for number in numbers])


def add_tags(connection: sqlite3.Connection, numbers: Collection[int], tags: Sequence[str]) -> None:
    connection.executemany(
        "INSERT OR IGNORE INTO catalogue_tags VALUES (?, ?)", [(tag, number) for tag in tags for number in numbers]
    )


def remove_tags(connection: sqlite3.Connection, numbers: Collection[int], tags: Sequence[str]) -> None:
    connection.executemany(
        "DELETE FROM catalogue_tags WHERE tag = ? AND number = ?", [(tag, number) for tag in tags for number in numbers]
    )


def set_trashed(connection: sqlite3.Connection, numbers: Collection[int], when: float | None) -> int:
    """when: None takes them out of the trash. Returns how many it concerned: not those that were so already."""
    return connection.executemany(
        "UPDATE catalogue SET trashed = ? WHERE number = ? AND (trashed IS NULL) <> (? IS NULL)",
        [(when, number, when) for number in numbers],
    ).rowcount


def read_tags(values: Sequence[str], field: str) -> list[str]:
    """Without needless blanks, composed letters as one; what can be seen the same is the same tag."""
    seen = [" ".join(unicodedata.normalize("NFC", value).split()) for value in values]
    tags = list(dict.fromkeys(tag for tag in seen if tag))
    if len(tags) > MOST_TAGS or any(len(tag) > LONGEST_TAG or not tag.isprintable() for tag in tags):
        raise BadRequest(
            "gallery.tag", "A tag is one line of at most 64 characters.", "Shorten it, and give fewer.", field=field
        )
    return tags
