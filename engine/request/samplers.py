"""The names of samplers and schedules, as AUTOMATIC1111 writes them; engine/denoise holds what they do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

SamplerName = Literal[
    "DPM++ 2M",
    "DPM++ SDE",
    "DPM++ 2M SDE",
    "DPM++ 2M SDE Heun",
    "DPM++ 2S a",
    "DPM++ 3M SDE",
    "Euler a",
    "Euler",
    "LMS",
    "Heun",
    "DPM2",
    "DPM2 a",
    "DPM fast",
    "DPM adaptive",
    "Restart",
    "DDIM",
    "DDIM CFG++",
    "PLMS",
    "UniPC",
    "LCM",
]
ScheduleName = Literal[
    "Automatic",
    "Uniform",
    "Karras",
    "Exponential",
    "Polyexponential",
    "SGM Uniform",
    "KL Optimal",
    "Align Your Steps",
    "Simple",
    "Normal",
    "DDIM",
    "Beta",
]

SAMPLERS: tuple[str, ...] = get_args(SamplerName)
SCHEDULES: tuple[str, ...] = get_args(ScheduleName)


def once(steps: int) -> int:
    """One evaluation a step."""
    return steps


def twice(steps: int) -> int:
    """Two a step, but one in the step that ends without noise."""
    return 2 * steps - 1


@dataclass(frozen=True)
class SamplerFacts:
    """automatic: the schedule that "Automatic" stands for; None where the sampler brings its own timesteps.

    evaluations: the network's calls for so many steps; discards: leaves out the last noise level before zero;
    takes: which of the request's tuning it listens to, beside those of its schedule; eta: what an empty eta means.
    """

    automatic: ScheduleName | None
    evaluations: Callable[[int], int] = once
    max_steps: int = 150
    discards: bool = False
    takes: frozenset[str] = frozenset()
    eta: float = 0.0


CHURN = frozenset({"s_churn", "s_tmin", "s_tmax", "s_noise"})
ANCESTRAL = frozenset({"eta", "s_noise"})

FACTS: dict[str, SamplerFacts] = {
    "DPM++ 2M": SamplerFacts("Karras"),
    "DPM++ SDE": SamplerFacts("Karras", twice, takes=ANCESTRAL, eta=1),
    "DPM++ 2M SDE": SamplerFacts("Exponential", takes=ANCESTRAL, eta=1),
    "DPM++ 2M SDE Heun": SamplerFacts("Exponential", takes=ANCESTRAL, eta=1),
    "DPM++ 2S a": SamplerFacts("Karras", twice, takes=ANCESTRAL, eta=1),
    "DPM++ 3M SDE": SamplerFacts("Exponential", discards=True, takes=ANCESTRAL, eta=1),
    "Euler a": SamplerFacts("Uniform", takes=ANCESTRAL, eta=1),
    "Euler": SamplerFacts("Uniform", takes=CHURN),
    "LMS": SamplerFacts("Uniform"),
    "Heun": SamplerFacts("Uniform", twice, takes=CHURN),
    "DPM2": SamplerFacts("Karras", twice, discards=True, takes=CHURN),
    "DPM2 a": SamplerFacts("Karras", twice, discards=True, takes=ANCESTRAL, eta=1),
    "DPM fast": SamplerFacts(None, takes=ANCESTRAL, eta=1),
    "DPM adaptive": SamplerFacts(None, lambda steps: 45, takes=ANCESTRAL, eta=1),
    "Restart": SamplerFacts("Karras", twice, takes=frozenset({"s_noise"})),
    "DDIM": SamplerFacts(None, takes=frozenset({"eta"})),
    "DDIM CFG++": SamplerFacts(None, takes=frozenset({"eta"})),
    "PLMS": SamplerFacts(None, lambda steps: steps + (steps > 1)),
    "UniPC": SamplerFacts(None),
    "LCM": SamplerFacts(None, max_steps=50),
}


def evaluations(sampler: str, steps: int) -> int:
    """How often a picture of so many steps asks the network; for "DPM adaptive", what it usually takes."""
    return FACTS[sampler].evaluations(steps)
