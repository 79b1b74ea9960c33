"""A picture that is held back is blurred and says why, whatever way it was drawn; the sharp one never leaves the painter.

The checker's weights are tiny and random, its limits set so that it holds back everything, or nothing.
"""

import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from io import BytesIO
from json import loads
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine import infotext
from engine.denoise.painter import Painter
from engine.events import Done, Event, Failed, Made, Stepped
from engine.held import Held
from engine.job import Job, new_id
from engine.library.scan import Library
from engine.picture.inputs import put_input
from engine.picture.steps.settle import settled
from engine.picture.texts import texts_of
from engine.picture.veil import veiled
from engine.request.read import read
from engine.request.restoring_read import read_restoring
from engine.resolve import resolve
from engine.settings import HOUSE
from tests.engine.library.tiny_safety import checker, write_checker

WHY = Held(concepts=(3, 7))
SMALL = {"prompt": "a red house by day", "steps": 3, "seed": 7, "width": 128, "height": 128}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("models")
    (made / "checkpoints").symlink_to(HOUSE / "models" / "checkpoints")
    write_checker(made, checker(flagged=WHY.concepts))
    return made


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("inputs")


@pytest.fixture(scope="module")
def painter(models: Path, inputs: Path) -> Iterator[Painter]:
    made = Painter(Library(models, models / "cache"), "cpu", "float32", 16, 1.0, inputs)
    yield made
    made.close()


def job(painter: Painter, checked: bool, **values: Any) -> Job:
    asked = resolve(read({**SMALL, **values}), painter.library)
    return Job(id=new_id(), owner="ann", request=asked, checked=checked, created=0)


def finish(painter: Painter, one: Job) -> list[Event]:
    painter.add(one)
    events: list[Event] = []
    while not painter.idle:
        events += painter.step()
    return events


def made(events: list[Event]) -> Made:
    assert isinstance(events[-1], Done), events[-1]
    return next(event for event in events if isinstance(event, Made))


def opened(file: bytes) -> Image.Image:
    return Image.open(BytesIO(file))


def pixels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("RGB")).astype(float)


def detail(picture: Image.Image) -> float:
    """How much a pixel differs from the mean of those beside it: what is blurred to a few colours has next to none."""
    return float(np.abs(np.diff(pixels(picture.convert("L")), n=2, axis=0)).mean())


def apart(one: Image.Image, other: Image.Image) -> float:
    return float(np.abs(pixels(one) - pixels(other)).mean())


def start(inputs: Path) -> str:
    file = BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)).save(file, "PNG")
    return put_input(inputs, file.getvalue())


WAYS: dict[str, dict[str, Any]] = {
    "from noise": {},
    "a second pass": {"hires_scale": 2.0, "hires_upscaler": "Latent"},
    "as JPEG": {"format": "JPEG"},
    "as WebP": {"format": "WebP"},
}


@pytest.mark.parametrize("way", WAYS)
def test_it_is_blurred_never_black_and_says_why(way: str, painter: Painter) -> None:
    sharp = opened(made(finish(painter, job(painter, False, **WAYS[way]))).file)
    asked = job(painter, True, **WAYS[way])
    event = made(finish(painter, asked))
    shown = opened(event.file)
    assert event.held == WHY
    assert shown.size == sharp.size
    assert np.abs(pixels(shown) - pixels(veiled(sharp))).mean() < 3  # JPEG and WebP change a little
    assert pixels(shown).mean() > 20
    assert detail(shown) < detail(sharp) / 3
    found = texts_of(event.file).found
    text = found.get("parameters") or found["UserComment"]
    assert "Safety checker: held back (concepts 3 and 7)" in text
    assert text == event.infotext
    assert read(infotext.read(text).values) == asked.request  # it can still be edited and drawn again


def test_from_pictures_and_into_them_as_well(painter: Painter, inputs: Path) -> None:
    mask = BytesIO()
    Image.fromarray(np.tile(np.array([0] * 32 + [255] * 32, np.uint8), (64, 1))).save(mask, "PNG")
    given = {"picture": start(inputs), "strength": 0.6}
    for more in (
        {"start": "picture", **given},
        {"start": "picture", **given, "loops": 2},
        {"start": "mask", **given, "mask": put_input(inputs, mask.getvalue())},
    ):
        event = made(finish(painter, job(painter, True, **more)))
        assert event.held == WHY
        assert event.outside is None  # of a veil nothing was to stay
        assert detail(opened(event.file)) < 8  # the start is noise: what is kept of it would have much


def test_what_restoring_makes_is_looked_at_too(painter: Painter, inputs: Path) -> None:
    asked = read_restoring({"pictures": [start(inputs)], "steps": [{"kind": "sharpen"}]})
    request = settled(asked, inputs, painter.library, lambda: 1)
    events = finish(painter, Job(id=new_id(), owner="ann", request=request, checked=True, created=0))
    event = made(events)
    assert event.held == WHY
    assert detail(opened(event.file)) < 8
    assert "held back (concepts 3 and 7)" in texts_of(event.file).found["postprocessing"]
    assert all(detail(opened(one.preview)) < 8 for one in events if isinstance(one, Stepped) and one.preview)


def test_what_is_stopped_early_is_looked_at_too(painter: Painter) -> None:
    one = job(painter, True, steps=30)
    painter.add(one)
    events = list(painter.step())
    painter.hasten(one.id)
    while not painter.idle:
        events += painter.step()
    assert made(events).held == WHY


def test_previews_and_kept_steps_show_only_colours(painter: Painter) -> None:
    previews: dict[bool, list[Image.Image]] = {}
    frames: dict[bool, list[Image.Image]] = {}
    for checked in (False, True):
        events = finish(painter, job(painter, checked, steps=8, trace=True))
        previews[checked] = [opened(one.preview) for one in events if isinstance(one, Stepped) and one.preview]
        steps = loads(made(events).trace or b"")["steps"]
        kept = [b64decode(step[which].partition(",")[2]) for step in steps for which in ("guess", "latents")]
        frames[checked] = [opened(file) for file in kept]
    for sharp, blurred in zip(frames[False], frames[True], strict=True):
        assert apart(blurred, veiled(sharp)) < 8
    assert np.mean([apart(one, veiled(one)) for one in frames[False]]) > 8
    for one in previews[True]:
        assert apart(one, veiled(one)) < min(apart(one, veiled(one)) for one in previews[False]) / 1.5


def test_what_it_lets_through_is_as_if_nobody_had_looked(models: Path, inputs: Path, tmp_path: Path) -> None:
    (tmp_path / "checkpoints").symlink_to(HOUSE / "models" / "checkpoints")
    write_checker(tmp_path, checker())
    painter = Painter(Library(tmp_path, tmp_path / "cache"), "cpu", "float32", 16, 1.0, inputs)
    free, checked = (made(finish(painter, job(painter, looked))) for looked in (False, True))
    assert checked.held is None
    assert checked.file == free.file
    painter.close()


def test_without_the_weights_nothing_is_drawn(inputs: Path) -> None:
    painter = Painter(Library(HOUSE / "models", inputs / "cache"), "cpu", "float32", 16, 1.0, inputs)
    events = finish(painter, job(painter, True))
    assert isinstance(events[-1], Failed)
    assert events[-1].problem.code == "safety.missing"
    assert not [one for one in events if isinstance(one, Made | Stepped)]
    painter.close()


def test_who_is_not_checked_pays_nothing(tmp_path: Path) -> None:
    """Not even the import."""
    script = f"""
import sys
from pathlib import Path
from tests.engine.safety.test_held_back import *
painter = Painter(Library(HOUSE / "models", Path({str(tmp_path)!r})), "cpu", "float32", 16, 1.0, Path({str(tmp_path)!r}))
made(finish(painter, job(painter, False)))
print("engine.safety.checker" in sys.modules)
made_ = finish(painter, job(painter, True))
print("engine.safety.checker" in sys.modules)
"""
    told = subprocess.run([sys.executable, "-c", script], cwd=HOUSE, capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", "True"]
