"""What a LoRA adds to each layer's weight: the small factors of a file multiplied out, in float32."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.errors import ModelDamaged
from engine.library.header import AGAIN, short
from engine.library.lora.layers import Layer, Layers, Network, layers_of
from engine.library.weights import WeightFile


@dataclass(frozen=True)
class Delta:
    """One layer's part of a LoRA. scale: alpha by rank, as the file says it."""

    layer: Layer
    tensors: Mapping[str, Tensor]
    scale: float

    def of(self, weight: Tensor) -> Tensor:
        """To be added to this weight, at strength 1. Raises ValueError when it is not made for its shape."""
        found = PRODUCTS[self.layer.method](self)
        if found.numel() != weight.numel() or len(found) != len(weight):
            raise ValueError
        scaled = found.reshape(weight.shape) * self.scale
        if "magnitude" not in self.tensors:
            return scaled
        before = weight.float()
        return decomposed(before + scaled, self.part("magnitude")) - before

    def part(self, role: str) -> Tensor:
        return self.tensors[role].float()


class Adapter:
    """A LoRA file, its tensors read as they are asked for."""

    def __init__(self, path: Path):
        self.file = WeightFile(path)
        self.name = self.file.header.name
        self.found: Layers = layers_of(self.file.header)
        self.said = told(self.file.header.metadata.get("lora_adapter_metadata", ""))

    def deltas(self, network: Network, device: torch.device) -> Mapping[str, Delta]:
        """By the layer's flat name."""
        layers = [layer for (of, _), layer in self.found.layers.items() if of == network]
        return {layer.name: self.delta(layer, device) for layer in layers}

    def delta(self, layer: Layer, device: torch.device) -> Delta:
        tensors = {role: self.file.tensor(name).to(device) for role, name in layer.tensors.items()}
        if not all(bool(torch.isfinite(tensor.float()).all()) for tensor in tensors.values()):
            raise ModelDamaged(
                "model.nan",
                f"{self.name} contains NaN or infinity ({short(layer.name)!r}): it would draw black pictures.",
                AGAIN,
                file=self.name,
            )
        return Delta(layer, tensors, self.scale(layer, tensors))

    def scale(self, layer: Layer, tensors: Mapping[str, Tensor]) -> float:
        """kohya's files hold alpha beside each layer, diffusers' in their notes; in neither it is the rank."""
        rank = rank_of(tensors)
        if "alpha" in tensors:  # LyCORIS does not scale what is not factorised
            return float(tensors["alpha"]) / rank if rank else 1.0
        said = {key.removeprefix(f"{layer.network}."): value for key, value in self.said.items()}
        alpha = pattern(said.get("alpha_pattern"), layer.name) or said.get("lora_alpha") or said.get("alpha")
        rank = pattern(said.get("rank_pattern"), layer.name) or said.get("r") or rank
        if not isinstance(alpha, int | float) or not isinstance(rank, int | float) or rank <= 0:
            return 1.0
        return alpha / math.sqrt(rank) if said.get("use_rslora") else alpha / rank


def told(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def pattern(rows: object, name: str) -> Any:
    """peft's exceptions for layers whose name ends like this."""
    for key, value in rows.items() if isinstance(rows, dict) else ():
        ending = re.sub(r"\W+", "_", str(key)).strip("_")
        if name == ending or name.endswith(f"_{ending}"):
            return value
    return None


def rank_of(tensors: Mapping[str, Tensor]) -> int:
    """0 when nothing is factorised."""
    for role in ("down", "hada_w1_b", "lokr_w2_b", "lokr_w1_b"):
        if role in tensors:
            return tensors[role].shape[0]
    return 0


def low_rank(delta: Delta) -> Tensor:
    """Hu et al. 2021, arXiv 2106.09685; of a convolution the first factor does the convolving."""
    up, down = delta.part("up"), delta.part("down")
    if "mid" in delta.tensors:
        return torch.einsum("o a, a b k l, b i -> o i k l", up.flatten(1), delta.part("mid"), down.flatten(1))
    return up.flatten(1) @ down.flatten(1)


def hadamard(delta: Delta) -> Tensor:
    """Hyeon-Woo et al. 2021, arXiv 2108.06098"""
    return factor(delta, "hada_w1", "hada_t1") * factor(delta, "hada_w2", "hada_t2")


def kronecker(delta: Delta) -> Tensor:
    """Yeh et al. 2023, arXiv 2309.14859"""
    first, second = factor(delta, "lokr_w1", ""), factor(delta, "lokr_w2", "lokr_t2")
    return torch.kron(first.reshape(*first.shape, *[1] * (second.dim() - 2)), second.contiguous())


def factor(delta: Delta, name: str, core: str) -> Tensor:
    """Whole, or of two matrices, with a core in the middle for the window of a convolution."""
    if name in delta.tensors:
        return delta.part(name)
    first, second = delta.part(f"{name}_a"), delta.part(f"{name}_b")
    if core in delta.tensors:
        return torch.einsum("i j k l, i p, j r -> p r k l", delta.part(core), first, second)
    return first @ second


def decomposed(weight: Tensor, magnitude: Tensor) -> Tensor:
    """Liu et al. 2024, arXiv 2402.09353: the length of each row is learned apart from its direction.

    peft and LyCORIS keep one length for each output; LyCORIS' first files one for each input.
    """
    side = 1 if magnitude.dim() > 1 and magnitude.shape[0] == 1 and magnitude.shape[1] == weight.shape[1] else 0
    if side and weight.dim() == 4 and magnitude.shape[1] == weight.shape[0]:
        side = 0  # peft's convolutions: (1, out, 1, 1)
    if magnitude.numel() != weight.shape[side]:
        raise ValueError
    shape = [1] * weight.dim()
    shape[side] = -1
    rest = [axis for axis in range(weight.dim()) if axis != side]
    return weight * (magnitude.reshape(shape) / torch.linalg.vector_norm(weight, dim=rest, keepdim=True))


PRODUCTS = {"LoRA": low_rank, "DoRA": low_rank, "LoHa": hadamard, "LoKr": kronecker}
