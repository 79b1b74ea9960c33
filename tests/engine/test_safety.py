"""The rule travels with the job: whoever draws it, whenever, what is held back is nowhere sharp in the data folder.

The checker's weights are tiny and random, its limits set so that it holds back everything.
"""

import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from engine.errors import BadRequest
from engine.events import Made
from engine.held import Held
from engine.job import Job, JobState
from engine.library.scan import Library
from engine.picture.veil import veiled
from engine.rules import Rules
from engine.settings import HOUSE
from engine.studio import PainterSettings, Studio
from engine.training.material import House
from engine.training.run import Run
from tests.engine.library.tiny_safety import checker, write_checker
from tests.engine.training import making, running

WHY = Held(concepts=(2,), special=(1,))
HOUSES: dict[str, Any] = {"prompt": "a red house", "steps": 4, "seed": 7, "width": 128, "height": 128, "trace": True}


@pytest.fixture
def models(tmp_path: Path) -> Path:
    made = tmp_path / "models"
    made.mkdir()
    (made / "checkpoints").symlink_to(HOUSE / "models" / "checkpoints")
    write_checker(made, checker(flagged=WHY.concepts, special=WHY.special))
    return made


def studio(data: Path, models: Path, checked: bool) -> Studio:
    def rules(owner: str) -> Rules:
        return Rules(checked=checked)

    library = Library(models, models.parent / "cache")
    return Studio(data, library, PainterSettings("cpu", "float32"), workers="inprocess", disk_reserve=0, rules=rules)


def until(check: Callable[[], bool], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def drawn(one: Studio, asked: Job) -> str:
    """The picture's id."""
    until(lambda: one.job(asked.id, asked.owner).state.final)
    job = one.job(asked.id, asked.owner)
    assert job.state is JobState.DONE, job.problem
    return one.gallery.made(asked.id)[0]


def levels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("RGB").resize((128, 128)), float)


def test_after_a_restart_it_is_held_back_all_the_same_and_nothing_sharp_is_on_the_disk(
    models: Path, tmp_path: Path
) -> None:
    first = studio(tmp_path / "data", models, checked=True)
    asked = first.submit(HOUSES, "ann")
    first.stop()
    second = studio(tmp_path / "data", models, checked=False)  # the rule of the day it was asked counts
    second.start()
    image = drawn(second, asked)
    assert second.gallery.get(image, "ann").held == WHY
    assert second.one(asked.id, "ann")["pictures"][0]["held"] == {"concepts": (2,), "special": (1,)}
    assert [hint.code for hint in second.hints(image, "ann")] == ["hint.held"]
    free = drawn(second, second.submit(HOUSES | {"trace": False}, "ada"))
    sharp = second.gallery.file(free, "ada").read_bytes()
    small = second.gallery.thumbnail(free, "ada").read_bytes()
    second.gallery.delete(free, "ada")
    second.stop()
    seen = 0
    for path in (path for path in (tmp_path / "data").rglob("*") if path.is_file()):
        content = path.read_bytes()
        assert sharp not in content, path
        assert small not in content, path
        try:
            picture = Image.open(BytesIO(content))
        except UnidentifiedImageError:
            continue
        seen += 1
        assert np.abs(levels(picture) - levels(Image.open(BytesIO(sharp)))).mean() > 4, path
    assert seen == 2  # the veil, and its thumbnail


def test_a_job_that_was_drawn_in_vain_is_not_drawn_unchecked(models: Path, tmp_path: Path) -> None:
    first = studio(tmp_path / "data", models, checked=True)
    asked = first.submit(HOUSES, "ann")
    (models / "safety" / "model.safetensors").unlink()
    with pytest.raises(BadRequest, match="not in models/safety"):
        first.submit(HOUSES, "ann")
    first.start()
    until(lambda: first.job(asked.id, "ann").state.final)
    problem = first.job(asked.id, "ann").problem
    assert problem
    assert problem.code == "safety.missing"
    assert first.gallery.made(asked.id) == {}
    first.stop()


def test_a_live_look_is_veiled_too(models: Path, tmp_path: Path) -> None:
    one = studio(tmp_path / "data", models, checked=True)
    one.start()
    with one.progress.expecting(asked := one.submit(HOUSES | {"trace": False}, "ann", live=True)) as waited:
        until(lambda: waited.last is not None)
    assert [made.held for made in waited.pictures] == [WHY]
    assert one.snapshot("ann")["jobs"][0]["pictures"][0]["held"] == {"concepts": (2,), "special": (1,)}
    assert isinstance(waited.pictures[0], Made)
    assert asked.live
    one.stop()


def test_samples_of_a_training_are_looked_at_before_they_are_written(models: Path, tmp_path: Path) -> None:
    pictures = making.pictures(tmp_path / "pictures", 4)
    asked = making.asked(pictures, length=2, prompts=["a purple ring", "a red house"], steps=3)
    files: dict[bool, list[Image.Image]] = {}
    for checked in (False, True):
        folder = running.made(tmp_path / f"run {checked}", asked, models=str(models), checked=checked)
        events = list(Run(folder, House.of(folder.noted("house"))).events())
        sampled = [event for event in events if event.kind == "sampled"]  # pyright: ignore[reportAttributeAccessIssue]
        assert [event.held for event in sampled] == [((WHY, WHY) if checked else ())] * len(sampled)  # pyright: ignore
        files[checked] = [Image.open(path) for path in sorted(folder.samples.rglob("*.png"))]
    for sharp, veil in zip(files[False], files[True], strict=True):
        assert np.abs(levels(veil) - levels(veiled(sharp))).mean() < 2
        assert np.abs(levels(veil) - levels(sharp)).mean() > 4


def test_a_run_that_is_asked_for_knows_the_rule(models: Path, tmp_path: Path) -> None:
    one = studio(tmp_path / "data", models, checked=True)
    folder = making.pictures(one.training.ground.datasets("ann") / "rings", 2)
    run = one.training.create({"concepts": [{"folder": folder.name}], "prompts": ["a ring"], "length": 2}, "ann")
    assert House.of(one.training.folder(run, "ann").noted("house")).checked
    (models / "safety" / "model.safetensors").unlink()
    with pytest.raises(BadRequest, match="not in models/safety"):
        one.training.create({"concepts": [{"folder": folder.name}], "prompts": ["a ring"], "length": 2}, "ann")
    assert len(list(one.training.ground.runs.glob("[0-9a-f]*"))) == 1
    one.stop()
