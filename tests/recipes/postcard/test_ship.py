"""What ships: half precision, cards that the studio shows, a ControlNet that fits, and nothing that is too large."""

from pathlib import Path

import pytest
import torch
from diffusers import ControlNetModel, UNet2DConditionModel
from safetensors.torch import load_file

from engine.library.load import load
from engine.library.load_control import load_control, refuse_misfit
from engine.library.scan import Library
from recipes.postcard import networks, ship


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, Path]:
    """A tiny checkpoint of random weights, and a ControlNet for it."""
    checkpoint, controlnet = tmp_path / "made" / "checkpoint", tmp_path / "made" / "scribble"
    networks.write(checkpoint, networks.SIZES["tiny"])
    unet = UNet2DConditionModel.from_pretrained(checkpoint / "unet")
    ControlNetModel.from_unet(unet).save_pretrained(controlnet)  # pyright: ignore[reportArgumentType]
    return checkpoint, controlnet


def test_both_ship_in_half_precision_with_cards_and_fit_each_other(made: tuple[Path, Path], tmp_path: Path) -> None:
    models = tmp_path / "models"
    (models / "checkpoints" / "postcard").mkdir(parents=True)
    (models / "checkpoints" / "postcard" / "README.md").write_text("kept")
    ship.ship(*made, models)
    assert (models / "checkpoints" / "postcard" / "README.md").read_text() == "kept"
    weights = list(models.rglob("*.safetensors"))
    assert len(weights) == 4
    assert {tensor.dtype for path in weights for tensor in load_file(path).values()} == {torch.float16}
    assert not [path for path in models.rglob("*.json") if str(tmp_path) in path.read_text()]  # no path of who made it
    library = Library(models, tmp_path / "cache")
    library.refresh()
    file, network = library.find("postcard"), library.controls.find("postcard-scribble")
    assert (file.title, file.licence) == ("Postcard", "Apache-2.0")
    assert (network.title, network.licence) == ("Postcard: scribble", "Apache-2.0")
    here = torch.device("cpu"), torch.float32
    refuse_misfit(load_control(network, *here), load(file, *here))  # raises nothing


def test_more_weights_than_the_repository_holds_are_refused(
    made: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ship, "MOST", 1000)
    with pytest.raises(SystemExit, match="MB of weights are more than"):
        ship.ship(*made, tmp_path / "models")
