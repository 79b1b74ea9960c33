"""An evaluation draws with the studio's loop, goes on where it was, and keeps numbers with all that identifies them."""

import shutil
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from engine.errors import AtelierError, BadRequest
from engine.settings import HOUSE
from engine.training.evaluation.evaluate import evaluate
from engine.training.evaluation.results import Doing, Done, Evaluation, Results, read_results
from engine.training.material import House
from engine.training.sampling import together
from tests.engine.training.evaluation.making import MODELS, PROMPTS, asked
from tests.engine.training.making import pictures, postcard


def house(tmp_path: Path, models: Path = MODELS) -> House:
    return House(models, tmp_path / "cache", (tmp_path,), "cpu")


def results(wanted: Evaluation, around: House, folder: Path) -> Results:
    *before, last = evaluate(wanted, around, folder)
    assert all(isinstance(event, Doing) for event in before)
    assert isinstance(last, Done)
    return last.results


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Results]:
    folder = tmp_path_factory.mktemp("made")
    pictures(folder / "real" / "rings", 5)
    wanted = asked(n=5, real=str(folder / "real"))
    return folder, results(wanted, house(folder), folder / "out")


def test_the_pictures_are_those_that_the_studio_draws(made: tuple[Path, Results]) -> None:
    from engine.request.read import read

    folder, found = made
    assert found.size == (128, 128)
    path = folder / "out" / found.judged[0].pictures[1]
    values = {"prompt": PROMPTS[1], "seed": 2, "steps": 1, "sampler": "DPM++ 2M", "width": 128, "height": 128}
    (expected,) = together(postcard(), [read(values)])
    with Image.open(path) as picture:
        difference = ImageChops.difference(picture, expected).getextrema()
    assert max(high for _, high in difference) <= 8  # type: ignore[operator]  # bfloat16 where the machine has it


def test_the_results_say_what_they_were_measured_with(made: tuple[Path, Results]) -> None:
    folder, found = made
    assert read_results(folder / "out") == found
    (one,) = found.judged
    assert one.name == "postcard"
    assert len(one.hash) == 10
    assert len(one.pictures) == 5
    assert found.real == 5
    assert len(found.real_hash) == 10
    assert {metric.key for metric in one.metrics} == {"kid", "frechet", "precision", "recall", "diversity"}
    for metric in one.metrics:
        assert (metric.n, metric.extractor, len(metric.hash)) == (5, "random convolutions", 10)
    assert "torchmetrics" in found.versions


def test_every_sample_has_its_nearest_real_picture_beside_it(made: tuple[Path, Results]) -> None:
    folder, found = made
    (one,) = found.judged
    assert [near.distance for near in one.nearest] == sorted(near.distance for near in one.nearest)
    assert {near.sample for near in one.nearest} == set(range(5))
    assert all((folder / "real" / near.file).is_file() for near in one.nearest)
    kept = list((folder / "out" / one.pictures[0]).parent.glob("nearest/*.png"))
    assert len(kept) == 5


def test_it_can_be_stopped_and_goes_on_with_what_is_missing(tmp_path: Path) -> None:
    wanted, around = asked(n=10), house(tmp_path)
    events = evaluate(wanted, around, tmp_path / "out")
    for event in events:
        if isinstance(event, Doing) and event.doing == "drawing":
            break
    events.close()  # type: ignore[attr-defined]
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.png")}
    assert 0 < len(before) < 10
    assert read_results(tmp_path / "out") is None
    drawn = [event for event in evaluate(wanted, around, tmp_path / "out")]
    assert [e.done for e in drawn if isinstance(e, Doing) and e.doing == "drawing"] == [10]
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.png")}
    assert len(after) == 10
    assert before.items() <= after.items()
    assert not list((tmp_path / "out").rglob("*.part"))


def test_pictures_of_other_settings_are_not_mixed_in(made: tuple[Path, Results], tmp_path: Path) -> None:
    folder, _ = made
    before = (folder / "out" / "drawn.json").read_text()
    with pytest.raises(BadRequest, match="Choose an empty folder"):
        results(asked(n=5, steps=2), house(folder), folder / "out")
    assert (folder / "out" / "drawn.json").read_text() == before


def test_checkpoints_are_compared_through_one_extractor(tmp_path: Path) -> None:
    models = tmp_path / "models"
    for name in ("a", "b"):
        shutil.copytree(HOUSE / "models/checkpoints/postcard", models / "checkpoints" / name)
    pictures(tmp_path / "real", 5)
    wanted = asked(checkpoints=("b", "a"), n=4, real=str(tmp_path / "real"), extractor="vae")
    found = results(wanted, house(tmp_path, models), tmp_path / "out")
    first, second = found.judged
    assert (first.name, second.name) == ("b", "a")
    assert {metric.extractor for one in found.judged for metric in one.metrics} == {"VAE of b"}
    assert [m.value for m in first.metrics] == [m.value for m in second.metrics]  # the same weights draw the same


def test_without_real_pictures_there_is_still_diversity(tmp_path: Path) -> None:
    found = results(asked(n=2), house(tmp_path), tmp_path / "out")
    assert [metric.key for metric in found.judged[0].metrics] == ["diversity"]
    assert not found.judged[0].nearest


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"checkpoints": ("nowhere",)}, "There is no checkpoint 'nowhere'"),
        ({"extractor": "inception"}, "Inception's weights are not there"),
        ({"extractor": "clip"}, "There is no CLIP"),
        ({"real": "/etc"}, "may not read it"),
        ({"real": "empty"}, "There are no pictures in “empty”"),
    ],
)
def test_what_is_missing_is_told_before_anything_is_drawn(values: dict, words: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(AtelierError, match=words):
        next(evaluate(asked(n=2, **values), house(tmp_path), tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_damaged_real_picture_is_named(tmp_path: Path) -> None:
    pictures(tmp_path / "real", 3)
    (tmp_path / "real" / "broken.png").write_bytes(b"no picture")
    with pytest.raises(BadRequest, match=r"broken\.png: .*Take it out of the folder"):
        results(asked(n=1, real=str(tmp_path / "real")), house(tmp_path), tmp_path / "out")
