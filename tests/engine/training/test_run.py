"""A run as a process: it ends with its product, and however it is interrupted it goes on to the same end."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from engine.training import state
from engine.training.events import Paused, Phase, Saved, StepMade
from engine.training.run_folder import RunFolder
from tests.engine.training import making, running

KILLS = 4
pytestmark = pytest.mark.timeout(1800)  # another program may have the processor


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return making.pictures(tmp_path_factory.mktemp("data") / "pictures", 5, seed=1)  # three of them are learned


@pytest.fixture(scope="module")
def straight(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run that nobody disturbs."""
    folder = running.made(tmp_path_factory.mktemp("straight") / "run", running.asked(pictures))
    assert running.run(folder) == 0, folder.last_words()
    return folder


def test_a_run_ends_with_its_product_and_whole_events(straight: RunFolder) -> None:
    lines = (straight.path / "events.jsonl").read_bytes().splitlines()
    events = running.told(straight)
    assert len(events) == len(lines)
    assert running.end(straight).how == straight.status() == "finished"
    assert list(running.losses(straight)) == [1, 2, 3, 4, 5, 6]
    assert list(running.products(straight)) == ["training.safetensors"]
    assert not [path for path in straight.path.rglob("*") if "part" in path.name]
    assert [int(path.name) for path in state.saved(straight.states)] == [6, 4]


@pytest.mark.slow
def test_a_new_interpreter_makes_the_same(straight: RunFolder, pictures: Path, tmp_path: Path) -> None:
    """As the studio starts it; all other runs here are forked from a process that has imported torch."""
    folder = running.made(tmp_path / "run", running.asked(pictures))
    assert running.command_line(folder) == 0, folder.last_words()
    assert running.equal(folder, straight)


def test_killed_at_random_moments_it_goes_on_to_the_same_end(
    straight: RunFolder, pictures: Path, tmp_path: Path
) -> None:
    """After each kill another one, at a moment that is drawn from all that a run tells."""
    folder = running.made(tmp_path / "run", running.asked(pictures))
    lots = random.Random(int(os.environ.get("ATELIER_KILLS_SEED", "7")))
    of = len(running.told(straight))
    for _ in range(KILLS):
        here = len(running.told(folder))
        wanted, wait = here + lots.randrange(1, of), lots.random() * 0.2
        process = running.Process(folder)
        if process.until(lambda wanted=wanted: len(running.told(folder)) >= wanted):
            time.sleep(wait)
        process.kill()
    assert running.run(folder) == 0, folder.last_words()
    assert running.losses(folder) == running.losses(straight)
    assert running.equal(folder, straight)
    assert running.products(folder) == running.products(straight)


@pytest.mark.parametrize("step", [0, 2, 6])
def test_killed_in_the_middle_of_a_save_it_goes_on_to_the_same_end(
    step: int, straight: RunFolder, pictures: Path, tmp_path: Path
) -> None:
    folder = running.made(tmp_path / "run", running.asked(pictures))
    process = running.Process(folder)
    part = folder.states / f".{step:06}.part"
    assert process.until(part.exists)
    process.kill()
    newest = state.newest(folder.states)
    assert newest is None or int(newest.name) <= step
    assert running.run(folder) == 0, folder.last_words()
    assert running.equal(folder, straight)
    assert not list(folder.states.glob(".*"))


def test_killed_while_it_caches_it_goes_on_to_the_same_end(straight: RunFolder, pictures: Path, tmp_path: Path) -> None:
    folder = running.made(tmp_path / "run", running.asked(pictures))
    process = running.Process(folder)
    assert process.until(lambda: any(isinstance(e, Phase) and e.doing == "caching" for e in running.told(folder)))
    process.kill()
    assert running.run(folder) == 0, folder.last_words()
    assert running.equal(folder, straight)


def test_it_stops_after_the_step_and_the_save_and_goes_on(straight: RunFolder, pictures: Path, tmp_path: Path) -> None:
    folder = running.made(tmp_path / "run", running.asked(pictures, save=0))
    process = running.Process(folder)
    assert process.until_told("step", 1)
    folder.command("stop")
    here = len(running.told(folder))
    assert process.wait() == 0, folder.last_words()
    after = running.told(folder)[here:]
    assert len([event for event in after if isinstance(event, StepMade)]) <= 2  # the one that was under way, and one
    assert [event.kind for event in after[-4:]] == ["heard", "doing", "saved", "ended"]
    assert running.end(folder).how == folder.status() == "stopped"
    assert not folder.products.exists()
    assert running.run(folder) == 0, folder.last_words()
    assert running.losses(folder) == running.losses(straight)
    assert running.products(folder) == running.products(straight)


def test_sigterm_stops_with_a_state_and_a_second_one_without(pictures: Path, tmp_path: Path) -> None:
    folder = running.made(tmp_path / "run", running.asked(pictures, save=0, length=500))
    process = running.Process(folder)
    assert process.until_told("step", 1)
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait() == 0
    ended = running.end(folder)
    assert (ended.how, ended.step) == ("stopped", int(state.saved(folder.states)[0].name))
    process = running.Process(folder)
    assert process.until_told("step", ended.step + 1)
    os.kill(process.pid, signal.SIGINT)
    assert process.wait() == 0
    assert running.end(folder).how == "stopped"
    assert int(state.saved(folder.states)[0].name) == ended.step


def test_a_paused_run_waits_and_resumes(straight: RunFolder, pictures: Path, tmp_path: Path) -> None:
    folder = running.made(tmp_path / "run", running.asked(pictures))
    process = running.Process(folder)
    assert process.until_told("step", 1)
    folder.command("pause")
    assert process.until(lambda: isinstance(running.told(folder)[-1], Paused))
    assert folder.status() == "paused"
    here = len(running.told(folder))
    time.sleep(0.5)
    assert len(running.told(folder)) == here
    folder.command("resume")
    assert process.wait() == 0
    assert running.equal(folder, straight)


def test_states_on_demand_change_nothing(straight: RunFolder, pictures: Path, tmp_path: Path) -> None:
    folder = running.made(tmp_path / "run", running.asked(pictures, save=0))
    process = running.Process(folder)
    assert process.until_told("step", 1)
    seq = folder.command("save")
    assert process.wait() == 0
    events = running.told(folder)
    heard = next(i for i, event in enumerate(events) if getattr(event, "seq", 0) == seq)
    assert any(isinstance(event, Saved) for event in events[heard:])
    assert running.products(folder) == running.products(straight)


def test_a_run_is_held_by_one_process(pictures: Path, tmp_path: Path) -> None:
    folder = running.made(tmp_path / "run", running.asked(pictures, length=500))
    first = running.Process(folder)
    try:
        assert first.until_told("began")
        here = folder.pid()
        assert running.run(folder) == 1
        assert "going on already" in folder.last_words()
        assert folder.pid() == here == first.pid
    finally:
        first.kill()
    assert folder.status() == "crashed"
