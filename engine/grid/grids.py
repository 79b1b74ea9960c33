"""The grids of a studio: planned at once, drawn a few cells ahead of the queue, gone on with after any crash."""

import logging
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from engine.errors import INTERNAL, AtelierError, BadRequest, Busy
from engine.gallery.store import Gallery
from engine.grid.page import page
from engine.grid.plan import Layout, Plan, Values, lay_out, requests, total_evaluations
from engine.grid.sheet import Sheet, sheet
from engine.grid.store import Cell, Grid, GridState, GridStore
from engine.grid.take_away import picture_of, told
from engine.job import Job, JobState, new_id
from engine.metadata.sources import source_of
from engine.progress import Progress
from engine.queue.store import Outcome, Store
from engine.request.generation import GenerationRequest
from engine.request.schema import flat
from engine.resolve import draw_seed

AHEAD = 2  # of an owner's jobs that may wait before another cell is added: single pictures come soon, no worker idles
TICK = 2.0  # seconds after which a full queue or disk is looked at again
ACTIVE = (JobState.QUEUED, JobState.PAUSED, JobState.RUNNING)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Doors:
    """What the grids need of the studio. allow: raises for what an owner may not have drawn; put: queue a job, which may
    be there already; cancel: job id and owner."""

    resolve: Callable[[Values], GenerationRequest]
    allow: Callable[[GenerationRequest, str], None]
    put: Callable[[Job], None]
    cancel: Callable[[str, str], object]


class Grids:
    """Owns a thread from `start` to `stop`. Whose a grid is, is asked by `owner`; None is everybody's."""

    def __init__(self, data: Path, queue: Store, gallery: Gallery, progress: Progress, doors: Doors):
        self.store = GridStore(data)
        self.queue, self.gallery, self.progress, self.doors = queue, gallery, progress, doors
        self.changing = threading.RLock()  # a grid's state, and with it what may be submitted
        self.drawing = threading.Lock()  # one large picture in memory at a time
        self.bell = threading.Event()
        self.stopping = False
        self.thread = threading.Thread(target=self.serve, name="grids", daemon=True)
        progress.when_moved = self.bell.set

    def start(self) -> None:
        for grid in self.store.in_state(GridState.CANCELLED):  # should the server have died while cancelling
            self.take_back(grid)
        self.thread.start()
        self.bell.set()

    def stop(self) -> None:
        self.stopping = True
        self.bell.set()
        if self.thread.is_alive():
            self.thread.join()
        self.store.close()

    # -- planning

    def estimate(self, plan: dict[str, Any]) -> dict[str, Any]:
        """What a plan would draw, JSON-ready; nothing is stored. Raises BadRequest that names axis and value."""
        read = read_plan(plan)
        layout = lay_out(read, draw_seed)
        found = requests(layout, self.doors.resolve)
        apart = list({request.model_dump_json(): request for request in found}.values())
        cost = sum(cost_of(request) for request in apart)
        pace = self.progress.seconds_per_cost
        return {
            "axes": shown_axes(read, layout),
            "cells": len(found),
            "drawings": len(apart),
            "pictures": sum(request.output.count for request in apart),
            "evaluations": total_evaluations(apart),
            "seconds": None if pace is None else round(pace * cost, 1),
        }

    def create(self, plan: dict[str, Any], owner: str) -> str:
        """The id of the grid, which is durable and will be drawn."""
        read = read_plan(plan)
        layout = lay_out(read, draw_seed)
        found = requests(layout, self.doors.resolve)
        jobs: dict[str, str] = {}
        models: dict[str, int] = {}
        cells = []
        for at, request in enumerate(found):  # a model is loaded once: its cells have their turns together
            text = request.model_dump_json()
            if text not in jobs:
                self.doors.allow(request, owner)
            model = models.setdefault(request.model.checkpoint_hash, len(models))
            cells.append((model * len(found) + at, jobs.setdefault(text, new_id()), text))
        about = {
            "axes": shown_axes(read, layout),
            "fresh_seeds": read.fresh_seeds,
            "values": flat(found[0]),
            "plan": read.model_dump(mode="json"),
            "count": max(request.output.count for request in found),
            "cost": sum(cost_of(request) for request in found) / len(found),
        }
        grid = Grid(new_id(), owner, time.time(), GridState.GOING, None, about)
        self.store.add(grid, cells)
        self.bell.set()
        return grid.id

    # -- changing one's mind

    def pause(self, grid_id: str, owner: str | None) -> None:
        """Cells in work are finished."""
        with self.changing:
            if self.store.grid(grid_id, owner).state is GridState.GOING:
                self.store.become(grid_id, GridState.PAUSED)

    def resume(self, grid_id: str, owner: str | None) -> None:
        with self.changing:
            if self.store.grid(grid_id, owner).state is GridState.PAUSED:
                self.store.become(grid_id, GridState.GOING)
        self.bell.set()

    def cancel(self, grid_id: str, owner: str | None) -> None:
        """Cells in work are stopped; `retry` goes on with them and the rest."""
        with self.changing:
            grid = self.store.grid(grid_id, owner)
            if grid.state is not GridState.DONE:
                self.store.become(grid_id, GridState.CANCELLED)
        self.take_back(grid)

    def retry(self, grid_id: str, owner: str | None) -> None:
        """Draw what failed or was cancelled once more, and what is missing."""
        with self.changing:
            grid = self.store.grid(grid_id, owner)
            outcomes = self.outcomes(self.store.cells(grid.id))
            lost = [job for job, o in outcomes.items() if o.state in (JobState.FAILED, JobState.CANCELLED)]
            self.store.again(grid_id, {job: new_id() for job in lost})
        self.bell.set()

    def delete(self, grid_id: str, owner: str | None) -> None:
        """The pictures stay in the gallery."""
        self.cancel(grid_id, owner)
        self.store.delete(grid_id)

    def take_back(self, grid: Grid) -> None:
        outcomes = self.outcomes(self.store.cells(grid.id))
        for job in [job for job, outcome in outcomes.items() if outcome.state in ACTIVE]:
            self.doors.cancel(job, grid.owner)

    # -- looking

    def known(self, owner: str | None) -> list[dict[str, Any]]:
        return [self.summary(grid, self.store.cells(grid.id)) for grid in self.store.page(owner)]

    def shown(self, grid_id: str, owner: str | None) -> dict[str, Any]:
        """JSON-ready: what it is made of, and each cell with its state, its pictures and what went wrong."""
        grid = self.store.grid(grid_id, owner)
        cells = self.store.cells(grid.id)
        outcomes = self.outcomes(cells)
        drawn = [job for job, outcome in outcomes.items() if outcome.state not in (JobState.QUEUED, JobState.PAUSED)]
        made = {job: list(self.gallery.made(job).values()) for job in drawn}
        cells_told = []
        for cell in cells:
            outcome = outcomes.get(cell.job)
            cells_told.append(
                {
                    "state": state_of(outcome),
                    "job": cell.job,
                    "images": made.get(cell.job, []),
                    "problem": outcome.problem.model_dump() if outcome and outcome.problem else None,
                }
            )
        return {**self.summary(grid, cells, outcomes), **grid.about, "cells": cells_told}

    def summary(self, grid: Grid, cells: list[Cell], outcomes: dict[str, Outcome] | None = None) -> dict[str, Any]:
        outcomes = self.outcomes(cells) if outcomes is None else outcomes
        counts = Counter(state_of(outcomes.get(cell.job)) for cell in cells)
        left = {cell.job for cell in cells if state_of(outcomes.get(cell.job)) in ("waiting", *ACTIVE)}
        pace = self.progress.seconds_per_cost
        return {
            "id": grid.id,
            "created": grid.created,
            "state": grid.state.value,
            "problem": grid.problem.model_dump() if grid.problem else None,
            "prompt": grid.about["values"]["prompt"],
            "sizes": [len(axis["points"]) for axis in grid.about["axes"]],
            "what": [axis["what"] for axis in grid.about["axes"]],
            "total": len(cells),
            "counts": dict(counts),
            "seconds_left": round(pace * grid.about["cost"] * len(left), 1) if pace and left else None,
        }

    def outcomes(self, cells: list[Cell]) -> dict[str, Outcome]:
        return self.queue.outcomes(sorted({cell.job for cell in cells}))

    # -- taking away

    def as_page(self, grid_id: str, owner: str | None) -> Iterator[str]:
        """HTML, in pieces."""
        shown = self.shown(grid_id, owner)
        first = GenerationRequest.model_validate_json(self.store.request(grid_id, 0))
        facts = told(first, shown["axes"])
        return page(shown["prompt"], facts, shown["axes"], [picture_of(c, self.gallery) for c in shown["cells"]])

    def as_picture(self, grid_id: str, owner: str | None, z: int | None = None) -> Sheet:
        """z: one page of it instead of all below each other."""
        shown = self.shown(grid_id, owner)
        axes, cells = shown["axes"], shown["cells"]
        if z is not None and len(axes) == 3:
            z, many = min(z, shown["sizes"][2] - 1), shown["sizes"][0] * shown["sizes"][1]
            axes = [*axes[:2], {**axes[2], "points": [axes[2]["points"][z]]}]
            cells = cells[z * many : (z + 1) * many]
        first = GenerationRequest.model_validate_json(self.store.request(grid_id, 0))
        with self.drawing:
            return sheet(
                axes, [picture_of(cell, self.gallery) for cell in cells], told(first, shown["axes"]), source_of(first)
            )

    # -- the thread

    def serve(self) -> None:
        busy = True
        while not self.stopping:
            self.bell.wait(TICK if busy else None)
            self.bell.clear()
            try:
                busy = self.advance()
            except sqlite3.OperationalError:
                log.exception("the database cannot be used at the moment")
            except Exception:
                log.exception("the grids stumbled")

    def advance(self) -> bool:
        """Submit what there is room for; an owner's oldest grid first. True while any grid is going."""
        going = self.store.going()
        for grid in going:
            if self.stopping:
                break
            with self.changing:
                try:
                    self.push(grid)
                except AtelierError as error:
                    if not isinstance(error, Busy):
                        self.store.become(grid.id, GridState.PAUSED, error.problem)
                except ValidationError:
                    log.exception("grid %s cannot be read", grid.id)
                    self.store.become(grid.id, GridState.PAUSED, INTERNAL)
        return bool(going)

    def push(self, grid: Grid) -> None:
        if self.store.grid(grid.id, None).state is not GridState.GOING:
            return
        while drawing := self.store.next(grid.id):
            if self.queue.waits(grid.owner) >= AHEAD:
                return
            request = GenerationRequest.model_validate_json(drawing.request)
            self.doors.put(Job(id=drawing.job, owner=grid.owner, request=request, created=time.time()))
            self.store.sent(grid.id, drawing.job)
        outcomes = self.outcomes(self.store.cells(grid.id))
        if all(outcome.state.final for outcome in outcomes.values()):
            self.store.become(grid.id, GridState.DONE)


def state_of(outcome: Outcome | None) -> str:
    """A cell whose job the queue does not know yet is waiting."""
    return outcome.state.value if outcome else "waiting"


def shown_axes(plan: Plan, layout: Layout) -> list[dict[str, Any]]:
    return [
        {"what": axis.what, "points": [point.label for point in points]}
        for axis, points in zip(plan.axes, layout.axes, strict=True)
    ]


def cost_of(request: GenerationRequest) -> float:
    return Job(id="", owner="", request=request, created=0).cost


def read_plan(plan: dict[str, Any]) -> Plan:
    try:
        return Plan.model_validate(plan)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors(include_url=False)[0]["loc"])
        raise BadRequest(
            "grid.plan",
            "This is not a plan of a grid.",
            "Send values by name and one to three axes, each with `what` and `values`.",
            field=place[:60],
        ) from None
