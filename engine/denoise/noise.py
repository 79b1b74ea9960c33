"""One picture's own random numbers, drawn in order on the CPU, so that a batch equals its singles."""

from collections.abc import Callable
from typing import Protocol

import torch

from engine.denoise.philox import Philox
from engine.request.parts import Noise as Asked
from engine.request.parts import NoiseSource

SEEDS = 2**64
PARALLEL = 0.9995  # mean cosine above which two noises are mixed straight
PLAIN = Asked()


class Source(Protocol):
    def normal(self, shape: tuple[int, ...]) -> torch.Tensor: ...


class CPU:
    """PyTorch's own, the same on every machine."""

    def __init__(self, seed: int):
        self.generator = torch.Generator("cpu").manual_seed(seed)

    def normal(self, shape: tuple[int, ...]) -> torch.Tensor:
        return torch.randn(shape, generator=self.generator, dtype=torch.float32)


class NV:
    """As a graphics card of NVIDIA would, on any machine."""

    def __init__(self, seed: int):
        self.philox = Philox(seed)

    def normal(self, shape: tuple[int, ...]) -> torch.Tensor:
        return torch.from_numpy(self.philox.normal(shape))


SOURCES: dict[NoiseSource, Callable[[int], Source]] = {"CPU": CPU, "NV": NV}


class Noise:
    """Each draw goes on where the last one ended; no other picture draws from it.

    seed: the picture's, for what grows from a seed by itself (Brownian trees).
    """

    def __init__(self, seed: int, asked: Asked = PLAIN):
        self.seed, self.asked = seed, asked
        self.source = self.sown(seed)

    def normal(self, shape: tuple[int, ...]) -> torch.Tensor:
        """float32, on the CPU: the one door for whatever a picture draws on its way."""
        return self.source.normal(shape)

    def first(self, shape: tuple[int, ...], resized_from: tuple[int, int]) -> torch.Tensor:
        """The noise that a picture begins with, (1, channels, h, w); what is drawn later comes from `normal`.

        resized_from: height and width in latents at which the seed is drawn. As AUTOMATIC1111's ImageRNG.first.
        """
        inner = (*shape[:-2], *resized_from)
        resized = inner != shape
        noise = self.seeded(self.seed, inner) if resized else self.normal(shape)
        if self.asked.variation_strength > 0:
            noise = slerp(self.asked.variation_strength, noise, self.seeded(self.asked.variation_seed, inner))
        if resized:
            noise = pasted(noise, self.normal(shape))
        if self.asked.ensd:
            self.source = self.sown((self.seed + self.asked.ensd) % SEEDS)
        return noise

    def seeded(self, seed: int, shape: tuple[int, ...]) -> torch.Tensor:
        """What another seed draws first, from the same kind of source; this picture's own numbers stay where they are."""
        return self.sown(seed).normal(shape)

    def sown(self, seed: int) -> Source:
        return SOURCES[self.asked.noise_source](seed)


def slerp(share: float, low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
    """From `low` to `high` along the arc, each column of each channel by itself (Shoemake 1985).

    Along the height because AUTOMATIC1111 does, and its straight mix of near equals is turned round: so are old pictures.
    """
    cosine = (low / low.norm(dim=-2, keepdim=True) * (high / high.norm(dim=-2, keepdim=True))).sum(-2, keepdim=True)
    if cosine.mean() > PARALLEL:
        return low * share + high * (1 - share)
    angle = torch.acos(cosine)
    sine = torch.sin(angle)
    return torch.sin((1 - share) * angle) / sine * low + torch.sin(share * angle) / sine * high


def pasted(inner: torch.Tensor, outer: torch.Tensor) -> torch.Tensor:
    """`outer` with `inner` over its middle, cropped where it is larger."""
    made = outer.clone()
    rows = overlap(inner.shape[-2], outer.shape[-2])
    columns = overlap(inner.shape[-1], outer.shape[-1])
    made[..., rows[1], columns[1]] = inner[..., rows[0], columns[0]]
    return made


def overlap(inner: int, outer: int) -> tuple[slice, slice]:
    """Where along one side: of the inner one, of the outer one. An odd excess loses one more, as in AUTOMATIC1111."""
    margin = (outer - inner) // 2
    length = inner + 2 * min(margin, 0)
    return slice(max(-margin, 0), max(-margin, 0) + length), slice(max(margin, 0), max(margin, 0) + length)
