"""From a file in models/clip_vision to an image encoder on a device."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from math import isqrt
from typing import Any

import torch
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from engine.library.addition import Addition
from engine.library.encoder_kinds import FIRST, LAST
from engine.library.folder import read_config, refuse_towers
from engine.library.header import Header, stamp_of
from engine.library.load import skeleton, without_meta
from engine.library.loaded import Loaded
from engine.library.model import as_error
from engine.library.names import Place, Places
from engine.library.parts import Part
from engine.library.weights import WeightFile, fill

# What no shape tells, by the width of the layers: heads, and how its neurons bend. From 1280 on it is OpenCLIP's.
USUAL = {768: (12, "quick_gelu"), 1024: (16, "quick_gelu"), 1280: (16, "gelu"), 1664: (16, "gelu")}


@dataclass
class LoadedEncoder(Loaded):
    """side: pixels of the square that it looks at."""

    network: CLIPVisionModelWithProjection
    side: int


def load_encoder(found: Addition, device: torch.device, dtype: torch.dtype, hash: str = "") -> LoadedEncoder:
    """Raises ModelDamaged when anything is missing, of the wrong shape or not finite."""
    if found.problem:
        raise as_error(found.problem)
    file, beside = WeightFile(found.path), found.path.with_name("config.json")
    stamps = {found.path: file.header.stamp}
    config = shaped(file.header)
    if beside.is_file():
        said = read_config(beside)
        refuse_towers(said.get("num_hidden_layers"), "image encoder")
        config = {**said, **config, **{key: said[key] for key in ("num_attention_heads", "hidden_act") if key in said}}
        stamps[beside] = stamp_of(beside)
    part = Part("image encoder", config, found.path, _places)
    network = skeleton(part, built)
    fill(network, part, file, device, dtype)
    without_meta(network, part, device)
    weight = sum(tensor.nbytes for tensor in network.parameters())
    return LoadedEncoder(found.name, hash, dtype, device, weight, stamps, network, int(config["image_size"]))


def shaped(header: Header) -> dict[str, Any]:
    width = header.shape(FIRST)[-1]
    patch = (header.shape("vision_model.embeddings.patch_embedding.weight") or (0,))[-1]
    places = (header.shape("vision_model.embeddings.position_embedding.weight") or (1,))[0]
    layers = (re.match(r"vision_model\.encoder\.layers\.(\d\d?)\.", name) for name in header.tensors)
    heads, act = USUAL.get(width, (max(1, width // 64), "quick_gelu"))
    return {
        "hidden_size": width,
        "intermediate_size": (header.shape("vision_model.encoder.layers.0.mlp.fc1.weight") or (0,))[0],
        "num_hidden_layers": 1 + max((int(found[1]) for found in layers if found), default=-1),
        "num_attention_heads": heads,
        "hidden_act": act,
        "patch_size": patch,
        "image_size": isqrt(max(0, places - 1)) * patch,
        "projection_dim": header.shape(LAST)[0],
    }


def _places(wanted: Collection[str], header: Header) -> Places:
    return {name: Place(name) for name in wanted}


def built(config: dict[str, Any]) -> CLIPVisionModelWithProjection:
    return CLIPVisionModelWithProjection._from_config(CLIPVisionConfig(**config))
