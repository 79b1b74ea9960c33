"""LoRA files: kohya's layout, which opens everywhere, diffusers' and, merged into the weights, a whole checkpoint."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from peft import get_peft_model_state_dict, inject_adapter_in_model, set_peft_model_state_dict
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import Tensor, nn

from engine.errors import AtelierError
from engine.library.load import LoadedModel, load
from engine.request.training import TrainingRequest
from engine.request.training_methods import LoRA
from engine.training.export.about import hashes
from engine.training.export.folder import write_model, write_tensors

CLOSE = 2e-3  # of a half-precision file to what was trained, as part of the largest value
KOHYA = {  # peft's names for one layer's tensors -> kohya's and LyCORIS'
    "lora_A.weight": "lora_down.weight",
    "lora_B.weight": "lora_up.weight",
    "lora_magnitude_vector": "dora_scale",
    "lora_magnitude_vector.weight": "dora_scale",
}


def write_lora(
    model: LoadedModel, method: LoRA, request: TrainingRequest, folder: Path, name: str, about: Mapping[str, str]
) -> list[Path]:
    """One path for each format that was asked for."""
    networks = [("unet", model.unet)] + ([("text_encoder", model.text_encoder)] if method.text_encoder else [])
    dtype = torch.float16 if request.product.half else torch.float32
    written = []
    for form in request.product.formats:
        if form == "merged":
            whole = model if model.dtype == torch.float32 else in_full(model, networks)
            with merged(whole):
                written.append(write_model(whole, folder / name, request, about))
            continue
        path = folder / (f"{name}.safetensors" if form == "kohya" else f"{name}.diffusers.safetensors")
        kohya = form == "kohya"
        tensors = {k: v for part, network in networks for k, v in (kohya_of if kohya else diffusers_of)(part, network)}
        kept = {key: tensor.to(dtype).cpu().contiguous() for key, tensor in tensors.items()}
        told = {**about, **hashes(kept, about)}
        if not kohya:
            told["lora_adapter_metadata"] = json.dumps(settings(networks))
        close(kept, tensors)
        write_tensors(path, kept, told)
        written.append(path)
    return written


def kohya_of(part: str, network: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """alpha is the real one, and stands beside every layer: a file without it is read at another strength."""
    prefix = "lora_unet_" if part == "unet" else "lora_te_text_model_"
    everything = get_peft_model_state_dict(network)  # pyright: ignore[reportArgumentType]
    for name, layer in adapted(network):
        key = prefix + name.removeprefix("text_model.").replace(".", "_")
        start = f"{name}."
        tensors = {own.removeprefix(start): one.detach() for own, one in everything.items() if own.startswith(start)}
        if "lokr_w1" in tensors and "lokr_w2" in tensors:  # LyCORIS does not scale what is not factorised
            tensors["lokr_w2"] = tensors["lokr_w2"] * layer.scaling["default"]
        for own, tensor in tensors.items():
            yield f"{key}.{KOHYA.get(own, own)}", dora_shape(tensor, layer) if "magnitude" in own else tensor
        alpha = (layer.lora_alpha if hasattr(layer, "lora_alpha") else layer.alpha)["default"]
        yield f"{key}.alpha", torch.tensor(float(alpha))


def diffusers_of(part: str, network: nn.Module) -> Iterator[tuple[str, Tensor]]:
    for key, tensor in get_peft_model_state_dict(network).items():  # pyright: ignore[reportArgumentType]
        yield f"{part}.{key}", tensor.detach()


def settings(networks: list[tuple[str, Any]]) -> dict[str, Any]:
    """What diffusers looks for: without it a LoRA is read as if alpha were the rank."""
    found: dict[str, Any] = {}
    for part, network in networks:
        for key, value in network.peft_config["default"].to_dict().items():
            if isinstance(value, set):
                value = sorted(value)
            if isinstance(value, str | int | float | bool | list | dict | type(None)):
                found[f"{part}.{key}"] = value
    return found


def adapted(network: nn.Module) -> Iterator[tuple[str, Any]]:
    for name, module in network.named_modules():
        if isinstance(module, BaseTunerLayer):
            yield name, module


def dora_shape(magnitude: Tensor, layer: Any) -> Tensor:
    """As LyCORIS keeps it: (out, 1) or (out, 1, 1, 1)."""
    dims = layer.get_base_layer().weight.dim()
    return magnitude.reshape(-1, *[1] * (dims - 1))


def close(kept: Mapping[str, Tensor], trained: Mapping[str, Tensor]) -> None:
    """What half precision loses must not matter; `not <=` catches what is no number too."""
    for key, tensor in trained.items():
        most = float(tensor.abs().max())
        if not float((kept[key].float() - tensor.float().cpu()).abs().max()) <= CLOSE * max(most, 1e-6):
            raise AtelierError(
                "training.half", "Half precision does not hold these weights.", "Save in full precision.", field="half"
            )


def in_full(model: LoadedModel, networks: list[tuple[str, Any]]) -> LoadedModel:
    """The model as its file has it, in float32 and with the same small matrices: half precision would round away most of
    what they add, and some of the model."""
    whole = load(model.source, torch.device("cpu"), torch.float32, model.hash)
    whole.scheduler_config = model.scheduler_config
    with torch.random.fork_rng(devices=[]):  # peft draws first matrices
        for part, network in networks:
            own = getattr(whole, part)
            inject_adapter_in_model(network.peft_config["default"], own)
            learned = get_peft_model_state_dict(network)
            set_peft_model_state_dict(own, {key: value.detach().float().cpu() for key, value in learned.items()})
    return whole


class merged:
    """The small matrices are added to the model's own weights for as long as it lasts."""

    def __init__(self, model: LoadedModel):
        self.layers = [layer for network in (model.unet, model.text_encoder) for _, layer in adapted(network)]

    def __enter__(self) -> None:
        self.before = [layer.get_base_layer().weight.detach().clone() for layer in self.layers]
        for layer in self.layers:
            layer.merge()

    def __exit__(self, *error: object) -> None:
        with torch.no_grad():
            for layer, before in zip(self.layers, self.before, strict=True):
                layer.merged_adapters.clear()
                layer.get_base_layer().weight.copy_(before)
