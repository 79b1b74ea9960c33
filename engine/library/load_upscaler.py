"""From a file in models/upscalers to a network on a device; which architecture it is, spandrel tells from its weights."""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from spandrel import ImageModelDescriptor, ModelLoader, UnsupportedModelError, canonicalize_state_dict
from torch import Tensor

from engine.errors import ModelDamaged
from engine.library.addition import PICKLES, Addition
from engine.library.header import AGAIN, stamp_of
from engine.library.loaded import Loaded
from engine.library.model import as_error
from engine.library.pickles import check_pickle
from engine.library.weights import WeightFile

COLOURS = 3
USEFUL = ("SR", "Restoration")
SWOLLEN = 1.5  # times the file's size, from which on tensors are a lie


@dataclass
class LoadedUpscaler(Loaded):
    """network: takes and gives (1, 3, height, width) in 0..1; scale: how many times as wide, 1 for one that only cleans."""

    network: ImageModelDescriptor
    scale: int


def load_upscaler(found: Addition, device: torch.device, dtype: torch.dtype, hash: str = "") -> LoadedUpscaler:
    """Raises ModelDamaged for a file that is damaged, or none that pictures are made larger or cleaner with."""
    if found.problem:
        raise as_error(found.problem)
    stamp = stamp_of(found.path)
    weights = checked(read(found.path), found.path, stamp.size)
    try:
        network: Any = ModelLoader("cpu").load_from_state_dict(weights)
    except UnsupportedModelError:
        raise ModelDamaged(
            "upscaler.strange",
            f"{found.path.name} holds weights of no upscaler that is known here.",
            "Use ESRGAN, Real-ESRGAN, SwinIR, DAT, HAT, OmniSR or another that spandrel knows.",
            file=found.path.name,
        ) from None
    except Exception as error:  # shapes that do not fit each other, in every way there is
        raise damaged(found.path) from error
    if not isinstance(network, ImageModelDescriptor) or network.purpose not in USEFUL:
        raise ModelDamaged(
            "upscaler.purpose",
            f"{found.path.name} ({network.architecture.name}) restores faces or fills holes, which is not supported yet.",
            "Use one that makes whole pictures larger or cleaner.",
            file=found.path.name,
        )
    if (network.input_channels, network.output_channels) != (COLOURS, COLOURS):
        raise ModelDamaged(
            "upscaler.colours",
            f"{found.path.name} takes pictures of {network.input_channels} channels, not of three colours.",
            "Use one for colour pictures.",
            file=found.path.name,
        )
    dtype = suited(network, dtype)
    network.to(device=device, dtype=dtype).eval()
    size = sum(weight.nbytes for weight in network.model.parameters())
    return LoadedUpscaler(found.name, hash, dtype, device, size, {found.path: stamp}, network, network.scale)


def suited(network: ImageModelDescriptor, dtype: torch.dtype) -> torch.dtype:
    """What the model is drawn with, where the network bears it."""
    bears = {torch.float16: network.supports_half, torch.bfloat16: network.supports_bfloat16}
    return dtype if bears.get(dtype) else torch.float32


def read(path: Path) -> Any:
    if path.suffix.lower() not in PICKLES:
        file = WeightFile(path)
        return {name: file.tensor(name) for name in file.header.tensors}
    check_pickle(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelDamaged(
            "upscaler.pickle",
            f"{path.name} holds more than weights, or is damaged; nothing in it was run.",
            "Use a .safetensors version of it, or download it again.",
            file=path.name,
        ) from error


def checked(found: Any, path: Path, size: int) -> dict[str, Tensor]:
    """Plain tensors, as large as the file says and finite."""
    if not isinstance(found, Mapping):
        raise damaged(path)
    weights = canonicalize_state_dict(dict(found))
    if not weights or not all(isinstance(k, str) and isinstance(v, Tensor) for k, v in weights.items()):
        raise damaged(path)
    swollen = any(w.numel() * w.itemsize > w.untyped_storage().nbytes() for w in weights.values())
    if swollen or sum(w.numel() * w.itemsize for w in weights.values()) > SWOLLEN * size:
        raise damaged(path)
    if not all(torch.isfinite(w).all() for w in weights.values() if w.is_floating_point()):
        raise ModelDamaged(
            "model.nan", f"{path.name} contains NaN or infinity: it would make black pictures.", AGAIN, file=path.name
        )
    return weights


def damaged(path: Path) -> ModelDamaged:
    return ModelDamaged("upscaler.damaged", f"{path.name} is not a whole network.", AGAIN, file=path.name)
