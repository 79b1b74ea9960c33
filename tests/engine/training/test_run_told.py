"""Commands to a run, whatever it is doing when they come."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image

from engine.lease import Lease
from engine.training import state
from engine.training.events import RunEvent
from engine.training.material import House
from engine.training.run import Run
from engine.training.run_folder import RunFolder
from tests.engine.training import making, running


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return making.pictures(tmp_path / "pictures", 6)


def begun(folder: RunFolder) -> Iterator[RunEvent]:
    """Its events, in this process."""
    return Run(folder, House.of(folder.noted("house"))).events()


def until(events: Iterator[RunEvent], kind: str, **values: Any) -> Any:
    for event in events:
        if event.kind == kind and all(getattr(event, name) == value for name, value in values.items()):  # pyright: ignore
            return event
        assert event.kind != "ended", event  # pyright: ignore
    raise AssertionError(f"it never told {kind}")


@pytest.mark.parametrize("command", ["pause", "save", "sample", "measure"])
def test_a_command_while_it_caches_and_people_draw_is_carried_out_later(
    command: Any, pictures: Path, tmp_path: Path
) -> None:
    lease = Lease(tmp_path / "drawing.lock")
    folder = running.made(tmp_path / "run", making.asked(pictures, length=2), lease=str(lease.path))
    events = begun(folder)
    until(events, "doing", doing="caching")
    lease.take()
    until(events, "paused", why="drawing")
    folder.command(command)
    threading.Timer(0.7, lease.give).start()
    until(events, "resumed")
    until(events, "heard", command=command)
    if command == "pause":
        until(events, "paused", why="asked")
        folder.command("resume")
    until(events, "ended", how="finished")


def test_a_stop_goes_before_what_was_told_earlier(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.command("sample")
    second = folder.command("measure")
    assert folder.told(0) == (1, "sample")
    third = folder.command("stop")
    assert folder.told(0) == folder.told(second) == (third, "stop")
    assert folder.told(third) is None


def test_a_run_that_rests_saves_and_draws_when_it_is_told_to(pictures: Path, tmp_path: Path) -> None:
    asked = making.asked(pictures, length=3, sample=0, prompts=["a red house"], steps=2)
    folder = running.made(tmp_path / "run", asked)
    events = begun(folder)
    until(events, "step", step=1)
    folder.command("pause")
    until(events, "paused", why="asked")
    folder.command("sample")
    until(events, "sampled", step=1)
    until(events, "paused", why="asked")  # so that it is seen to rest still
    folder.command("resume")
    until(events, "ended", how="finished")


def test_the_best_step_is_kept_when_it_was_measured_on_demand(pictures: Path, tmp_path: Path) -> None:
    asked = making.asked(pictures, length=8, hold_out=0.4, save=0, measure=0, states=1, batch=4, learning_rate=3e-3)
    folder = running.made(tmp_path / "run", asked)
    events = begun(folder)
    until(events, "step", step=4)
    folder.command("measure")
    measured = until(events, "measured", step=4)
    assert measured.best == 4, "choose other numbers: the test needs a step that is the best so far"
    until(events, "step", step=5)
    assert folder.states / "000004" in state.saved(folder.states)
    events.close()  # pyright: ignore[reportAttributeAccessIssue]


def test_pictures_to_measure_with_are_never_learned(pictures: Path, tmp_path: Path) -> None:
    """Neither those that are held out nor those of a folder for it."""
    other = making.pictures(tmp_path / "other", 2, seed=9)
    concepts = [{"folder": str(pictures)}, {"folder": str(other), "kind": "validation"}]
    folder = running.made(tmp_path / "run", making.asked(pictures, concepts=concepts, hold_out=0.4))
    run = Run(folder, House.of(folder.noted("house")))
    events = run.events()
    until(events, "began")
    feed = run.trainer.feed
    learned = {item for micro in range(3 * feed.batches_per_epoch) for item in feed.batch(micro).items}
    measured = {item for batch in run.held_probes for item in batch.items}
    assert learned
    assert len(measured) > 2, "choose another hold_out: some of the first folder must be held out"
    assert not learned & measured
    names = {path.parent.name for item in measured if (path := feed.by_id[item].path)}
    assert names == {"pictures", "other"}
    assert len(learned | measured) == 8
    events.close()  # pyright: ignore[reportAttributeAccessIssue]


def test_the_samples_of_a_controlnet_tell_what_each_of_them_follows(pictures: Path, tmp_path: Path) -> None:
    values = {"method": "controlnet", "prompts": ["a red house", "a tree"], "steps": 1, "hold_out": 0.2, "length": 1}
    folder = running.made(tmp_path / "run", running.asked(pictures, ema=False, **values))
    run = Run(folder, House.of(folder.noted("house")))
    told = until(run.events(), "sampled", step=0)
    assert told.conditions == ("conditions/01.png", "conditions/02.png")
    for at, name in enumerate(told.conditions):
        seen = numpy.asarray(Image.open(folder.path / name)).transpose(2, 0, 1) / 255
        wanted = run.maps[at % len(run.maps)].float().cpu().numpy()
        assert wanted.std() > 0
        assert abs(seen - wanted).max() < 0.01
