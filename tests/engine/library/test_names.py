"""Our map of names against diffusers' converters, on full-size networks without weights."""

from collections.abc import Callable, Collection

import pytest
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders import single_file_utils as converters
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel

from engine.library import names
from engine.library.families.family import Family
from engine.library.families.table import FAMILIES
from engine.library.names import Places


def skeleton(build: Callable[[], nn.Module]) -> nn.Module:
    with torch.device("meta"):
        return build()


def numbered(places: Places) -> dict[str, Tensor]:
    """One distinguishable small tensor under each name of the original layout."""
    attention = ("q.weight", "k.weight", "v.weight", "proj_out.weight")
    return {
        place.key: torch.full((1, 1, 1, 1) if ".attn_1." in place.key and place.key.endswith(attention) else (1,), i)
        for i, place in enumerate(places.values())
    }


def assert_same(wanted: Collection[str], places: Places, file: dict[str, Tensor], theirs: dict[str, Tensor]) -> None:
    assert set(theirs) == set(wanted) == set(places)
    for name, tensor in theirs.items():
        assert torch.equal(file[places[name].key].flatten(), tensor.flatten()), name


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_every_unet_weight_is_found_where_diffusers_finds_it(family: Family) -> None:
    unet = skeleton(lambda: UNet2DConditionModel.from_config(family.unet))  # type: ignore[return-value]
    places = names.ldm_unet(unet.state_dict().keys())
    file = numbered(places)
    theirs = converters.convert_ldm_unet_checkpoint(dict(file), family.unet)
    assert_same(unet.state_dict().keys(), places, file, theirs)
    assert len(places) == 686


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_every_vae_weight_is_found_where_diffusers_finds_it(family: Family) -> None:
    vae = skeleton(lambda: AutoencoderKL.from_config(family.vae))  # type: ignore[return-value]
    places = names.ldm_vae(vae.state_dict().keys())
    file = numbered(places)
    theirs = converters.convert_ldm_vae_checkpoint(dict(file), family.vae)
    assert_same(vae.state_dict().keys(), places, file, theirs)
    assert len(places) == 248


def test_every_weight_of_clip_is_found_where_diffusers_finds_it() -> None:
    wanted = text_encoder("sd1")
    places = names.ldm_clip(wanted)
    file = numbered(places)
    theirs = converters.convert_ldm_clip_checkpoint(dict(file))
    assert_same(wanted, places, file, {names.bare(name): tensor for name, tensor in theirs.items()})
    assert len(places) == 196


def test_every_weight_of_open_clip_is_found_where_diffusers_finds_it() -> None:
    wanted = text_encoder("sd2")
    places = names.ldm_open_clip(wanted)
    keys = sorted({place.key for place in places.values()})
    file = {key: torch.arange(6) + 100 * i for i, key in enumerate(keys)}
    stacked = {key: tensor[:, None] if key.endswith("in_proj_weight") else tensor for key, tensor in file.items()}

    class OfWidthTwo:
        class config:
            hidden_size = 2

    theirs = converters.convert_open_clip_checkpoint(OfWidthTwo, dict(stacked))
    assert {names.bare(name) for name in theirs} == set(wanted) == set(places)
    for name, tensor in theirs.items():
        place = places[names.bare(name)]
        whole = file[place.key]
        part = whole if place.third is None else whole[2 * place.third : 2 * place.third + 2]
        assert torch.equal(part, tensor.flatten()), name
    assert len(places) == 372


def test_folders_of_earlier_releases_are_understood() -> None:
    wanted = ["final_layer_norm.weight", "decoder.mid_block.attentions.0.to_out.0.bias", "conv_in.weight"]
    present = ["text_model.final_layer_norm.weight", "decoder.mid_block.attentions.0.proj_attn.bias", "conv_in.weight"]
    assert [place.key for place in names.diffusers(wanted, present).values()] == present


def text_encoder(family: str) -> list[str]:
    network = skeleton(lambda: CLIPTextModel._from_config(CLIPTextConfig(**FAMILIES[family].text_encoder)))
    return [names.bare(name) for name in network.state_dict()]
