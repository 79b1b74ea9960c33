"""A ControlNet is read from every layout to the same weights, and refused where it does not fit."""

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import ControlNetModel

from engine.errors import ModelDamaged
from engine.library.load import LoadedModel, load
from engine.library.load_control import LoadedControl, load_control, refuse_misfit
from engine.library.scan import Library
from tests.engine.library import tiny, tiny_control

CPU = torch.device("cpu")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "models", tmp_path / "cache")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models" / "controlnet"


def loaded(library: Library, name: str) -> LoadedControl:
    return load_control(library.controls.find(name), CPU, torch.float32)


def model(library: Library, write: Any = tiny.write_sd1) -> LoadedModel:
    write(library.models / "checkpoints" / "tiny.safetensors")
    return load(library.find("tiny"), CPU, torch.float32)


def weights(control: LoadedControl) -> dict[str, torch.Tensor]:
    found = dict(control.network.state_dict())
    embed = control.embed if isinstance(control.network, ControlNetModel) else torch.nn.Identity()
    return found | {f"controlnet_cond_embedding.{name}": weight for name, weight in embed.state_dict().items()}


def same(found: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor]) -> bool:
    return found.keys() == wanted.keys() and all(torch.equal(found[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize("layout", ["folder", "control_model.", "", "one file in diffusers' names"])
@pytest.mark.parametrize("family", [tiny.write_sd1, tiny.write_sd2])
def test_every_layout_of_a_controlnet_is_read(layout: str, family: Any, library: Library, folder: Path) -> None:
    base = model(library, family)
    network = tiny_control.controlnet_for(base.unet)
    if layout == "folder":
        tiny_control.write_folder(network, folder / "x")
    elif layout.startswith("one"):
        tiny_control.write(network.state_dict(), folder / "x.safetensors")
    else:
        tiny_control.write_original(network, folder / "x.safetensors", layout)
    found = loaded(library, "x")
    assert same(weights(found), network.state_dict())
    assert found.nbytes == sum(weight.nbytes for weight in network.parameters())
    refuse_misfit(found, base)
    told = ("block_out_channels", "cross_attention_dim", "attention_head_dim", "use_linear_projection")
    for key in (*told, "conditioning_embedding_out_channels", "layers_per_block"):
        assert isinstance(found.network, ControlNetModel)
        its, wanted = found.network.config[key], network.config[key]
        assert list(its) == list(wanted) if isinstance(its, list | tuple) else its == wanted, key


@pytest.mark.parametrize("kind", ["full_adapter", "light_adapter"])
@pytest.mark.parametrize("original", [True, False])
def test_every_layout_of_an_adapter_is_read(kind: str, original: bool, library: Library, folder: Path) -> None:
    base = model(library)
    network = tiny_control.adapter_for(base.unet, kind=kind)
    if original:
        tiny_control.write_original_adapter(network, folder / "x.safetensors")
    else:
        tiny_control.write_folder(network, folder / "x")
    found = loaded(library, "x")
    assert same(weights(found), network.state_dict())
    if kind == "full_adapter":  # a light one says its last width twice, which the tiny UNet does not
        refuse_misfit(found, base)


def test_one_that_learned_blue_before_red_sees_it_so(library: Library, folder: Path) -> None:
    network = tiny_control.controlnet_for(model(library).unet)
    pixels = torch.rand(1, 3, 16, 16)
    wanted = network.controlnet_cond_embedding(pixels.flip(1))
    network.register_to_config(controlnet_conditioning_channel_order="bgr")
    tiny_control.write_folder(network, folder / "x")
    assert torch.equal(loaded(library, "x").embed(pixels), wanted)


def test_one_for_another_network_is_refused_by_name(library: Library, folder: Path) -> None:
    base = model(library)
    other = tiny.UNET | {"block_out_channels": (32, 64), "attention_head_dim": 8}
    tiny_control.write_folder(tiny_control.controlnet_for(tiny.UNet2DConditionModel(**other)), folder / "x")
    tiny_control.write_folder(tiny_control.adapter_for(tiny.UNet2DConditionModel(**other)), folder / "y")
    tiny_control.write_folder(tiny_control.controlnet_for(base.unet, widths=(4, 8)), folder / "z")
    for name in ("x", "y", "z"):
        with pytest.raises(ModelDamaged, match=f"ControlNet '{name}' is made for another kind of model than tiny"):
            refuse_misfit(loaded(library, name), base)


def test_a_changed_file_is_not_fresh(library: Library, folder: Path) -> None:
    path = tiny_control.write_folder(tiny_control.controlnet_for(model(library).unet), folder / "x")
    found = loaded(library, "x")
    assert found.fresh()
    (path / "config.json").write_text("{}")
    assert not found.fresh()


@pytest.mark.parametrize(
    ("config", "says"),
    [("{", "cannot be read"), ('{"block_out_channels": ' + str([8] * 99) + "}", "too deep"), ("{}", "weights")],
)
def test_a_folder_with_a_broken_configuration_is_refused(
    config: str, says: str, library: Library, folder: Path
) -> None:
    path = tiny_control.write_folder(tiny_control.controlnet_for(model(library).unet), folder / "x")
    (path / "config.json").write_text(config)
    with pytest.raises(ModelDamaged, match=says):
        loaded(library, "x")


def test_nan_is_refused(library: Library, folder: Path) -> None:
    network = tiny_control.controlnet_for(model(library).unet)
    network.controlnet_mid_block.weight.data[0] = float("nan")
    tiny_control.write_original(network, folder / "x.safetensors")
    with pytest.raises(ModelDamaged, match="NaN"):
        loaded(library, "x")
