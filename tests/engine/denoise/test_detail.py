"""The detailer through the painter's door, with a small detector of our making that finds what is red."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine import infotext
from engine.denoise.painter import Painter
from engine.errors import AtelierError
from engine.events import Done, Event, Failed, Made, Stepped
from engine.job import Job
from engine.library.scan import Library
from engine.picture.inputs import put_input
from engine.request.read import read
from tests.engine.denoise.conftest import MODELS
from tests.engine.denoise.test_painter import finish, job
from tests.engine.detect.onnx import yolo

DETAIL = {"detailer_model": "red", "detailer_strength": 0.6, "detailer_padding": 8}


@pytest.fixture
def library(tmp_path: Path) -> Library:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "checkpoints").symlink_to(MODELS / "checkpoints")
    yolo(tmp_path / "models" / "detectors" / "red.onnx", box=160)
    return Library(tmp_path / "models", tmp_path / "cache")


@pytest.fixture
def painter(library: Library, given: Path) -> Iterator[Painter]:
    made = Painter(library, "cpu", "float32", 16, 1.0, given)
    yield made
    made.close()


def two_reds(given: Path, mode: str = "RGB") -> str:
    """A picture with red at the left and at the right, kept as a picture to start from."""
    picture = Image.new("RGB", (256, 128), (60, 120, 60))
    for left in (16, 208):
        ImageDraw.Draw(picture).rectangle((left, 48, left + 31, 79), fill=(230, 20, 20))
    picture = picture.convert(mode)
    file = BytesIO()
    picture.save(file, "PNG")
    return put_input(given, file.getvalue())


def drawn(painter: Painter, one: Job) -> tuple[Made, list[Event]]:
    painter.add(one)
    events = finish(painter)
    (made,) = [event for event in events if isinstance(event, Made)]
    return made, events


def pixels(file: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(file)).convert("RGB"))


def start(library: Library, given: Path, **values: Any) -> Job:
    usual = {"start": "picture", "picture": two_reds(given), "width": 256, "height": 128, "prompt": "a blue house"}
    return job(library, **usual, **DETAIL, **values)


def test_each_region_is_redrawn_and_outside_them_every_byte_stays(painter: Painter, library: Library, given: Path):
    one = start(library, given, detailer_only=True, detailer_blur=2)
    made, events = drawn(painter, one)
    before, after = pixels((given / one.drawn.start.picture).read_bytes()), pixels(made.file)  # pyright: ignore[reportAttributeAccessIssue]
    assert after.shape == before.shape
    changed = (before != after).any(2)
    assert changed[48:80, 16:48].mean() > 0.5
    assert changed[48:80, 208:240].mean() > 0.5
    assert not changed[:, 112:144].any()  # between them
    assert made.outside == 0
    steps = [event for event in events if isinstance(event, Stepped)]
    assert steps[-1].step == steps[-1].of  # two regions of as many steps each
    assert len(steps) == steps[-1].of


def test_a_drawn_picture_is_detailed_after_its_second_pass(painter: Painter, library: Library):
    """On whatever the detector sees red in it; without the detailer the same seed gives what stays outside."""
    asked = {"prompt": "a red house by day", "hires_scale": 1.5, "steps": 6}
    plain, _ = drawn(painter, job(library, **asked))
    made, events = drawn(painter, job(library, **asked, **DETAIL, detailer_confidence=0.05, detailer_prompt="a window"))
    assert pixels(made.file).shape == pixels(plain.file).shape == (192, 192, 3)
    assert made.outside == 0
    assert made.file != plain.file
    assert sum(isinstance(event, Stepped) for event in events) > 12


def test_without_anything_found_the_picture_is_the_same(painter: Painter, library: Library):
    asked = {"prompt": "a red house by day", "detailer_model": "red", "detailer_confidence": 1.0}
    made, _ = drawn(painter, job(library, **asked))
    plain, _ = drawn(painter, job(library, prompt="a red house by day"))
    assert np.array_equal(pixels(made.file), pixels(plain.file))
    assert made.outside is None


def test_only_detail_without_anything_found_is_the_picture_itself(painter: Painter, library: Library, given: Path):
    one = start(library, given, detailer_only=True, detailer_confidence=1.0)
    made, events = drawn(painter, one)
    assert np.array_equal(pixels(made.file), pixels((given / one.drawn.start.picture).read_bytes()))  # pyright: ignore[reportAttributeAccessIssue]
    assert isinstance(events[-1], Done)


def test_a_region_follows_its_own_words(painter: Painter, library: Library, given: Path):
    files = [
        drawn(painter, start(library, given, detailer_only=True, detailer_prompt=words))[0].file
        for words in ("a sun", "a tree")
    ]
    first, second = map(pixels, files)
    assert not np.array_equal(first, second)


def test_strength_is_how_much_of_a_region_changes(painter: Painter, library: Library, given: Path):
    before = pixels((given / two_reds(given)).read_bytes()).astype(int)

    def change(strength: float) -> tuple[float, int]:
        asked = {**DETAIL, "detailer_strength": strength, "detailer_most": 1}
        usual = {"start": "picture", "picture": two_reds(given), "width": 256, "height": 128, "steps": 10}
        made, events = drawn(painter, job(library, detailer_only=True, **usual, **asked))
        steps = sum(isinstance(event, Stepped) for event in events)
        return float(np.abs(pixels(made.file) - before).mean()), steps

    (little, few), (much, many) = change(0.1), change(1.0)
    assert (few, many) == (1, 10)  # of ten, as many as the strength says
    assert little < much / 2


@pytest.mark.parametrize("most", [1, 2])
def test_no_more_than_the_most_regions_are_redrawn(painter: Painter, library: Library, given: Path, most: int):
    one = job(
        library,
        **{
            "start": "picture",
            "picture": two_reds(given),
            "width": 256,
            "height": 128,
            "steps": 2,
            "detailer_only": True,
        },
        **{**DETAIL, "detailer_most": most, "detailer_strength": 1.0},
    )
    made, events = drawn(painter, one)
    assert sum(isinstance(event, Stepped) for event in events) == 2 * most
    changed = (pixels((given / two_reds(given)).read_bytes()) != pixels(made.file)).any(2)
    assert [bool(changed[48:80, left : left + 32].any()) for left in (16, 208)].count(True) == most


def test_only_detail_draws_nothing_but_the_regions(painter: Painter, library: Library, given: Path):
    """Without it the whole picture is drawn first."""
    only, whole = (start(library, given, detailer_only=only, detailer_most=1, strength=0.5) for only in (True, False))
    (kept, few), (redrawn, many) = drawn(painter, only), drawn(painter, whole)
    before = pixels((given / two_reds(given)).read_bytes())
    assert np.array_equal(pixels(kept.file)[:, 112:144], before[:, 112:144])
    assert not np.array_equal(pixels(redrawn.file)[:, 112:144], before[:, 112:144])
    assert len([event for event in few if isinstance(event, Stepped)]) < len(
        [event for event in many if isinstance(event, Stepped)]
    )


@pytest.mark.parametrize("field", ["detailer_prompt", "detailer_negative_prompt"])
def test_a_lora_in_a_region_s_words_is_refused_and_one_in_the_prompt_is_another_matter(library: Library, field: str):
    with pytest.raises(AtelierError) as caught:
        job(library, **DETAIL, **{field: "a face <lora:x:1>"})
    assert (caught.value.problem.code, caught.value.problem.field) == ("detailer.lora", field)
    assert job(library, **DETAIL, **{field: "a face"}).drawn.detailer.on


def test_the_settings_are_in_the_picture_s_text_and_read_again(painter: Painter, library: Library, given: Path):
    one = start(library, given, detailer_only=True, detailer_prompt="a face, close")
    made, _ = drawn(painter, one)
    assert "ADetailer model: red, " in made.infotext
    assert 'ADetailer prompt: "a face, close"' in made.infotext
    assert read(infotext.read(made.infotext).values) == one.drawn


def test_companions_are_not_touched_and_a_gone_detector_fails_its_job_alone(
    painter: Painter, library: Library, given: Path
):
    gone, other = start(library, given), job(library)
    (library.models / "detectors" / "red.onnx").unlink()
    for one in (gone, other):
        painter.add(one)
    events = finish(painter)
    (failed,) = [event for event in events if isinstance(event, Failed)]
    assert (failed.job, failed.problem.code) == (gone.id, "detector.gone")
    assert [event.job for event in events if isinstance(event, Done)] == [other.id]


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"detailer_model": "blue"}, "detector.unknown", "detailer_model"),
        ({"detailer_model": "red", "detailer_only": True}, "detailer.only", "detailer_only"),
        ({"detailer_model": "red", "detailer_prompt": "<lora:x:1>"}, "detailer.lora", "detailer_prompt"),
        ({"detailer_model": "red", "detailer_strength": 0}, "field.range", "detailer_strength"),
    ],
)
def test_what_cannot_be_detailed_is_refused_before_it_waits(
    values: dict[str, Any], code: str, field: str, library: Library
):
    with pytest.raises(AtelierError) as caught:
        job(library, **values)
    assert (caught.value.problem.code, caught.value.problem.field) == (code, field)
