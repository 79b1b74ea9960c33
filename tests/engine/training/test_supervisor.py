"""Asking for runs: what is refused, whose they are, and how little of the disk is looked at meanwhile."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.errors import BadRequest, Busy, NotFound
from engine.library.scan import Library
from engine.settings import HOUSE
from engine.training import supervisor as supervisors
from engine.training.supervisor import Child, Ground, Supervisor
from tests.engine.training.making import pictures

RINGS: dict[str, Any] = {"concepts": [{"folder": "rings"}]}


def supervisor(tmp_path: Path, kind: str | None = "cpu", **ground: Any) -> Supervisor:
    """Its thread is not started: nothing is taken from the queue."""
    return Supervisor(Ground(tmp_path, **ground), Library(HOUSE / "models", tmp_path / "cache"), None, lambda: kind)


def test_a_run_is_asked_for_without_listing_its_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run looks at every picture itself: two hundred folders of as many thousand files would keep the page waiting."""

    def listing(*args: object) -> None:
        raise AssertionError("a folder was listed")

    pictures(tmp_path / "datasets" / "rings", 1)
    monkeypatch.setattr("engine.training.data.scan.listing", listing)
    made = supervisor(tmp_path)
    run = made.create(RINGS, "ann")
    assert made.folder(run, "ann").request().data.concepts[0].folder == "rings"


@pytest.mark.parametrize("folder", ["nowhere", "/etc", "../../etc", "bob", "../bob", "rings/../../bob"])
def test_a_folder_that_is_missing_outside_or_another_ones_is_refused(folder: str, tmp_path: Path) -> None:
    pictures(tmp_path / "datasets" / "ann" / "rings", 1)
    pictures(tmp_path / "datasets" / "bob", 1)
    made = supervisor(tmp_path, private=True)
    with pytest.raises(BadRequest) as caught:
        made.create({"concepts": [{"folder": folder}]}, "ann")
    assert caught.value.problem.field == "concepts"
    assert not list(made.ground.runs.glob("*"))


def test_a_run_is_its_owners_alone(tmp_path: Path) -> None:
    pictures(tmp_path / "datasets" / "rings", 1)
    made = supervisor(tmp_path)
    run = made.create(RINGS, "ann")
    assert [row["id"] for row in made.rows("ann")["runs"]] == [run]
    assert made.rows("bob")["runs"] == []
    for forbidden in (
        lambda: made.shown(run, "bob"),
        lambda: made.command(run, "bob", "stop"),
        lambda: made.start_again(run, "bob"),
        lambda: made.use(run, "bob", "final"),
        lambda: made.delete(run, "bob"),
    ):
        with pytest.raises(NotFound):
            forbidden()
    assert made.shown(run, None)["queued"] == 1


def test_nobody_fills_the_queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures(tmp_path / "datasets" / "rings", 1)
    made = supervisor(tmp_path)
    monkeypatch.setattr(supervisors, "MOST_WAITING", 2)
    made.create(RINGS, "ann")
    made.create(RINGS, "ann")
    with pytest.raises(Busy):
        made.create(RINGS, "ann")
    made.create(RINGS, "bob")


def test_a_dry_run_leaves_its_figures_and_no_weights(tmp_path: Path) -> None:
    """It is in no list, so nobody would ever delete them."""
    pictures(tmp_path / "datasets" / "rings", 1)
    made = supervisor(tmp_path)
    ids = [made.dry_run(RINGS, "ann"), made.create(RINGS, "ann")]
    for run in ids:
        folder = made.folder(run, "ann")
        folder.leave_queue()
        folder.note("measured", {"seconds": 1.0, "before": 1.0, "memory": 1, "room": None, "device": "cpu"})
        for place in (folder.states / "000002", folder.products):
            place.mkdir(parents=True)
            (place / "weights.safetensors").write_bytes(b"large")
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        made.children[run] = Child(ended, None)
    made.bury()
    dry, wet = (made.folder(run, "ann") for run in ids)
    assert not dry.states.exists()
    assert not dry.products.exists()
    assert (wet.states / "000002" / "weights.safetensors").exists()
    assert wet.products.exists()
    made.figures.take_in(made.ground.runs)
    assert {one.run for one in made.figures.all} == set(ids)


def test_an_estimate_is_for_the_device_that_the_run_will_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures(tmp_path / "datasets" / "rings", 2)
    large = {**RINGS, "method": "full", "precision": "bfloat16"}
    told = {
        (device, kind): supervisor(tmp_path, kind, device=device).estimate(large, "ann")["seconds"]
        for device, kind in (("cpu", "cuda"), ("cuda", "cpu"), ("auto", "cpu"), ("auto", "cuda"))
    }
    assert told["auto", "cpu"] == told["cpu", "cuda"]
    assert told["auto", "cuda"] == told["cuda", "cpu"] != told["auto", "cpu"]
    monkeypatch.setattr(supervisors, "KNOWING", 0.2)
    with pytest.raises(Busy):
        supervisor(tmp_path, None, device="auto").estimate(large, "ann")
