"""The VAE: L1, squares, differences between neighbouring pixels, and a pull of the latents towards a normal spread."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from engine.library.load import LoadedModel
from engine.request.training import TrainingRequest
from engine.request.training_methods import VAE
from engine.training import rng
from engine.training.export.folder import write_model
from engine.training.learners.diffusion import learning_rate, named
from engine.training.learners.learner import Batch, Chance, Group, Learner


class AutoencoderLearner(Learner):
    probes = 1

    def __init__(self, model: LoadedModel, request: TrainingRequest, method: VAE):
        super().__init__()
        self.model, self.request, self.method = model, request, method
        self.vae = model.vae
        for network in (model.unet, model.text_encoder):
            network.requires_grad_(False)
        model.vae.requires_grad_(True)
        if not method.encoder:
            model.vae.encoder.requires_grad_(False)
            if model.vae.quant_conv is not None:
                model.vae.quant_conv.requires_grad_(False)
        if request.loop.checkpointing:
            model.vae.enable_gradient_checkpointing()

    def groups(self) -> list[Group]:
        return [Group("vae", named(self.vae, "vae"), learning_rate(self.request))]

    def forward(self, batch: Batch, chance: Chance) -> Tensor:
        pixels, made, found = self.seen(batch, chance)
        loss = (made - pixels).abs() + 2 * (made - pixels).square()
        parts = loss.flatten(1).mean(1)
        if self.method.gradients:
            parts = parts + self.method.gradients * edges(made, pixels)
        spread = 0.5 * (found.mean.square() + found.var - 1 - found.logvar).flatten(1).sum(1)
        return (parts + self.method.kl * spread / pixels[0].numel()) * batch.counts

    def plain(self, batch: Batch, chance: Chance) -> Tensor:
        """The mean square on pixels in 0..1: 10 log10 of its inverse is the PSNR in decibels."""
        pixels, made, _ = self.seen(batch, chance)
        return ((made.clamp(-1, 1) - pixels) / 2).square().flatten(1).mean(1)

    def seen(self, batch: Batch, chance: Chance):
        pixels = 2 * cast(Tensor, batch.pixels) - 1
        found = self.vae.encode(pixels).latent_dist  # pyright: ignore[reportAttributeAccessIssue]
        sample = found.mean + found.std * chance.posterior.to(found.mean)
        made = self.vae.decode(sample, return_dict=False)[0]
        return pixels, made.float(), found

    def draw(self, batch: Batch, seed: int, micro_step: int) -> Chance:
        shape = self.latent_shape(batch)
        noise = [rng.normal(shape, seed, "posterior", micro_step, i, item) for i, item in enumerate(batch.items)]
        return chance(torch.stack(noise))

    def probe(self, batch: Batch, seed: int, look: int) -> Chance:
        return chance(torch.zeros(batch.size, *self.latent_shape(batch)))

    def latent_shape(self, batch: Batch) -> tuple[int, int, int]:
        factor = 2 ** (len(self.vae.config["block_out_channels"]) - 1)
        _, _, height, width = cast(Tensor, batch.pixels).shape
        return self.vae.config["latent_channels"], height // factor, width // factor

    def product(self, folder: Path, name: str, about: Mapping[str, str]) -> list[Path]:
        return [write_model(self.model, folder / name, self.request, about)]


def chance(posterior: Tensor) -> Chance:
    nothing = torch.zeros(len(posterior), dtype=torch.long)
    return Chance(posterior=posterior, times=nothing, noise=torch.empty(0))


def edges(made: Tensor, wanted: Tensor) -> Tensor:
    """(n,) mean absolute difference of the differences to the right and downwards."""
    across = (made.diff(dim=3) - wanted.diff(dim=3)).abs().flatten(1).mean(1)
    down = (made.diff(dim=2) - wanted.diff(dim=2)).abs().flatten(1).mean(1)
    return across + down
