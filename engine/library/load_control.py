"""From a file in models/controlnet to a network on a device: a ControlNet, a T2I-Adapter or an IP-Adapter."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from diffusers import ControlNetModel, T2IAdapter
from torch import nn

from engine.errors import ModelDamaged
from engine.library import ip_adapter, names
from engine.library.addition import Addition
from engine.library.control_kinds import BARE, DIFFUSERS, ORIGINAL
from engine.library.families.table import FAMILIES
from engine.library.folder import read_config, refuse_towers
from engine.library.header import Header, stamp_of
from engine.library.ip_adapter import IPAdapter
from engine.library.load import LoadedModel, skeleton, without_meta
from engine.library.loaded import Loaded
from engine.library.model import as_error
from engine.library.names import Place, Places
from engine.library.parts import Part
from engine.library.single_file import unet_config
from engine.library.weights import WeightFile, fill

DECODER = ("up_block_types", "out_channels", "sample_size")  # what a ControlNet lacks of a UNet
FOLD = 8  # pixels along a side that a T2I-Adapter makes one of


@dataclass
class LoadedControl(Loaded):
    """network: a ControlNet takes `controlnet_cond` embedded, since that is the same at every step; embed: does it."""

    network: ControlNetModel | T2IAdapter | IPAdapter
    embed: nn.Module


def load_control(found: Addition, device: torch.device, dtype: torch.dtype, hash: str = "") -> LoadedControl:
    """Raises ModelDamaged when anything is missing, of the wrong shape or not finite."""
    if found.problem:
        raise as_error(found.problem)
    file = WeightFile(found.path)
    config = found.path.with_name("config.json")
    stamps = {found.path: file.header.stamp}
    if "T2I-Adapter" in found.methods:
        part = adapter(file.header, found.path)
        network: ControlNetModel | T2IAdapter | IPAdapter = skeleton(part, _adapter)
    elif "IP-Adapter" in found.methods:
        part = ip_adapter.part_of(file.header, found.path)
        network = skeleton(part, ip_adapter.built)
    else:
        part = controlnet(file.header, found, config)
        network = skeleton(part, _controlnet)
        if part.alone:
            stamps[config] = stamp_of(config)
    fill(network, part, file, device, dtype)
    without_meta(network, part, device)
    weight = sum(tensor.nbytes for tensor in network.parameters())
    embed = taken_out(network) if isinstance(network, ControlNetModel) else nn.Identity()
    return LoadedControl(found.name, hash, dtype, device, weight, stamps, network, embed)


def taken_out(network: ControlNetModel) -> nn.Module:
    """The part that embeds the map; in its place nothing is left to do."""
    embed: nn.Module = network.controlnet_cond_embedding
    network.controlnet_cond_embedding = nn.Identity()  # pyright: ignore[reportAttributeAccessIssue]
    if network.config["controlnet_conditioning_channel_order"] == "rgb":
        return embed
    network.register_to_config(controlnet_conditioning_channel_order="rgb")
    return nn.Sequential(Flipped(), embed)


class Flipped(nn.Module):
    """Blue, green, red: as some were trained."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels.flip(1)


def refuse_misfit(control: LoadedControl, model: LoadedModel) -> None:
    """Raise ModelDamaged for one that was made for another network: its answers could not be added to this one's."""
    unet = model.unet.config
    if isinstance(control.network, IPAdapter):
        modules = model.unet.named_modules()
        hears = sorted(tuple(m.to_k.weight.shape) for name, m in modules if name.endswith(".attn2"))
        fits = sorted(control.network.hears) == hears
    elif isinstance(control.network, T2IAdapter):
        widths = list(control.network.config["channels"])
        widths += widths[-1:] if control.network.config["adapter_type"] == "light_adapter" else []
        # diffusers' UNet adds them before a block's downsampler, but for blocks that do not attend after it
        attends = all(kind.startswith("CrossAttn") for kind in unet["down_block_types"][:-1])
        fits = attends and widths == list(unet["block_out_channels"])
    else:
        its = control.network.config
        alike = ("cross_attention_dim", "layers_per_block", "down_block_types", "block_out_channels")
        plain = model.vae.config["latent_channels"]  # of what inpainting and instruct networks take it is asked no more
        folds = len(its["conditioning_embedding_out_channels"]) == len(model.vae.config["block_out_channels"])
        fits = folds and its["in_channels"] in (plain, unet["in_channels"])
        fits = fits and all(listed(its[key]) == listed(unet[key]) for key in alike)
    if not fits:
        raise ModelDamaged(
            "control.unfit",
            f"The ControlNet '{control.name}' is made for another kind of model than {model.name}.",
            "Choose another ControlNet or another model.",
            field="control",
            name=control.name,
            model=model.name,
        )


def listed(value: Any) -> Any:
    return list(value) if isinstance(value, list | tuple) else value


def controlnet(header: Header, found: Addition, config: Path) -> Part:
    """A folder brings its configuration; of a single file it is read off the shapes."""
    if header.below(DIFFUSERS):
        if config.is_file():
            said = read_config(config)
            for key in ("layers_per_block", "transformer_layers_per_block", "block_out_channels", "down_block_types"):
                refuse_towers(said.get(key), "controlnet")
            return Part("ControlNet", said, found.path, _as_named, alone=True)
        renamed = names.ldm_controlnet(header.tensors.keys(), "")
        view = Header(header.name, {renamed[n].key: e for n, e in header.tensors.items()}, {}, header.stamp)
        return Part("ControlNet", shaped(view, found.family, ""), found.path, _as_named)
    prefix = ORIGINAL if header.below(ORIGINAL) else ""

    def places(wanted: Collection[str], header: Header) -> Places:
        return names.ldm_controlnet(wanted, prefix)

    return Part("ControlNet", shaped(header, found.family, prefix), found.path, places)


def shaped(header: Header, family: str | None, prefix: str) -> dict[str, Any]:
    """The configuration that a ControlNet of these shapes has, by its original names."""
    linear = any(len(header.shape(name)) == 2 for name in header.tensors if name.endswith(".proj_in.weight"))
    told = unet_config(header, FAMILIES[family or ("sd2" if linear else "sd1")], prefix)
    layers = (re.fullmatch(rf"{re.escape(prefix + BARE)}(\d{{1,2}})\.weight", name) for name in header.tensors)
    hints = sorted(int(found[1]) for found in layers if found)
    shapes = [header.shape(f"{prefix}{BARE}{at}.weight") for at in hints]
    channels = [shape[0] for shape in shapes[:-1] if len(shape) == 4]
    return {
        **{key: value for key, value in told.items() if key not in DECODER},
        "conditioning_channels": shapes[0][1] if shapes and len(shapes[0]) == 4 else 3,
        "conditioning_embedding_out_channels": tuple(channels[:1] + channels[2::2]),
    }


def adapter(header: Header, path: Path) -> Part:
    """T2I-Adapters come without a configuration, or with one that says what the shapes say."""
    ours = bool(header.below("adapter."))
    light = any(name.endswith("out_conv.weight") for name in header.tensors)
    inner = r"(?:adapter\.)?body\.(\d\d?)\.(?:resnets|body)\.(\d\d?)\." if ours or light else r"body\.(\d\d?)()\."
    numbers = [
        tuple(int(n or 0) for n in found.groups()) for name in header.tensors if (found := re.match(inner, name))
    ]
    blocks = 1 + max((n for n, _ in numbers), default=-1)
    layers = 1 + max((n for _, n in numbers), default=-1)
    begin = "adapter." if ours else ""
    if light:
        widths = [header.shape(f"{begin}body.{n}.out_conv.weight") for n in range(blocks)]
    elif ours:
        widths = [header.shape(f"{begin}body.{n}.resnets.0.block1.weight") for n in range(blocks)]
    else:
        widths = [header.shape(f"body.{n}.block1.weight") for n in range(blocks)]
        layers = repeats([shape[0] if shape else 0 for shape in widths])
        widths = widths[::layers]
    first = header.shape(f"{begin}body.0.in_conv.weight" if light else f"{begin}conv_in.weight")
    channels = [shape[0] if shape else 0 for shape in widths]
    config = {
        "in_channels": (first[1] if len(first) > 1 else 0) // FOLD**2,
        "channels": channels[:-1] if light else channels,  # the light one says its last width twice
        "num_res_blocks": layers,
        "downscale_factor": FOLD,
        "adapter_type": "light_adapter" if light else "full_adapter",
    }

    def places(wanted: Collection[str], header: Header) -> Places:
        return _as_named(wanted, header) if ours else names.original_adapter(wanted, light)

    return Part("T2I-Adapter", config, path, places, alone=True)


def repeats(widths: list[int]) -> int:
    """Blocks of a level, of which the original layout makes one list: the first level's width ends where it changes."""
    return next((at for at, width in enumerate(widths) if width != widths[0]), len(widths)) or 1


def _as_named(wanted: Collection[str], header: Header) -> Places:
    return {name: Place(name) for name in wanted}


def _controlnet(config: dict[str, Any]) -> ControlNetModel:
    return cast(ControlNetModel, ControlNetModel.from_config(config))


def _adapter(config: dict[str, Any]) -> T2IAdapter:
    return cast(T2IAdapter, T2IAdapter.from_config(config))
