"""Learning rates over a run, as factors of the one that was asked for. Counted in optimiser steps."""

import math
from collections.abc import Callable

from engine.request.training_parts import Optimisation

Curve = Callable[[float, Optimisation], float]  # of what is done after the warm-up, 0..1

CURVES: dict[str, Curve] = {
    "constant": lambda done, asked: 1.0,
    "linear": lambda done, asked: 1 - done,
    "cosine": lambda done, asked: (1 + math.cos(math.pi * done)) / 2,
    "cosine with restarts": lambda done, asked: (1 + math.cos(math.pi * (done * asked.cycles % 1))) / 2,
    "polynomial": lambda done, asked: (1 - done) ** 2,
    "REX": lambda done, asked: (1 - done) / (0.5 + 0.5 * (1 - done)),  # Chen et al. 2021, arXiv 2107.04197
}


def factor(asked: Optimisation, step: int, total: int) -> float:
    """Of the learning rate in step `step` (from 0) of `total`."""
    if step < asked.warmup:
        return (step + 1) / asked.warmup
    if asked.schedule == "inverse square root":
        return math.sqrt(max(1, asked.warmup) / max(1, step + 1))
    done = min(1.0, (step - asked.warmup) / max(1, total - asked.warmup))
    return CURVES[asked.schedule](done, asked)
