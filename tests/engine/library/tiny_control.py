"""Tiny random ControlNets and T2I-Adapters in every layout, made for the UNets of tiny.py; none of their outputs is silent."""

from pathlib import Path
from typing import Any

import torch
from diffusers import ControlNetModel, T2IAdapter, UNet2DConditionModel
from safetensors.torch import save_file
from torch import nn

from engine.library import names

WIDTHS = (4, 8, 8, 12)


def controlnet_for(unet: UNet2DConditionModel, seed: int = 0, widths: tuple[int, ...] = WIDTHS) -> ControlNetModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=widths)
        return shaken(made)


def adapter_for(unet: UNet2DConditionModel, seed: int = 0, kind: str = "full_adapter") -> T2IAdapter:
    channels: Any = list(unet.config["block_out_channels"])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        given = channels[:-1] if kind == "light_adapter" else channels
        return shaken(T2IAdapter(3, given, num_res_blocks=2, adapter_type=kind))


def shaken(network: Any) -> Any:
    """Every weight moved, those that begin at zero too; rounded to what float16 holds."""
    for weight in network.parameters():
        weight.data += torch.randn_like(weight) * 0.05
    return network.eval().requires_grad_(False).half().float()


def write_folder(network: nn.Module, path: Path) -> Path:
    any_network: Any = network
    any_network.save_pretrained(str(path))
    return path


def write_original(network: ControlNetModel, path: Path, prefix: str = "control_model.") -> Path:
    weights = network.state_dict()
    places = names.ldm_controlnet(weights.keys(), prefix)
    return write({places[name].key: weight for name, weight in weights.items()}, path)


def write_original_adapter(network: T2IAdapter, path: Path) -> Path:
    weights = network.state_dict()
    light = network.config["adapter_type"] == "light_adapter"
    places = names.original_adapter(weights.keys(), light)
    return write({places[name].key: weight for name, weight in weights.items()}, path)


def write(weights: dict[str, torch.Tensor], path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: weight.half().contiguous() for name, weight in weights.items()}, str(path))
    return path
