"""EMA: a running mean of the trained weights, which measures and draws better than the weights of the last step."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor


class EMA:
    """float32 copies by name; it begins quickly and slows down to `decay`."""

    def __init__(self, weights: Mapping[str, Tensor], decay: float):
        self.decay = decay
        self.steps = 0
        self.means = {name: weight.detach().float().clone() for name, weight in weights.items()}

    @torch.no_grad()
    def follow(self, weights: Mapping[str, Tensor]) -> None:
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        means = [self.means[name] for name in weights]
        torch._foreach_lerp_(means, [weight.detach().float() for weight in weights.values()], 1 - decay)

    @contextmanager
    def inside(self, weights: Mapping[str, Tensor]) -> Iterator[None]:
        """The networks hold the means for as long as it lasts."""
        before = {name: weight.detach().clone() for name, weight in weights.items()}
        with torch.no_grad():
            for name, weight in weights.items():
                weight.copy_(self.means[name])
        try:
            yield
        finally:
            with torch.no_grad():
                for name, weight in weights.items():
                    weight.copy_(before[name])
