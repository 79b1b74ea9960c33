"""LoRA and its relatives: small matrices beside the layers of the UNet and, where wanted, of the text encoder."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft import LoHaConfig, LoKrConfig, LoraConfig, inject_adapter_in_model
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import Tensor, nn

from engine.library.load import LoadedModel
from engine.request.training import TrainingRequest
from engine.request.training_methods import LoRA
from engine.training import rng
from engine.training.export.lora import write_lora
from engine.training.learners.diffusion import Diffusion, learning_rate, named
from engine.training.learners.learner import Batch, Group

ATTENTION = ["to_q", "to_k", "to_v", "to_out.0"]
FEED_FORWARD = [*ATTENTION, "ff.net.0.proj", "ff.net.2"]
LINEAR = [*FEED_FORWARD, "proj_in", "proj_out", "time_emb_proj", "linear_1", "linear_2"]
CONVOLUTIONS = [*LINEAR, "conv1", "conv2", "conv_shortcut", "downsamplers.0.conv", "upsamplers.0.conv"]
TARGETS = {
    "attention": ATTENTION,
    "attention and feed-forward": FEED_FORWARD,
    "all linear": LINEAR,
    "all linear and convolutions": CONVOLUTIONS,
}
TEXT = ["q_proj", "k_proj", "v_proj", "out_proj"]


class LoRALearner(Diffusion):
    def __init__(self, model: LoadedModel, request: TrainingRequest, method: LoRA):
        super().__init__(model, request)
        self.method = method
        inject(model.unet, method, TARGETS[method.targets], request.loop.seed, "unet")
        if method.text_encoder:
            inject(model.text_encoder, method, TEXT, request.loop.seed, "text_encoder")

    @property
    def reads(self) -> bool:
        return self.method.text_encoder

    def groups(self) -> list[Group]:
        parts = (("unet", self.unet, False), ("text_encoder", self.text_encoder, True))
        found = [Group(name, named(network, name), learning_rate(self.request, text)) for name, network, text in parts]
        return [group for group in found if group.weights]

    def untrained(self, noisy: Tensor, times: Tensor, context: Tensor, batch: Batch) -> Tensor:
        with without(self.unet, self.text_encoder):
            own = self.context(batch) if self.reads else context
            return self.answer(noisy, times, own, batch)

    def product(self, folder: Path, name: str, about: Mapping[str, str]) -> list[Path]:
        return write_lora(self.model, self.method, self.request, folder, name, about)


def inject(network: nn.Module, method: LoRA, targets: list[str], seed: int, name: str) -> None:
    """peft draws the first matrices from the global generator: it gets a seed of its own and its state back."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(rng.key(seed, "adapter", name))
        inject_adapter_in_model(config(method, targets), network)
    for weight in network.parameters():
        if weight.requires_grad:
            weight.data = weight.data.float()


def config(method: LoRA, targets: list[str]) -> Any:
    rank, alpha = method.rank, method.alpha
    if method.algorithm == "LoHa":
        return LoHaConfig(r=rank, alpha=alpha, target_modules=targets, rank_dropout=0.0, module_dropout=method.dropout)  # pyright: ignore[reportArgumentType]
    if method.algorithm == "LoKr":
        return LoKrConfig(r=rank, alpha=alpha, target_modules=targets, rank_dropout=0.0, module_dropout=method.dropout)  # pyright: ignore[reportArgumentType]
    return LoraConfig(
        r=rank,
        lora_alpha=alpha,  # pyright: ignore[reportArgumentType]
        target_modules=targets,
        lora_dropout=method.dropout,
        use_dora=method.algorithm == "DoRA",
        init_lora_weights="gaussian",
    )


def layers(network: nn.Module) -> Iterator[tuple[str, Any]]:
    """(name, layer) of those that have small matrices beside them."""
    for name, module in network.named_modules():
        if isinstance(module, BaseTunerLayer):
            yield name, module


@contextmanager
def without(*networks: nn.Module) -> Iterator[None]:
    """The networks answer as if nothing had been trained."""
    found = [layer for network in networks for _, layer in layers(network)]
    for layer in found:
        layer.enable_adapters(False)
    try:
        yield
    finally:
        for layer in found:
            layer.enable_adapters(True)
