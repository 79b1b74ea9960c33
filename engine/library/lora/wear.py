"""A network as LoRAs change it, for as long as a block lasts; its own weights are put aside, never written to."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from engine.errors import ModelDamaged
from engine.library import names
from engine.library.header import short
from engine.library.lora.deltas import Adapter, Delta
from engine.library.lora.layers import Network, flat

Strengths = Sequence[tuple[Adapter, float]]


class Dress:
    """The weights that a set of LoRAs puts in the place of a network's own. nbytes: of these copies."""

    def __init__(self, weights: Sequence[tuple[nn.Module, nn.Parameter]]):
        self.weights = weights
        self.nbytes = sum(weight.nbytes for _, weight in weights)

    @contextmanager
    def worn(self) -> Iterator[None]:
        places = [module._parameters for module, _ in self.weights]
        before = [place["weight"] for place in places]
        for place, (_, weight) in zip(places, self.weights, strict=True):
            place["weight"] = weight
        try:
            yield
        finally:
            for place, weight in zip(places, before, strict=True):
                place["weight"] = weight


@torch.no_grad()
def tailor(module: nn.Module, network: Network, strengths: Strengths, model: str) -> Dress:
    """Each weight once, with what all of them add to it. Raises ModelDamaged for one made for another architecture.

    The network must wear nothing meanwhile: DoRA measures its own weights.
    """
    layers = layers_by_name(module, network)
    sums: dict[str, Tensor] = {}
    for adapter, strength in strengths:
        device = next(module.parameters()).device
        for name, delta in adapter.deltas(network, device).items():
            if name not in layers:
                if beyond(name, layers):
                    continue
                raise unfit(adapter, name, model)
            canonical, layer = layers[name]
            added = change(delta, layer.weight, adapter, model) * strength
            sums[canonical] = sums[canonical] + added if canonical in sums else added
    weights = []
    for name, added in sums.items():
        layer = layers[name][1]
        own: Tensor = layer.weight
        made = torch.empty_like(own).copy_(own.float() + added)  # keeps the memory layout
        weights.append((layer, nn.Parameter(made, requires_grad=False)))
    return Dress(weights)


def layers_by_name(module: nn.Module, network: Network) -> Mapping[str, tuple[str, Any]]:
    """(name, layer) by each name that files have for it: diffusers', and for the UNet the original one."""
    found = {
        name: layer for name, layer in module.named_modules() if isinstance(getattr(layer, "weight", None), Tensor)
    }
    table: dict[str, tuple[str, Any]] = {flat(name): (flat(name), layer) for name, layer in found.items()}
    if network == "unet":
        places = names.ldm_unet([f"{name}.weight" for name in found])
        for name, layer in found.items():
            original = places[f"{name}.weight"].key.removeprefix(names.UNET).removesuffix(".weight")
            table.setdefault(flat(original), (flat(name), layer))
    return table


def beyond(name: str, layers: Mapping[str, tuple[str, Any]]) -> bool:
    """Of a text encoder's last layers, which Stable Diffusion 2 does not use and some files change."""
    head = "encoder_layers_"
    if not name.startswith(head):
        return False
    last = max((int(known.split("_")[2]) for known in layers if known.startswith(head)), default=-1)
    number = name.removeprefix(head).split("_")[0]
    return number.isdecimal() and int(number) == last + 1


def change(delta: Delta, weight: Tensor, adapter: Adapter, model: str) -> Tensor:
    try:
        return delta.of(weight)
    except (ValueError, RuntimeError) as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        raise unfit(adapter, delta.layer.name, model) from error


def unfit(adapter: Adapter, layer: str, model: str) -> ModelDamaged:
    return ModelDamaged(
        "lora.unfit",
        f"The LoRA {adapter.name} does not fit the model {model}: {short(layer)!r} is another there.",
        "It was made for another architecture. Choose another LoRA or another model.",
        field="prompt",
        file=adapter.name,
        model=model,
    )
