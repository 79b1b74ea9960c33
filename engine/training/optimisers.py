"""The optimisers by name: what each makes of the request, and what it needs to know about itself."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch

from engine.errors import BadRequest
from engine.request.training_parts import Optimisation

Groups = Iterable[dict[str, Any]]


@dataclass(frozen=True)
class Row:
    """nbytes: of state for one weight; modes: it must be told when it is measured with (schedule-free)."""

    make: Callable[[Groups, Optimisation], torch.optim.Optimizer]
    nbytes: float
    modes: bool = False


def adamw(groups: Groups, asked: Optimisation) -> torch.optim.Optimizer:
    return torch.optim.AdamW(
        groups, betas=(asked.beta1, asked.beta2), eps=asked.epsilon, weight_decay=asked.weight_decay, fused=True
    )


def adam(groups: Groups, asked: Optimisation) -> torch.optim.Optimizer:
    return torch.optim.Adam(
        groups, betas=(asked.beta1, asked.beta2), eps=asked.epsilon, weight_decay=asked.weight_decay, fused=True
    )


def sgd(groups: Groups, asked: Optimisation) -> torch.optim.Optimizer:
    return torch.optim.SGD(groups, momentum=asked.beta1, weight_decay=asked.weight_decay)


def rmsprop(groups: Groups, asked: Optimisation) -> torch.optim.Optimizer:
    return torch.optim.RMSprop(groups, alpha=asked.beta2, eps=asked.epsilon, weight_decay=asked.weight_decay)


def adafactor(groups: Groups, asked: Optimisation) -> torch.optim.Optimizer:
    return torch.optim.Adafactor(groups, weight_decay=asked.weight_decay)


def lion(groups: Groups, asked: Optimisation) -> torch.optim.Optimizer:
    from pytorch_optimizer import Lion

    return Lion(list(groups), betas=(asked.beta1, asked.beta2), weight_decay=asked.weight_decay)


def prodigy(groups: Groups, asked: Optimisation) -> torch.optim.Optimizer:
    from pytorch_optimizer import Prodigy

    return Prodigy(
        list(groups),
        betas=(asked.beta1, asked.beta2),
        eps=asked.epsilon,
        weight_decay=asked.weight_decay,
        bias_correction=True,
        safeguard_warmup=True,
    )


def schedule_free(groups: Groups, asked: Optimisation) -> torch.optim.Optimizer:
    from pytorch_optimizer import ScheduleFreeAdamW

    return ScheduleFreeAdamW(
        list(groups),
        betas=(asked.beta1, asked.beta2),
        eps=asked.epsilon,
        weight_decay=asked.weight_decay,
    )


def adamw_8bit(groups: Groups, asked: Optimisation) -> torch.optim.Optimizer:
    try:
        from bitsandbytes.optim import AdamW8bit  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise BadRequest(
            "training.bitsandbytes",
            "AdamW 8-bit needs the package bitsandbytes, which is not installed.",
            "Install it with pip install bitsandbytes, or choose AdamW.",
            field="optimiser",
        ) from None
    return AdamW8bit(list(groups), betas=(asked.beta1, asked.beta2), eps=asked.epsilon, weight_decay=asked.weight_decay)


OPTIMISERS: dict[str, Row] = {
    "AdamW": Row(adamw, 8),
    "Adam": Row(adam, 8),
    "SGD": Row(sgd, 4),
    "RMSprop": Row(rmsprop, 4),
    "Adafactor": Row(adafactor, 0.2),
    "Lion": Row(lion, 4),
    "Prodigy": Row(prodigy, 16),
    "schedule-free AdamW": Row(schedule_free, 8, modes=True),
    "AdamW 8-bit": Row(adamw_8bit, 2.1),
}


def make(groups: Groups, asked: Optimisation) -> torch.optim.Optimizer:
    return OPTIMISERS[asked.optimiser].make(groups, asked)


def measuring(optimiser: torch.optim.Optimizer, name: str, on: bool) -> None:
    """Schedule-free optimisers keep two sets of weights: one to train, one to measure and to save with."""
    if OPTIMISERS[name].modes:
        switch: Any = optimiser
        switch.eval() if on else switch.train()
