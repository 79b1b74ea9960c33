"""The one command: whatever it was stopped in the middle of, it goes on with whole folders only."""

import json
from pathlib import Path

import pytest
import torch

from engine.library.load import load
from engine.library.load_control import load_control, refuse_misfit
from engine.library.scan import Library
from engine.training.material import House
from engine.training.run_folder import RunFolder
from recipes.postcard import networks, stages
from recipes.postcard.__main__ import asked_for, make, untrained


class Dies(BaseException):
    """What a kill looks like from inside: nothing after it happens."""


def dies(*args: object, **kwargs: object) -> None:
    raise Dies


def test_a_run_is_asked_for_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = stages.autoencoder(stages.EFFORTS["tiny"], "pictures", "untrained")
    house = {"models": "m", "cache": "c", "roots": ["pictures"], "device": "cpu"}
    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "note", dies)
        with pytest.raises(Dies):
            asked_for(tmp_path / "runs" / "one", request, house)
    run = asked_for(tmp_path / "runs" / "one", request, house)
    assert House.of(run.noted("house")).roots == (Path("pictures"),)
    assert run.request() == request
    before = (run.path / "request.json").stat().st_mtime_ns
    assert asked_for(tmp_path / "runs" / "one", request, house).path == run.path
    assert (run.path / "request.json").stat().st_mtime_ns == before
    assert [path.name for path in run.path.parent.iterdir()] == ["one"]


def test_the_untrained_model_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "models" / "checkpoints" / "untrained"
    with monkeypatch.context() as patch:
        patch.setattr(json, "dumps", dies)
        with pytest.raises(Dies):
            untrained(folder, networks.SIZES["tiny"])
    untrained(folder, networks.SIZES["tiny"])
    assert Library(tmp_path / "models", tmp_path / "cache").find("untrained").width == 64
    assert [path.name for path in folder.parent.iterdir()] == ["untrained"]


@pytest.mark.slow
def test_the_one_command_makes_a_short_postcard_from_nothing_and_measures_it(tmp_path: Path) -> None:
    """Once more, it does nothing again."""
    made = make(tmp_path, "tiny", "cpu")
    library = Library(tmp_path / "models", tmp_path / "cache")
    library.refresh()
    file, network = library.find("postcard"), library.controls.find("postcard-scribble")
    here = torch.device("cpu"), torch.float32
    refuse_misfit(load_control(network, *here), load(file, *here))
    assert made == file.path
    assert "| two | pair |" in (tmp_path / "evaluation" / "postcard.md").read_text()
    assert "| sketch |" in (tmp_path / "evaluation" / "postcard-scribble.md").read_text()
    states = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.md")}
    assert make(tmp_path, "tiny", "cpu") == made
    assert states == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.md")}


def test_both_requests_of_the_autoencoder_ask_what_they_asked_before() -> None:
    effort = stages.EFFORTS["small"]
    first, second = (make(effort, "p", "m") for make in (stages.autoencoder, stages.decoder))
    assert (first.loop.length, first.optimisation.learning_rate, first.product.name) == (6500, 1.5e-3, "autoencoder")
    assert (second.loop.length, second.optimisation.learning_rate, second.product.name) == (12_000, 1e-3, "decoder")
    assert first.method.model_dump() == {
        "kind": "vae", "architecture": "as the model", "encoder": True, "crop": 64, "kl": 1e-4, "gradients": 1.0,
    }  # fmt: skip
    assert second.method.model_dump() == {
        "kind": "vae", "architecture": "as the model", "encoder": False, "crop": 64, "kl": 4e-5, "gradients": 0.5,
    }  # fmt: skip
    for one in (first, second):
        assert (one.loop.batch, one.loop.ema, one.data.hold_out, one.every.save) == (8, True, 0.003, 250)
