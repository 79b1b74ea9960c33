"""Bad input and a bad world: a run says in a sentence what is wrong and what to do, and leaves nothing half-written."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.errors import Problem
from engine.settings import HOUSE
from engine.training import state
from engine.training.events import Warned
from engine.training.run_folder import RunFolder
from tests.engine.training import making, running

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return making.pictures(tmp_path / "pictures", 5)


def plain(pictures: Path, **values: Any) -> Any:
    return making.asked(pictures, **{"length": 2, "lora.rank": 2, **values})


def halves(folder: RunFolder) -> set[str]:
    return {path.name for path in folder.path.rglob("*") if path.name.endswith(".part")}


def failed(folder: RunFolder) -> Problem:
    """What it ended with. A process that was killed before may have left half a state; this one leaves none."""
    before = halves(folder)
    assert running.run(folder) == 1
    ended = running.end(folder)
    assert ended.how == folder.status() == "failed"
    assert "Traceback" not in (folder.path / "events.jsonl").read_text()
    assert ended.problem is not None
    assert ended.problem.code != "internal", folder.last_words()
    assert ended.problem.remedy
    assert halves(folder) <= before
    return ended.problem


def finished(folder: RunFolder) -> str:
    """What it warned of."""
    assert running.run(folder) == 0, folder.last_words()
    assert running.end(folder).how == "finished"
    return " ".join(str(event.problem) for event in running.told(folder) if isinstance(event, Warned))


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    problem = failed(running.made(tmp_path / "run", plain(tmp_path / "nothing")))
    assert problem.code == "dataset.none"
    assert problem.field == "concepts"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert "cats" in str(failed(running.made(tmp_path / "run", plain(tmp_path / "cats"))))


def test_a_folder_outside_of_those_that_are_allowed(pictures: Path, tmp_path: Path) -> None:
    folder = running.made(tmp_path / "run", plain(pictures), roots=[str(tmp_path / "elsewhere")])
    assert failed(folder).code == "dataset.outside"


def test_one_picture_is_enough(tmp_path: Path) -> None:
    finished(running.made(tmp_path / "run", plain(making.pictures(tmp_path / "one", 1))))


def test_a_damaged_picture_is_left_out_and_named(pictures: Path, tmp_path: Path) -> None:
    whole = (pictures / "03.png").read_bytes()
    (pictures / "03.png").write_bytes(whole[: len(whole) // 2])
    assert "03.png" in finished(running.made(tmp_path / "run", plain(pictures)))


def test_a_caption_in_another_encoding_is_read_and_named(pictures: Path, tmp_path: Path) -> None:
    (pictures / "02.txt").write_bytes("un château près de l'étang".encode("latin-1"))
    folder = running.made(tmp_path / "run", plain(pictures))
    assert "02.txt" in finished(folder)


def test_the_model_is_gone(pictures: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(HOUSE / "models" / "checkpoints", models / "checkpoints")
    folder = running.made(tmp_path / "run", plain(pictures, checkpoint="postcard"), models=str(models))
    process = running.Process(folder)
    assert process.until_told("step", 1)
    process.kill()
    shutil.rmtree(models / "checkpoints" / "postcard")
    assert "postcard" in str(failed(folder))


@pytest.mark.parametrize("what", ["a caption", "a picture", "one less"])
def test_data_that_changed_are_named_before_a_run_goes_on(what: str, pictures: Path, tmp_path: Path) -> None:
    folder = running.made(tmp_path / "run", plain(pictures, length=500, save=1))
    process = running.Process(folder)
    assert process.until_told("step", 1)
    process.kill()
    before = [path.name for path in state.saved(folder.states)]
    if what == "a caption":
        (pictures / "02.txt").write_text("something else")
    elif what == "a picture":
        making.pictures(pictures.parent / "other", 3, seed=5)
        shutil.copy(pictures.parent / "other" / "02.png", pictures / "02.png")
    else:
        (pictures / "02.png").unlink()
    problem = failed(folder)
    assert problem.code == "training.data_changed"
    assert "02.png" in problem.message
    assert [path.name for path in state.saved(folder.states)] == before


def test_a_rate_that_is_far_too_high_ends_with_the_likely_cause_and_keeps_a_good_state(
    pictures: Path, tmp_path: Path
) -> None:
    wild = {"optimiser": "SGD", "learning_rate": 10.0, "clip": 0, "length": 200, "save": 1, "bad_steps": 3}
    folder = running.made(tmp_path / "run", plain(pictures, **wild))
    problem = failed(folder)
    assert problem.code == "training.nan"
    assert problem.field == "learning_rate"
    assert "learning rate" in problem.remedy
    newest = state.newest(folder.states)
    assert newest is not None
    assert all(bool(torch.isfinite(one).all()) for one in state.load(newest).weights.values())
    assert not folder.products.exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB; only root may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(disk)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("no file system can be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount")
def test_a_full_disk_keeps_the_last_state_and_the_run_goes_on_once_there_is_room(
    small_disk: Path, pictures: Path, tmp_path: Path
) -> None:
    folder = running.made(small_disk / "run", plain(pictures, length=4, save=1), cache=tmp_path / "cache")
    straight = running.made(tmp_path / "straight", plain(pictures, length=4, save=1), cache=tmp_path / "cache")
    running.run(straight)
    process = running.Process(folder)
    assert process.until_told("saved", 1)
    process.kill()
    ballast = small_disk / "ballast"
    free = shutil.disk_usage(small_disk).free
    ballast.write_bytes(bytes(free - 20_000))
    problem = failed(folder)
    assert problem.code == "training.disk"
    assert "room" in problem.remedy
    assert state.newest(folder.states) is not None
    ballast.unlink()
    assert running.run(folder) == 0, folder.last_words()
    assert running.equal(folder, straight)
