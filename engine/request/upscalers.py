"""The names of upscalers that are always there, as AUTOMATIC1111 writes them; files in models/upscalers come beside them."""

from dataclasses import dataclass
from typing import Literal

Interpolation = Literal["bilinear", "bicubic", "nearest", "nearest-exact"]


@dataclass(frozen=True)
class LatentWay:
    """How latents grow before the second pass draws on."""

    interpolation: Interpolation
    antialias: bool = False


LATENT_UPSCALERS: dict[str, LatentWay] = {
    "Latent": LatentWay("bilinear"),
    "Latent (antialiased)": LatentWay("bilinear", True),
    "Latent (bicubic)": LatentWay("bicubic"),
    "Latent (bicubic antialiased)": LatentWay("bicubic", True),
    "Latent (nearest)": LatentWay("nearest"),
    "Latent (nearest-exact)": LatentWay("nearest-exact"),
}
PIXEL_UPSCALERS = ("Lanczos", "Nearest")
EVERYWHERE = (*LATENT_UPSCALERS, *PIXEL_UPSCALERS)  # without a file
