"""FAMILIES: which architectures can be drawn with, and NOT_YET: which are recognised and refused by name."""

from engine.library.families.family import Family
from engine.library.families.stable_diffusion import SD1, SD2

FAMILIES: dict[str, Family] = {family.key: family for family in (SD1, SD2)}

NOT_YET: dict[str, str] = {
    "sdxl": "Stable Diffusion XL",
    "sdxl-refiner": "the Stable Diffusion XL refiner",
    "sd3": "Stable Diffusion 3",
    "flux": "Flux",
    "cascade": "Stable Cascade",
    "video": "a video model",
}
