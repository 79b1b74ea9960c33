"""A studio's grids: drawn a few cells ahead, paused, cancelled, drawn anew, and nobody else's."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.errors import BadRequest, NotFound
from engine.grid.grids import AHEAD
from engine.job import Job
from engine.library.scan import Library
from engine.request.generation import GenerationRequest
from engine.settings import HOUSE
from engine.studio import Studio
from engine.workers.messages import PainterSettings
from tests.engine.workers.quick import make, make_slow

BASE = {"prompt": "a boat", "width": 64, "height": 64, "steps": 3, "seed": 5}


def studio_in(data: Path, slow: bool = False) -> Studio:
    painter = make_slow if slow else make
    library = Library(HOUSE / "models", data / "cache")
    settings = PainterSettings("cpu", "auto", 4, 0)
    studio = Studio(data, library, settings, workers="inprocess", disk_reserve=0, make_painter=painter)
    studio.start()
    return studio


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    studio = studio_in(tmp_path)
    yield studio
    studio.stop()


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Studio]:
    studio = studio_in(tmp_path, slow=True)
    yield studio
    studio.stop()


def plan(*axes: tuple[str, Any], **values: Any) -> dict[str, Any]:
    return {"values": BASE | values, "axes": [{"what": what, "values": given} for what, given in axes]}


def until(studio: Studio, grid: str, state: str, owner: str = "ann") -> dict[str, Any]:
    end = time.monotonic() + 60
    shown: dict[str, Any] = {}
    while time.monotonic() < end:
        shown = studio.grids.shown(grid, owner)
        if shown["state"] == state:
            return shown
        time.sleep(0.02)
    raise AssertionError(f"the grid did not become {state} in a minute")


def test_every_cell_becomes_a_picture_of_the_gallery(studio: Studio):
    grid = studio.grids.create(plan(("sampler", "Euler, Heun"), ("steps", "2, 3")), "ann")
    shown = until(studio, grid, "done")
    images = [studio.gallery.get(cell["images"][0], "ann") for cell in shown["cells"]]
    assert [(i.sampler, i.steps) for i in images] == [("Euler", 2), ("Heun", 2), ("Euler", 3), ("Heun", 3)]
    assert {i.seed for i in images} == {"5"}


def test_equal_cells_are_drawn_once(studio: Studio):
    told = studio.grids.estimate(plan(("steps", "3, 4, 3")))
    assert (told["cells"], told["drawings"], told["evaluations"]) == (3, 2, 7)
    shown = until(studio, studio.grids.create(plan(("steps", "3, 4, 3")), "ann"), "done")
    assert shown["cells"][0]["images"] == shown["cells"][2]["images"]
    assert studio.gallery.count("ann") == 2


def test_a_grid_keeps_only_a_few_cells_ahead_of_the_queue(slow: Studio):
    grid = slow.grids.create(plan(("steps", "10-60")), "ann")
    most = 0
    for _ in range(40):
        most = max(most, slow.store.waits("ann"))
        time.sleep(0.02)
    assert 0 < most <= AHEAD
    mine = slow.submit(BASE, "ann")
    before = slow.grids.shown(grid, "ann")["counts"].get("done", 0)
    while not slow.job(mine.id, "ann").state.final:
        time.sleep(0.02)
    drawn = slow.grids.shown(grid, "ann")["counts"].get("done", 0) - before
    assert drawn <= 8, "a single picture waits for those in work, not for the grid"
    slow.grids.cancel(grid, "ann")


def test_a_paused_grid_waits_until_it_is_resumed(slow: Studio):
    grid = slow.grids.create(plan(("steps", "4-15")), "ann")
    slow.grids.pause(grid, "ann")
    until(slow, grid, "paused")
    while any(slow.grids.shown(grid, "ann")["counts"].get(state) for state in ("queued", "running")):
        time.sleep(0.05)
    done = slow.grids.shown(grid, "ann")["counts"].get("done", 0)
    assert done < 12
    time.sleep(0.3)
    assert slow.grids.shown(grid, "ann")["counts"].get("done", 0) == done
    slow.grids.resume(grid, "ann")
    assert until(slow, grid, "done")["counts"] == {"done": 12}


def test_a_cancelled_grid_stops_and_draws_the_rest_when_asked(slow: Studio):
    grid = slow.grids.create(plan(("steps", "4-11")), "ann")
    while not slow.store.running():
        time.sleep(0.01)
    slow.grids.cancel(grid, "ann")
    counts = slow.grids.shown(grid, "ann")["counts"]
    assert not counts.get("queued")
    assert not counts.get("running")
    slow.grids.retry(grid, "ann")
    assert until(slow, grid, "done")["counts"] == {"done": 8}


def test_a_failed_cell_says_why_and_is_tried_again(studio: Studio):
    grid = studio.grids.create(plan(("prompts", "a boat\nfail")), "ann")
    shown = until(studio, grid, "done")
    assert [cell["state"] for cell in shown["cells"]] == ["done", "failed"]
    assert shown["cells"][1]["problem"]["message"] == "This cannot be drawn."
    first = shown["cells"][1]["job"]
    studio.grids.retry(grid, "ann")
    again = until(studio, grid, "done")
    assert again["cells"][1]["job"] != first
    assert again["cells"][0] == shown["cells"][0]


def test_a_deleted_grid_leaves_its_pictures(studio: Studio):
    grid = studio.grids.create(plan(("steps", "2, 3")), "ann")
    until(studio, grid, "done")
    studio.grids.delete(grid, "ann")
    assert studio.gallery.count("ann") == 2
    with pytest.raises(NotFound):
        studio.grids.shown(grid, "ann")


def test_a_grid_that_is_deleted_while_it_draws_leaves_nothing_in_the_queue(slow: Studio):
    grid = slow.grids.create(plan(("steps", "20-40")), "ann")
    while not slow.store.running():
        time.sleep(0.01)
    slow.grids.delete(grid, "ann")
    end = time.monotonic() + 30
    while slow.store.counts().keys() & {"queued", "running"} and time.monotonic() < end:
        time.sleep(0.02)
    counts = slow.store.counts()
    assert counts["cancelled"], "what was in work is stopped"
    time.sleep(0.3)
    assert slow.store.counts() == counts
    assert set(counts) <= {"done", "cancelled"}


def test_a_full_disk_pauses_a_grid_and_says_so(studio: Studio):
    studio.disk_reserve = 1e9  # more GiB than there are
    grid = studio.grids.create(plan(("steps", "2, 3")), "ann")
    shown = until(studio, grid, "paused")
    assert shown["problem"]["code"] == "disk.full"
    assert shown["counts"] == {"waiting": 2}
    studio.disk_reserve = 0
    studio.grids.resume(grid, "ann")
    again = until(studio, grid, "done")
    assert (again["counts"], again["problem"]) == ({"done": 2}, None)


def test_a_bad_value_queues_nothing(studio: Studio):
    with pytest.raises(BadRequest):
        studio.grids.create(plan(("steps", "2, 3, 999")), "ann")
    assert studio.grids.known("ann") == []
    assert studio.store.counts() == {}


def test_nobody_reaches_the_grid_of_another(studio: Studio):
    grid = studio.grids.create(plan(("steps", "2, 3")), "ann")
    assert studio.grids.known("bob") == []
    for act in (studio.grids.shown, studio.grids.pause, studio.grids.resume, studio.grids.cancel, studio.grids.retry):
        with pytest.raises(NotFound):
            act(grid, "bob")
    for act in (studio.grids.delete, studio.grids.as_page, studio.grids.as_picture):
        with pytest.raises(NotFound):
            act(grid, "bob")
    assert until(studio, grid, "done")["counts"] == {"done": 2}


def test_a_cell_that_was_submitted_just_before_the_server_died_is_not_drawn_twice(studio: Studio):
    studio.grids.stopping = True  # the thread does nothing: as if the server died between the two writes
    grid = studio.grids.create(plan(("steps", "2, 3")), "ann")
    waiting = studio.grids.store.next(grid)
    assert waiting
    request = GenerationRequest.model_validate_json(waiting.request)
    studio.put(Job(id=waiting.job, owner="ann", request=request, created=time.time()))
    studio.grids.thread.join()
    studio.grids.stopping = False
    while studio.grids.advance():
        time.sleep(0.02)
    assert until(studio, grid, "done")["counts"] == {"done": 2}
    assert studio.store.counts() == {"done": 2}
    assert studio.gallery.count("ann") == 2
