"""The weights of any file, .safetensors or pickle, as plain tensors: read by a worker, and nothing in the file is run."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from spandrel import canonicalize_state_dict
from torch import Tensor

from engine.errors import ModelDamaged
from engine.library.addition import PICKLES
from engine.library.header import AGAIN, stamp_of
from engine.library.pickles import check_pickle
from engine.library.weights import WeightFile

SWOLLEN = 1.5  # times the file's size, from which on tensors are a lie


def plain_weights(path: Path, within: str = "") -> dict[str, Tensor]:
    """By name, on the CPU, finite, no larger than the file; within: the key under which some keep them.

    Raises ModelDamaged."""
    size, found = stamp_of(path).size, read(path)
    if within and isinstance(found, Mapping) and isinstance(found.get(within), Mapping):
        found = found[within]
    return checked(found, path, size)


def read(path: Path) -> Any:
    if path.suffix.lower() not in PICKLES:
        file = WeightFile(path)
        return {name: file.tensor(name, counts=True) for name in file.header.tensors}
    check_pickle(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelDamaged(
            "weights.pickle",
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
    return ModelDamaged("weights.damaged", f"{path.name} is not a whole network.", AGAIN, file=path.name)
