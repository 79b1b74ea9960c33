"""Chance by name, for tensors: what is drawn depends on (seed, purpose, place) alone, never on what was drawn before.

So a state holds no generators, a resumed run draws what the straight one would have drawn, and sampling or measuring in
between changes nothing.
"""

from collections.abc import Sequence

import torch

from engine.training.data import keys


def key(seed: int, purpose: str, *place: int | str) -> int:
    """63 bits: what generators take as a seed."""
    return keys.key(purpose, seed, *place) >> 1


def generator(seed: int, purpose: str, *place: int | str) -> torch.Generator:
    return torch.Generator().manual_seed(key(seed, purpose, *place))


def normal(shape: Sequence[int], seed: int, purpose: str, *place: int | str) -> torch.Tensor:
    """float32, on the CPU, so that every device sees the same."""
    return torch.randn(tuple(shape), generator=generator(seed, purpose, *place))
