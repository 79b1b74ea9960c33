"""The objective: noise, timesteps, targets, losses and their weights. Pure functions on tensors.

Symbols as in DDPM (Ho et al. 2020, arXiv 2006.11239): `alphas` are the cumulative products, from clean to noise.
"""

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.request.training_parts import LossName, Objective
from engine.training import rng

MOST_SNR = 1000.0  # beyond it the debiased weight would vanish; and 1 / MOST_SNR where it would explode


def alphas_of(scheduler: Mapping[str, Any], zero_terminal_snr: bool = False) -> Tensor:
    """(timesteps,) float64 cumulative alphas of a scheduler's configuration."""
    count = int(scheduler.get("num_train_timesteps", 1000))
    start, end = float(scheduler.get("beta_start", 0.00085)), float(scheduler.get("beta_end", 0.012))
    kind = scheduler.get("beta_schedule", "scaled_linear")
    if scheduler.get("trained_betas"):
        betas = torch.tensor(scheduler["trained_betas"], dtype=torch.float64)
    elif kind == "scaled_linear":
        betas = torch.linspace(start**0.5, end**0.5, count, dtype=torch.float64) ** 2
    elif kind == "linear":
        betas = torch.linspace(start, end, count, dtype=torch.float64)
    elif kind == "squaredcos_cap_v2":
        bars = [math.cos((i / count + 0.008) / 1.008 * math.pi / 2) ** 2 for i in range(count + 1)]
        betas = torch.tensor([min(1 - b / a, 0.999) for a, b in itertools.pairwise(bars)], dtype=torch.float64)
    else:
        raise ValueError(f"unknown beta schedule {kind!r}")
    alphas = torch.cumprod(1 - betas, 0)
    return rescaled(alphas) if zero_terminal_snr or scheduler.get("rescale_betas_zero_snr") else alphas


def rescaled(alphas: Tensor) -> Tensor:
    """The last is zero, the first as before: algorithm 1 of Lin et al. 2023 (arXiv 2305.08891)."""
    roots = alphas.sqrt()
    first, last = roots[0], roots[-1]
    return ((roots - last) * (first / (first - last))) ** 2


def timesteps(objective: Objective, count: int, seed: int, micro_step: int) -> Tensor:
    """(count,) int64."""
    lots = rng.generator(seed, "timestep", micro_step)
    if objective.timesteps == "logit-normal":
        part = torch.randn(count, generator=lots).sigmoid()
    else:
        part = torch.rand(count, generator=lots)
        if objective.timesteps == "stratified":
            part = (torch.randperm(count, generator=lots) + part) / count
    low, high = objective.min_timestep, objective.max_timestep
    return (low + part * (high - low)).long().clamp(low, high - 1)


def noise_for(objective: Objective, shape: tuple[int, ...], seed: int, micro_step: int, item: str) -> Tensor:
    """(channels, height, width) float32 of one picture."""
    lots = rng.generator(seed, "noise", micro_step, item)
    noise = torch.randn(shape, generator=lots)
    if objective.offset_noise:  # Guttenberg 2023
        noise += objective.offset_noise * torch.randn((shape[0], 1, 1), generator=lots)
    if objective.pyramid_noise:  # Whitaker 2023, "multi-resolution noise"
        noise = pyramid(noise, objective.pyramid_noise, objective.pyramid_discount, lots)
    return noise


def pyramid(noise: Tensor, layers: int, discount: float, lots: torch.Generator) -> Tensor:
    """Coarser and coarser noise on top, brought back to the spread of one."""
    channels, height, width = noise.shape
    for layer in range(1, layers + 1):
        ratio = 2**layer
        size = (max(1, height // ratio), max(1, width // ratio))
        coarse = torch.randn((1, channels, *size), generator=lots)
        noise = noise + discount**layer * F.interpolate(coarse, (height, width), mode="bilinear")[0]
        if size == (1, 1):
            break
    return noise / noise.std()


def noisy(latents: Tensor, noise: Tensor, alphas: Tensor, times: Tensor) -> Tensor:
    root, rest = roots(alphas, times, latents)
    return root * latents + rest * noise


def target(prediction: str, latents: Tensor, noise: Tensor, alphas: Tensor, times: Tensor) -> Tensor:
    """What the network should answer: the noise, or v (Salimans and Ho 2022, arXiv 2202.00512)."""
    if prediction == "epsilon":
        return noise
    root, rest = roots(alphas, times, latents)
    return root * noise - rest * latents


def roots(alphas: Tensor, times: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    chosen = alphas[times.cpu()].to(like.device)
    shape = (-1, *[1] * (like.dim() - 1))
    return chosen.sqrt().to(like.dtype).view(shape), (1 - chosen).sqrt().to(like.dtype).view(shape)


def log_cosh(x: Tensor) -> Tensor:
    """Without overflow."""
    return x.abs() + F.softplus(-2 * x.abs()) - math.log(2)


def elementwise(loss: LossName, answer: Tensor, wanted: Tensor, delta: float) -> Tensor:
    """Huber and smooth L1 are squares up to delta and lines beyond; log-cosh is scaled by it likewise."""
    answer, wanted = answer.float(), wanted.float()
    table: dict[str, Callable[[], Tensor]] = {
        "MSE": lambda: (answer - wanted).square(),
        "MAE": lambda: (answer - wanted).abs(),
        "Huber": lambda: F.huber_loss(answer, wanted, reduction="none", delta=delta),
        "smooth L1": lambda: F.smooth_l1_loss(answer, wanted, reduction="none", beta=delta),
        "log-cosh": lambda: delta * log_cosh((answer - wanted) / delta),
    }
    return table[loss]()


def weights(objective: Objective, prediction: str, alphas: Tensor, times: Tensor) -> Tensor:
    """(n,) float32: what each picture's loss counts at its timestep.

    The formulas are for the loss of the noise; that of v is the same loss times (SNR + 1) / SNR.
    """
    chosen = alphas[times.cpu()]
    snr = (chosen / (1 - chosen)).clamp(1 / MOST_SNR, MOST_SNR)
    if objective.weighting == "none":
        return torch.ones(len(times))
    table = {
        "min-SNR": lambda: snr.clamp(max=objective.gamma) / snr,
        "debiased": lambda: snr.rsqrt(),
        "P2": lambda: (1 + snr) ** -objective.p2_gamma,
    }
    found = table[objective.weighting]()
    return (found if prediction == "epsilon" else found * snr / (snr + 1)).float()


def per_picture(loss: Tensor, mask: Tensor | None) -> Tensor:
    """(n,) means over each picture. mask: (n, 1, h, w) with what each place counts."""
    if mask is None:
        return loss.flatten(1).mean(1)
    mask = mask.to(loss).expand_as(loss)
    return (loss * mask).flatten(1).sum(1) / mask.flatten(1).sum(1).clamp(min=1e-6)
