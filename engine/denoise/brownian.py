"""A random path over noise levels that a seed fixes: wherever it is read, in whatever steps, it is the same path."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import sqrt
from typing import Any
from warnings import catch_warnings, simplefilter

import torch
from torchsde._brownian import brownian_interval

from engine.denoise.noise import Noise


class Path:
    """As k-diffusion builds it (torchsde's interval tree with the picture's seed), its numbers from the picture's source."""

    def __init__(self, noise: Noise, shape: tuple[int, ...], low: float, high: float):
        self.noise = noise
        with self.numbers():
            self.tree: Any = brownian_interval.BrownianInterval(
                t0=low,
                t1=high,
                size=shape,
                dtype=torch.float32,
                device=torch.device("cpu"),
                entropy=noise.seed,
                tol=1e-6,
                pool_size=24,
                halfway_tree=True,
            )

    def between(self, sigma: float, to: float) -> torch.Tensor:
        """Normal numbers: the path's change from `sigma` down to `to`, of unit variance."""
        with self.numbers(), catch_warnings():
            simplefilter("ignore")  # it rounds its ends to a millionth, and says so
            change = self.tree(to, sigma)
        return change * -1.0 / sqrt(sigma - to)  # k-diffusion reads it upside down

    @contextmanager
    def numbers(self) -> Iterator[None]:
        """torchsde draws by a function of its module; while it works for us it draws by ours."""
        theirs = brownian_interval._randn

        def ours(size: Any, dtype: torch.dtype, device: Any, seed: Any) -> torch.Tensor:
            return self.noise.seeded(int(seed), tuple(size)).to(device, dtype)

        brownian_interval._randn = ours
        try:
            yield
        finally:
            brownian_interval._randn = theirs
