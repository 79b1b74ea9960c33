"""One picture's own random numbers, drawn in order on the CPU, so that a batch equals its singles."""

import torch


class Noise:
    """Each draw goes on where the last one ended; no other picture draws from it."""

    def __init__(self, seed: int):
        self.seed = seed
        self.generator = torch.Generator("cpu").manual_seed(seed)

    def normal(self, shape: tuple[int, ...]) -> torch.Tensor:
        """float32, on the CPU."""
        return torch.randn(shape, generator=self.generator, dtype=torch.float32)

    def seeded(self, seed: int, shape: tuple[int, ...]) -> torch.Tensor:
        """Numbers of another seed from the same kind of source; nothing goes on from here."""
        return torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed), dtype=torch.float32)
