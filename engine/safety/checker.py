"""The safety checker of Stable Diffusion 1: how near a picture comes to concepts that are known only as directions.

What it decides is diffusers' StableDiffusionSafetyChecker's, number for number; what becomes of the picture is not.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from transformers import CLIPVisionModelWithProjection

from engine.errors import ModelDamaged
from engine.held import Held
from engine.library.folder import read_config, refuse_towers
from engine.library.header import AGAIN, Header, stamp_of
from engine.library.load import skeleton, without_meta
from engine.library.load_encoder import FIRST, built, shaped
from engine.library.loaded import Loaded
from engine.library.names import Place, Places
from engine.library.parts import Part
from engine.library.safety import CONCEPTS, refuse_others
from engine.library.sight import cropped
from engine.library.weights import WeightFile, fill
from engine.picture.fit import on_paper

LABEL = "safety checker"
OLDER = "vision_model."  # stands once more before the encoder's names in files of older transformers
STRICTER = 0.01  # what a special care concept adds to the others
Numbers = NDArray[np.float32]


@dataclass
class LoadedChecker(Loaded):
    """In float32 whatever else is drawn with, so that its verdicts do not depend on it. side: pixels of the square that it
    looks at; concepts, special: directions with their limits."""

    network: CLIPVisionModelWithProjection
    side: int
    concepts: tuple[Tensor, Tensor]
    special: tuple[Tensor, Tensor]

    @torch.inference_mode()
    def judge(self, picture: Image.Image) -> Held | None:
        """Why it is to be held back, or None. Of one with transparent parts both is looked at: what shows, and what is hidden."""
        seen = [on_paper(picture), *([picture.convert("RGB")] if "A" in picture.getbands() else [])]
        pixels = torch.cat([cropped(one, self.side) for one in seen]).to(self.device)
        said = F.normalize(self.network(pixels).image_embeds)
        near, special = (
            (said @ F.normalize(directions).T).cpu().numpy() - limits.cpu().numpy()
            for directions, limits in (self.concepts, self.special)
        )
        return next(filter(None, map(verdict, near, special)), None)


def verdict(near: Numbers, special: Numbers) -> Held | None:
    """near, special: by how much a picture comes too near to each concept.

    diffusers rounds to three digits, and adds STRICTER from the first special concept on that it is too near to."""
    care: list[int] = []
    for at, score in enumerate(special, 1):
        if round(score + (STRICTER if care else 0.0), 3) > 0:
            care.append(at)
    concepts = [at for at, score in enumerate(near, 1) if round(score + (STRICTER if care else 0.0), 3) > 0]
    return Held(concepts=tuple(concepts), special=tuple(care)) if concepts else None


def load_checker(path: Path, device: torch.device) -> LoadedChecker:
    """Raises ModelDamaged when anything is missing, of the wrong shape or not finite."""
    file, beside = WeightFile(path), path.with_name("config.json")
    refuse_others(file.header)
    older = f"{OLDER}{FIRST}" in file.header.tensors
    config, stamps = configured(plain(file.header) if older else file.header, beside), {path: file.header.stamp}
    if beside.is_file():
        stamps[beside] = stamp_of(beside)

    def places(wanted: Collection[str], header: Header) -> Places:
        return {name: Place(OLDER + name if older and name.startswith(OLDER) else name) for name in wanted}

    part = Part(LABEL, config, path, places)
    network = skeleton(part, built)
    fill(network, part, file, device, torch.float32)
    without_meta(network, part, device)
    concepts, special = (limited(file, name, device) for name in CONCEPTS)
    weight = sum(tensor.nbytes for tensor in network.parameters())
    side = int(config["image_size"])
    return LoadedChecker(
        path.stem,
        "",
        torch.float32,
        device,
        weight,
        stamps,
        network=network,
        side=side,
        concepts=concepts,
        special=special,
    )


def plain(header: Header) -> Header:
    return replace(header, tensors={name.removeprefix(OLDER): entry for name, entry in header.tensors.items()})


def configured(header: Header, beside: Path) -> dict[str, Any]:
    """What the shapes tell, and of the configuration beside what they do not."""
    if not header.shape(FIRST):
        raise ModelDamaged("safety.kind", f"{header.name} holds no image encoder of CLIP.", AGAIN, file=header.name)
    config = shaped(header)
    if beside.is_file():
        told = read_config(beside)
        said = told.get("vision_config", told)
        said = said if isinstance(said, dict) else {}
        refuse_towers(said.get("num_hidden_layers"), "safety")
        config |= {key: said[key] for key in ("num_attention_heads", "hidden_act", "layer_norm_eps") if key in said}
    return config


def limited(file: WeightFile, name: str, device: torch.device) -> tuple[Tensor, Tensor]:
    directions, limits = (file.tensor(one).to(device, torch.float32) for one in (name, f"{name}_weights"))
    if not all(torch.isfinite(one).all() for one in (directions, limits)):
        raise ModelDamaged("safety.nan", f"{file.path.name} contains NaN or infinity.", AGAIN, file=file.path.name)
    return directions, limits
