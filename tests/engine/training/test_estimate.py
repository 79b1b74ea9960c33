"""Estimates: the numbers that a method trains are counted as the learner makes them; what was measured comes first."""

from pathlib import Path

import pytest

from engine.library.scan import Library
from engine.request.training import TrainingRequest, read
from engine.settings import HOUSE
from engine.training.estimate import Work, estimate, guess, remedies, steps_of
from engine.training.figures import Figure, Figures, Kind
from engine.training.learners.table import learner
from engine.training.run_folder import RunFolder
from engine.training.sizes import Sizes, sizes
from tests.engine.training.making import postcard

WORK = Work(steps=100, pictures=12, held=0)
LARGE = Sizes(unet=860_000_000, vae=84_000_000, text_encoder=123_000_000, trained=860_000_000, whole=1_067_000_000)


def asked(**values: object) -> TrainingRequest:
    return read({"concepts": [{"folder": "x"}], "resolution": 128, "checkpoint": "postcard", **values})


@pytest.mark.parametrize(
    "values",
    [
        {"method": "lora", "lora.rank": 4},
        {"method": "lora", "lora.targets": "attention and feed-forward"},
        {"method": "lora", "lora.targets": "all linear"},
        {"method": "lora", "lora.targets": "all linear and convolutions", "lora.text_encoder": True},
        {"method": "textual_inversion", "textual_inversion.vectors": 3},
        {"method": "full", "full.text_encoder": True},
        {"method": "vae"},
    ],
)
def test_what_is_trained_is_counted_without_torch(values):
    request = asked(**values)
    library = Library(HOUSE / "models", Path("/nowhere"))
    made = learner(postcard(), request).weights()
    assert sizes(library.find("postcard"), request).trained == sum(weight.numel() for weight in made.values())


def test_a_controlnet_is_counted_within_a_tenth():
    request = asked(method="controlnet")
    library = Library(HOUSE / "models", Path("/nowhere"))
    made = sum(weight.numel() for weight in learner(postcard(), request).weights().values())
    assert sizes(library.find("postcard"), request).trained == pytest.approx(made, rel=0.1)


def test_a_run_of_the_same_kind_replaces_the_guess_and_another_scales_it(tmp_path: Path):
    request, figures = asked(batch=2), Figures(tmp_path / "figures.json")
    guessed = estimate(request, LARGE, WORK, figures, tmp_path, "cpu")
    assert not guessed.measured
    figures.all.append(Figure("a", Kind.of(request, "cpu"), 0.5, 10.0, 3 * 2**30, None))
    same = estimate(request, LARGE, WORK, figures, tmp_path, "cpu")
    assert (same.measured, same.seconds, same.memory) == (True, 60.0, 3 * 2**30)
    doubled = estimate(asked(batch=4), LARGE, WORK, figures, tmp_path, "cpu")
    assert not doubled.measured
    assert doubled.seconds == pytest.approx(10 + 100 * 1.0)


def test_figures_of_runs_stay_when_the_runs_are_gone(tmp_path: Path):
    folder = RunFolder(tmp_path / "runs" / "abc")
    folder.create(asked())
    folder.note("house", {"device": "auto"})
    told = {"seconds": 0.25, "before": 3.0, "memory": 10**9, "room": None, "device": "cuda"}  # what "auto" was
    folder.note("measured", told)
    Figures(tmp_path / "figures.json").take_in(tmp_path / "runs")
    assert Figures(tmp_path / "figures.json").same(Kind.of(asked(), "cpu")) is None
    found = Figures(tmp_path / "figures.json").same(Kind.of(asked(), "cuda"))
    assert found is not None
    assert found.seconds == 0.25


def test_remedies_come_in_order_until_it_fits(tmp_path: Path):
    request, figures = asked(method="full", resolution=512, batch=4), Figures(tmp_path / "figures.json")
    room = round(guess(request, LARGE, "cuda").memory * 0.6)

    def of(tried: TrainingRequest):
        made = estimate(tried, LARGE, WORK, figures, tmp_path, "cuda")
        return type(made)(made.seconds, made.memory, 0, False, room, 1)

    found = remedies(request, of, "cuda")
    codes = [one["code"] for one in found]
    assert codes == [
        code for code in ("checkpointing", "batch", "precision", "optimiser", "resolution") if code in codes
    ]
    assert [one["fits"] for one in found] == [False] * (len(found) - 1) + [True]
    assert remedies(request, lambda tried: type(of(tried))(1, 1, 1, False, 2, 2), "cuda") == []
    together = {name: value for one in found for name, value in one["values"].items()}
    if "batch" in codes:
        assert (together["batch"], together["accumulation"]) == (1, 4)


def test_epochs_are_counted_in_steps():
    assert steps_of(asked(length=3, unit="epochs", accumulation=4), 10) == 9
    assert steps_of(asked(length=7), 10) == 7
