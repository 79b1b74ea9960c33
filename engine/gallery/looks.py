"""What looks alike, without a network: a small picture of the picture, compared by light, colour and edges.

It finds copies, other sizes and formats of one picture, and variations of it; it knows nothing of what is shown. Cf. the
colour layout descriptor of MPEG-7 (ISO/IEC 15938-3).
"""

import io
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.gallery.rows import CHUNK, Rows
from engine.gallery.search import Where

SIDE, COARSE = 8, 4  # cells a side of the light and the edges, and of the colours
LENGTH = 2 * SIDE * SIDE + 2 * COARSE * COARSE  # bytes
MOST = 200  # that are told


def look_of(small: bytes) -> bytes:
    """Of a thumbnail: light and edges in 8 x 8 cells, two colours in 4 x 4, a byte each."""
    with Image.open(io.BytesIO(small)) as opened:
        picture = opened.convert("RGBA")
    ground = Image.new("RGBA", picture.size, "white")
    light, blue, red = Image.alpha_composite(ground, picture).convert("RGB").convert("YCbCr").split()
    fine = np.asarray(light.resize((4 * SIDE, 4 * SIDE), Image.Resampling.BOX), dtype=np.float32)
    down, across = np.gradient(fine)
    edges = cells(np.hypot(down, across), SIDE) * 4
    colours = [np.asarray(one.resize((COARSE, COARSE), Image.Resampling.BOX), dtype=np.float32) for one in (blue, red)]
    values = np.concatenate([part.ravel() for part in (cells(fine, SIDE), edges, *colours)])
    return values.clip(0, 255).round().astype(np.uint8).tobytes()


def cells(values: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """The mean of each of side x side cells."""
    step = len(values) // side
    return values.reshape(side, step, side, step).mean(axis=(1, 3))


def put(connection: sqlite3.Connection, number: int, small: bytes) -> None:
    connection.execute("INSERT OR REPLACE INTO looks VALUES (?, ?)", (number, look_of(small)))


class Looks:
    """All looks in memory, 160 bytes a picture, read anew after something was written."""

    def __init__(self, rows: Rows):
        self._rows = rows
        self._known: tuple[int, NDArray[np.int64], NDArray[np.uint8]] | None = None

    def nearest(self, number: int, found: Where) -> list[int]:
        """The numbers of the pictures that meet the conditions, the most alike first, the picture itself before all."""
        with self._rows.reading() as connection:
            numbers, looks = self._all(connection)
            own = np.flatnonzero(numbers == number)
            if not len(own):
                return []
            allowed = connection.execute(f"SELECT number FROM catalogue WHERE {found.by_number}", found.values)
            there = np.fromiter((row[0] for row in allowed), dtype=np.int64)
        chosen = np.flatnonzero(np.isin(numbers, there))
        apart = distances(looks[own[0]], looks[chosen])
        best = np.argsort(apart, kind="stable")[:MOST]
        return [int(numbers[chosen[at]]) for at in best]

    def _all(self, connection: sqlite3.Connection) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        version = self._rows.version
        if self._known is None or self._known[0] != version:
            rows = connection.execute("SELECT number, look FROM looks ORDER BY number").fetchall()
            numbers = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
            looks = np.frombuffer(b"".join(row[1] for row in rows), dtype=np.uint8).reshape(len(rows), LENGTH)
            self._known = version, numbers, looks
        return self._known[1], self._known[2]


def distances(one: NDArray[np.uint8], many: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Euclidean; colours count double, as there are fewer cells of them. Bounded in memory for any number of pictures."""
    weights = np.ones(LENGTH, dtype=np.float32)
    weights[2 * SIDE * SIDE :] = 2
    parts = [
        np.square((many[at : at + 8192].astype(np.float32) - one.astype(np.float32)) * weights).sum(axis=1)
        for at in range(0, len(many), 8192)
    ]
    return np.sqrt(np.concatenate(parts)) if parts else np.empty(0, dtype=np.float32)


def read_batch(rows: Rows, data: Path, after: int) -> int:
    """Look at some pictures of an older studio, by their thumbnails; the number of the last one, 0 when all have been."""
    with rows.reading() as connection:
        old = connection.execute(
            "SELECT number, thumbnail FROM catalogue JOIN images USING (id) WHERE number > ?"
            " AND number NOT IN (SELECT number FROM looks) ORDER BY number LIMIT ?",
            (after, CHUNK),
        ).fetchall()
    seen = list(looked(data, [(row["number"], row["thumbnail"]) for row in old]))
    if seen:
        with rows.writing() as connection:
            connection.executemany("INSERT OR REPLACE INTO looks VALUES (?, ?)", seen)
    return old[-1]["number"] if old else 0


def looked(data: Path, old: Sequence[tuple[int, str]]) -> Iterator[tuple[int, bytes]]:
    for number, thumbnail in old:
        try:
            yield number, look_of((data / thumbnail).read_bytes())
        except OSError:  # it is gone, or is no picture
            continue
