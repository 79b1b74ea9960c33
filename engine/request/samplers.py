"""The names of samplers and schedules, as AUTOMATIC1111 writes them; engine/denoise holds what they do."""

from dataclasses import dataclass
from typing import Literal, get_args

SamplerName = Literal["Euler a", "Euler", "Heun", "DPM++ 2M", "DPM++ 2M SDE", "DDIM", "UniPC", "LCM"]
ScheduleName = Literal["Automatic", "Uniform", "Karras", "Exponential", "SGM Uniform"]

SAMPLERS: tuple[str, ...] = get_args(SamplerName)
SCHEDULES: tuple[str, ...] = get_args(ScheduleName)


@dataclass(frozen=True)
class SamplerFacts:
    """automatic: the schedule that "Automatic" stands for; None where the sampler brings its own timesteps."""

    automatic: ScheduleName | None
    evaluations: int = 1  # network calls per step
    max_steps: int = 150


FACTS: dict[str, SamplerFacts] = {
    "Euler a": SamplerFacts("Uniform"),
    "Euler": SamplerFacts("Uniform"),
    "Heun": SamplerFacts("Uniform", evaluations=2),
    "DPM++ 2M": SamplerFacts("Karras"),
    "DPM++ 2M SDE": SamplerFacts("Exponential"),
    "DDIM": SamplerFacts(None),
    "UniPC": SamplerFacts(None),
    "LCM": SamplerFacts(None, max_steps=50),
}
