"""Boards: pictures under a name, kept to oneself or shown to everybody in the studio."""

import sqlite3
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import BadRequest, NotFound
from engine.gallery.rows import Rows, numbers_of
from engine.job import new_id

MOST, LONGEST_NAME = 500, 80
SEEN = "(? IS NULL OR owner = ? OR shared)"


@dataclass(frozen=True)
class Board:
    """mine: whether the one who asked may change it. by: its owner's name, "" where people have none.
    pictures: how many of it are seen."""

    id: str
    name: str
    mine: bool
    shared: bool
    by: str
    pictures: int


class Boards:
    """owner, as in the gallery: None is everybody's. A shared board shows its owner's own pictures, outside the trash."""

    def __init__(self, rows: Rows):
        self._rows = rows

    def all(self, owner: str | None) -> list[Board]:
        """One's own by name, then those that others share."""
        with self._rows.reading() as connection:
            rows = connection.execute(
                f"SELECT * FROM boards WHERE {SEEN} ORDER BY name COLLATE NOCASE, id", (owner, owner)
            ).fetchall()
            sizes = {row["board"]: (row["count"], row["own"]) for row in connection.execute(SIZES)}
            binned = {row["board"]: (row["count"], row["own"]) for row in connection.execute(BINNED)}
        boards = []
        for row in rows:
            mine, none = owner is None or row["owner"] == owner, (0, 0)
            at = 0 if mine else 1
            pictures = sizes.get(row["id"], none)[at] - binned.get(row["id"], none)[at]
            boards.append(Board(row["id"], row["name"], mine, bool(row["shared"]), row["by"], pictures))
        return sorted(boards, key=lambda board: not board.mine)

    def add(self, owner: str, name: str, by: str | None = None, shared: bool = False) -> str:
        """Its id. by: the owner's name, which others see beside what is shared."""
        name, fresh = tidy(name), new_id()
        with self._rows.writing() as connection:
            if connection.execute("SELECT count(*) FROM boards WHERE owner = ?", (owner,)).fetchone()[0] >= MOST:
                raise BadRequest("board.many", f"There are {MOST} boards already.", "Delete some of them.", most=MOST)
            connection.execute(
                "INSERT INTO boards (id, owner, name, shared, by, created) VALUES (?, ?, ?, ?, ?, ?)",
                (fresh, owner, name, shared, by or "", time.time()),
            )
        return fresh

    def change(
        self,
        board: str,
        owner: str | None,
        *,
        name: str | None = None,
        shared: bool | None = None,
        by: str | None = None,
    ) -> None:
        """What is given is changed. Raises NotFound for somebody else's."""
        given = {"name": None if name is None else tidy(name), "shared": shared, "by": by}
        changes = {column: value for column, value in given.items() if value is not None}
        with self._rows.writing() as connection:
            own(connection, board, owner)
            for column, value in changes.items():
                connection.execute(f"UPDATE boards SET {column} = ? WHERE id = ?", (value, board))

    def remove(self, board: str, owner: str | None) -> None:
        """Its pictures stay in the gallery."""
        with self._rows.writing() as connection:
            own(connection, board, owner)
            connection.execute("DELETE FROM board_pictures WHERE board = ?", (board,))
            connection.execute("DELETE FROM boards WHERE id = ?", (board,))

    def put(self, board: str, ids: Sequence[str], owner: str | None) -> int:
        """Lay one's own pictures on one's own board; returns how many were not on it before."""
        with self._rows.writing() as connection:
            whose = own(connection, board, owner)
            before = connection.total_changes
            connection.executemany(
                "INSERT OR IGNORE INTO board_pictures SELECT ?, number, owner = ? FROM catalogue WHERE number = ?",
                [(board, whose, number) for number in numbers_of(connection, ids, owner).values()],
            )
            return connection.total_changes - before

    def take(self, board: str, ids: Sequence[str], owner: str | None) -> int:
        """Off the board, not out of the gallery; returns how many were on it."""
        with self._rows.writing() as connection:
            own(connection, board, owner)
            return connection.executemany(
                "DELETE FROM board_pictures WHERE board = ? AND number = ?",
                [(board, number) for number in numbers_of(connection, ids, owner).values()],
            ).rowcount

    def of(self, image_id: str, owner: str | None) -> list[str]:
        """Which of the boards that are seen the picture is on."""
        with self._rows.reading() as connection:
            rows = connection.execute(
                "SELECT boards.id FROM catalogue JOIN board_pictures USING (number) JOIN boards ON boards.id = board"
                " WHERE catalogue.id = ? AND (? IS NULL OR boards.owner = ? OR (shared AND own))",
                (image_id, owner, owner),
            ).fetchall()
        return [row["id"] for row in rows]

    def names(self) -> dict[str, str]:
        """Owner -> the name under which they share."""
        with self._rows.reading() as connection:
            return {row["owner"]: row["by"] for row in connection.execute("SELECT owner, by FROM boards WHERE shared")}

    def owner_of(self, board: str, owner: str | None) -> str:
        """Whose board it is. Raises NotFound for one that is not seen."""
        with self._rows.reading() as connection:
            row = connection.execute(
                f"SELECT owner FROM boards WHERE id = ? AND {SEEN}", (board, owner, owner)
            ).fetchone()
        if row is None:
            raise unknown()
        return row["owner"]


SIZES = "SELECT board, count(*) AS count, sum(own) AS own FROM board_pictures GROUP BY board"
BINNED = (
    "SELECT board, count(*) AS count, sum(own) AS own FROM catalogue CROSS JOIN board_pictures USING (number)"
    " WHERE trashed IS NOT NULL GROUP BY board"
)


def own(connection: sqlite3.Connection, board: str, owner: str | None) -> str:
    """The board's owner, if that is the one who asks."""
    row = connection.execute(
        "SELECT owner FROM boards WHERE id = ? AND (? IS NULL OR owner = ?)", (board, owner, owner)
    ).fetchone()
    if row is None:
        raise unknown()
    return row["owner"]


def tidy(name: object) -> str:
    text = " ".join(unicodedata.normalize("NFC", name).split()) if isinstance(name, str) else ""
    text = text.encode("utf-8", "replace").decode()
    if not 1 <= len(text) <= LONGEST_NAME or not text.isprintable():
        raise BadRequest(
            "board.name",
            f"A board's name is one line of 1 to {LONGEST_NAME} characters.",
            "Give it another name.",
            field="name",
            longest=LONGEST_NAME,
        )
    return text


def unknown() -> NotFound:
    return NotFound("board.unknown", "There is no such board.", "It may have been deleted; reload the gallery.")
