"""What a picture was made of, and what that was made of in turn: known by the bytes of the files.

A copy that was given from outside counts as the gallery's own picture, too.
"""

import sqlite3
from collections import deque
from dataclasses import dataclass

from engine.gallery.rows import GalleryImage, fetch

MOST = 24


@dataclass(frozen=True)
class Ancestor:
    """role: what it was to the picture `of`, an id: "start", "mask", "control", or "source" of what was restored. id: its
    own; None where the gallery has no such picture, and it is known by its file's SHA-256 alone."""

    role: str
    of: str
    id: str | None
    digest: str


def given(image: GalleryImage) -> dict[str, str]:
    """SHA-256 -> role of the pictures that this one was made of, if they were given to the studio."""
    start, found = image.request.start, {image.source: "source"}
    found |= {getattr(start, "picture", ""): "start", getattr(start, "mask", ""): "mask"}
    found |= {unit.picture: "control" for unit in image.request.control if unit.picture not in found}
    found.pop("", None)
    return found


def ancestors(connection: sqlite3.Connection, image: GalleryImage, owner: str | None) -> list[Ancestor]:
    """Its parents first, then theirs; MOST at most, and none of them twice."""
    found: list[Ancestor] = []
    waiting, seen = deque([image]), {image.id}
    while waiting:
        child = waiting.popleft()
        parents = [
            (role, digest, number_of(connection, digest, child.id, owner)) for digest, role in given(child).items()
        ]
        if any(role == "source" and row for role, _, row in parents):
            parents = [parent for parent in parents if parent[0] == "source"]  # the rest is what that was made of
        for role, digest, row in parents:
            if len(found) == MOST:
                return found
            if row is None:
                found.append(Ancestor(role, child.id, None, digest))
            elif row["id"] not in seen:
                seen.add(row["id"])
                found.append(Ancestor(role, child.id, row["id"], digest))
                waiting.extend(fetch(connection, [row["number"]]))
    return found


def number_of(connection: sqlite3.Connection, digest: str, other: str, owner: str | None) -> sqlite3.Row | None:
    return connection.execute(
        "SELECT number, id FROM catalogue WHERE sha256 = ? AND id != ? AND (? IS NULL OR owner = ?) ORDER BY number",
        (digest, other, owner, owner),
    ).fetchone()
