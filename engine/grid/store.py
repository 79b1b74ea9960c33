"""Grids on disk: what was planned and which job draws each cell; how far those jobs are, the queue knows."""

import json
import threading
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from engine.database import connect, transaction
from engine.errors import BadRequest, NotFound, Problem

TABLES = """
CREATE TABLE IF NOT EXISTS grids (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, created REAL NOT NULL, state TEXT NOT NULL, problem TEXT,
    about TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS grids_of_owner ON grids (owner, created);
CREATE INDEX IF NOT EXISTS grids_going ON grids (created) WHERE state = 'going';
CREATE TABLE IF NOT EXISTS grid_cells (
    grid TEXT NOT NULL REFERENCES grids (id) ON DELETE CASCADE, at INTEGER NOT NULL, turn INTEGER NOT NULL,
    job TEXT NOT NULL, sent INTEGER NOT NULL DEFAULT 0, request TEXT NOT NULL, PRIMARY KEY (grid, at));
CREATE INDEX IF NOT EXISTS grid_cells_unsent ON grid_cells (grid, turn) WHERE sent = 0;
CREATE INDEX IF NOT EXISTS grid_cells_job ON grid_cells (grid, job);
"""
MOST_CELLS = 20_000  # that one owner's grids have together


class GridState(StrEnum):
    GOING = "going"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    DONE = "done"


@dataclass(frozen=True)
class Grid:
    """about: what is shown of it, JSON-ready: axes, their points, the base values. problem: why it paused by itself."""

    id: str
    owner: str
    created: float
    state: GridState
    problem: Problem | None
    about: dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """job: the id of the job that draws it, fixed before it is submitted; equal cells have the same."""

    at: int
    job: str
    sent: bool


@dataclass(frozen=True)
class Drawing:
    """A job that is still to be submitted. request: resolved, as JSON."""

    job: str
    request: str


class GridStore:
    """One connection behind one lock. owner None: everybody's."""

    def __init__(self, data: Path):
        self._lock = threading.RLock()
        self._database = connect(data / "atelier.db")
        with self._lock:
            self._database.executescript(TABLES)

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def add(self, grid: Grid, cells: list[tuple[int, str, str]]) -> None:
        """cells: turn, job and request of each cell, in the order of the grid. Durable once it returns."""
        with self._lock, transaction(self._database) as db:
            kept = db.execute(
                "SELECT COUNT(*) FROM grid_cells JOIN grids ON grids.id = grid WHERE owner = ?", (grid.owner,)
            ).fetchone()[0]
            if kept + len(cells) > MOST_CELLS:
                raise BadRequest(
                    "grid.kept",
                    f"Your grids have {kept} cells; with this one it would be more than {MOST_CELLS}.",
                    "Delete grids that you no longer need; their pictures stay.",
                    kept=kept,
                    most=MOST_CELLS,
                )
            db.execute(
                "INSERT INTO grids VALUES (?, ?, ?, ?, NULL, ?)",
                (grid.id, grid.owner, grid.created, grid.state, json.dumps(grid.about)),
            )
            db.executemany(
                "INSERT INTO grid_cells (grid, at, turn, job, request) VALUES (?, ?, ?, ?, ?)",
                [(grid.id, at, *cell) for at, cell in enumerate(cells)],
            )

    def grid(self, grid_id: str, owner: str | None) -> Grid:
        with self._lock:
            row = self._database.execute("SELECT * FROM grids WHERE id = ?", (grid_id,)).fetchone()
        if row is None or (owner is not None and row["owner"] != owner):
            raise NotFound("grid.unknown", "There is no such grid.", "It may have been deleted; look at the list.")
        return grid_of(row)

    def page(self, owner: str | None, limit: int = 100) -> list[Grid]:
        """Newest first."""
        with self._lock:
            rows = self._database.execute(
                "SELECT * FROM grids WHERE ? IS NULL OR owner = ? ORDER BY created DESC, id DESC LIMIT ?",
                (owner, owner, limit),
            ).fetchall()
        return [grid_of(row) for row in rows]

    def going(self) -> list[Grid]:
        """Oldest first."""
        return self.in_state(GridState.GOING)

    def in_state(self, state: GridState) -> list[Grid]:
        with self._lock:
            rows = self._database.execute("SELECT * FROM grids WHERE state = ? ORDER BY created", (state,)).fetchall()
        return [grid_of(row) for row in rows]

    def cells(self, grid_id: str) -> list[Cell]:
        with self._lock:
            rows = self._database.execute(
                "SELECT at, job, sent FROM grid_cells WHERE grid = ? ORDER BY at", (grid_id,)
            ).fetchall()
        return [Cell(row["at"], row["job"], bool(row["sent"])) for row in rows]

    def request(self, grid_id: str, at: int) -> str:
        with self._lock:
            query = "SELECT request FROM grid_cells WHERE grid = ? AND at = ?"
            return self._database.execute(query, (grid_id, at)).fetchone()[0]

    def next(self, grid_id: str) -> Drawing | None:
        """The first job that was not submitted, as far as is known: the server may have died in between."""
        with self._lock:
            row = self._database.execute(
                "SELECT job, request FROM grid_cells WHERE grid = ? AND sent = 0 ORDER BY turn LIMIT 1", (grid_id,)
            ).fetchone()
        return Drawing(**row) if row else None

    def sent(self, grid_id: str, job: str) -> None:
        with self._lock:
            self._database.execute("UPDATE grid_cells SET sent = 1 WHERE grid = ? AND job = ?", (grid_id, job))

    def again(self, grid_id: str, jobs: dict[str, str]) -> None:
        """Draw anew, under new ids. jobs: old id -> new id."""
        with self._lock, transaction(self._database) as db:
            db.executemany(
                "UPDATE grid_cells SET job = ?, sent = 0 WHERE grid = ? AND job = ?",
                [(new, grid_id, old) for old, new in jobs.items()],
            )
            db.execute("UPDATE grids SET state = 'going', problem = NULL WHERE id = ?", (grid_id,))

    def become(self, grid_id: str, state: GridState, problem: Problem | None = None) -> None:
        with self._lock:
            self._database.execute(
                "UPDATE grids SET state = ?, problem = ? WHERE id = ?",
                (state, problem and problem.model_dump_json(), grid_id),
            )

    def delete(self, grid_id: str) -> None:
        with self._lock:
            self._database.execute("DELETE FROM grids WHERE id = ?", (grid_id,))


def grid_of(row: Any) -> Grid:
    problem = Problem.model_validate_json(row["problem"]) if row["problem"] else None
    state = GridState(row["state"])
    return Grid(row["id"], row["owner"], row["created"], state, problem, json.loads(row["about"]))
