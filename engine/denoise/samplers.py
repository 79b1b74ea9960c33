"""How one step goes: each sampler is a row that makes a fresh solver, since solvers keep state."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any, Protocol

import diffusers
import numpy as np
import torch

from engine.denoise import schedules
from engine.denoise.conditioning import Guided
from engine.denoise.noise import Noise
from engine.request.samplers import FACTS


class Scheduler(Protocol):
    """What we use of a diffusers scheduler; it is typed loosely there, so that any-ness ends here."""

    config: Any
    sigmas: torch.Tensor
    timesteps: torch.Tensor
    alphas_cumprod: torch.Tensor
    init_noise_sigma: Any
    num_inference_steps: int | None
    order: int

    def set_timesteps(self, num_inference_steps: int) -> None: ...
    def set_begin_index(self, begin_index: int = 0) -> None: ...
    def scale_model_input(self, sample: torch.Tensor, timestep: Any) -> torch.Tensor: ...
    def step(self, model_output: torch.Tensor, timestep: Any, sample: torch.Tensor, **kw: Any) -> Any: ...
    def add_noise(self, original: torch.Tensor, noise: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor: ...


@dataclass(frozen=True)
class Sampler:
    """scheduler: the diffusers class; options: over the model's noise configuration.

    variance_preserving: latents keep unit variance (x = a x0 + s e) instead of growing with sigma (x = x0 + sigma e).
    scheduled: takes any schedule; else it brings its own timesteps.
    """

    scheduler: Callable[..., Any]
    options: dict[str, Any] = field(default_factory=dict)
    variance_preserving: bool = False
    scheduled: bool = True


SPACED = {"timestep_spacing": "linspace"}
LEADING = {"timestep_spacing": "leading", "steps_offset": 1, "set_alpha_to_one": False, "clip_sample": False}
DPM = {"algorithm_type": "dpmsolver++", "solver_order": 2, "solver_type": "midpoint", "final_sigmas_type": "zero"}

SAMPLERS: dict[str, Sampler] = {
    "Euler a": Sampler(diffusers.EulerAncestralDiscreteScheduler, SPACED),
    "Euler": Sampler(diffusers.EulerDiscreteScheduler, SPACED),
    "Heun": Sampler(diffusers.HeunDiscreteScheduler, SPACED),
    "DPM++ 2M": Sampler(diffusers.DPMSolverMultistepScheduler, {**SPACED, **DPM}, variance_preserving=True),
    "DPM++ 2M SDE": Sampler(
        diffusers.DPMSolverMultistepScheduler,
        {**SPACED, **DPM, "algorithm_type": "sde-dpmsolver++"},
        variance_preserving=True,
    ),
    "DDIM": Sampler(diffusers.DDIMScheduler, LEADING, variance_preserving=True, scheduled=False),
    "UniPC": Sampler(
        diffusers.UniPCMultistepScheduler,
        {**SPACED, "solver_order": 3, "solver_type": "bh1", "final_sigmas_type": "sigma_min"},
        variance_preserving=True,
        scheduled=False,
    ),
    "LCM": Sampler(diffusers.LCMScheduler, LEADING, variance_preserving=True, scheduled=False),
}

# What a model's scheduler configuration says about its noise; everything else belongs to the sampler.
NOISE = (
    "num_train_timesteps",
    "beta_start",
    "beta_end",
    "beta_schedule",
    "trained_betas",
    "prediction_type",
    "rescale_betas_zero_snr",
)


def scheduler(name: str, schedule: str, steps: int, noise: dict[str, Any]) -> Scheduler:
    """A fresh scheduler with its timesteps set; `noise` is the model's scheduler configuration."""
    row = SAMPLERS[name]
    accepted = inspect.signature(row.scheduler.__init__).parameters  # pyright: ignore[reportFunctionMemberAccess]
    options = {k: noise[k] for k in NOISE if k in noise and k in accepted} | row.options
    made: Scheduler = row.scheduler(**{k: v for k, v in options.items() if k in accepted})
    made.set_timesteps(steps)
    if row.scheduled:
        overwrite(made, resolve_schedule(name, schedule), steps)
    if hasattr(made, "set_begin_index"):
        made.set_begin_index(0)  # else step 0 searches its index on the device
    return made


def resolve_schedule(sampler: str, schedule: str) -> str:
    """ "Automatic" is the sampler's own choice."""
    return FACTS[sampler].automatic or "Uniform" if schedule == "Automatic" else schedule


def overwrite(made: Scheduler, schedule: str, steps: int) -> None:
    """No diffusers class knows every schedule, but all take one: float timesteps, not rounded ones."""
    levels = schedules.table(made.alphas_cumprod.numpy())
    sigmas = schedules.sigmas(schedule, levels, steps)
    timesteps = schedules.timestep_at(sigmas[:-1], levels)
    if isinstance(made, diffusers.HeunDiscreteScheduler):  # two evaluations a step but the last
        sigmas = np.concatenate([sigmas[:1], np.repeat(sigmas[1:-1], 2), sigmas[-1:]])
        timesteps = np.concatenate([timesteps[:1], np.repeat(timesteps[1:], 2)])
    made.sigmas = torch.from_numpy(sigmas.astype(np.float32))
    made.timesteps = torch.from_numpy(timesteps.astype(np.float32))


def with_our_dice(made: Scheduler) -> Callable[..., Any]:
    """Its `step`, drawing from a Noise instead of a torch.Generator: its own code, one name changed."""
    step: Any = type(made).step
    names = {**step.__globals__, "randn_tensor": draw}
    return FunctionType(step.__code__, names, step.__name__, step.__defaults__, step.__closure__)


def draw(shape: torch.Size, generator: Noise, device: torch.device, **_: Any) -> torch.Tensor:
    return generator.normal(tuple(shape)).to(device)


class Solver:
    """One picture's way from noise to latents; `index` counts network evaluations.

    Tensors are (1, channels, height / 8, width / 8), float32.
    """

    def __init__(self, name: str, schedule: str, steps: int, noise: dict[str, Any]):
        self.scheduler = scheduler(name, schedule, steps, noise)
        self.row = SAMPLERS[name]
        self.timesteps = self.scheduler.timesteps
        self.times: list[float] = [float(t) for t in self.timesteps]  # read once: no device is asked per step
        self.advance = with_our_dice(self.scheduler)
        self.takes_generator = "generator" in inspect.signature(self.scheduler.step).parameters

    def begin_at(self, index: int) -> None:
        if hasattr(self.scheduler, "set_begin_index"):
            self.scheduler.set_begin_index(index)

    def noised(self, latents: torch.Tensor, noise: torch.Tensor, index: int) -> torch.Tensor:
        """Latents with the noise that step `index` expects."""
        return self.scheduler.add_noise(latents, noise, self.timesteps[index : index + 1])

    def pure_noise(self, noise: torch.Tensor) -> torch.Tensor:
        return noise * self.scheduler.init_noise_sigma

    def input(self, latents: torch.Tensor, index: int) -> torch.Tensor:
        """Latents as the network wants them."""
        return self.scheduler.scale_model_input(latents, self.timesteps[index])

    def step(self, guided: Guided, index: int, latents: torch.Tensor, noise: Noise) -> torch.Tensor:
        extra = {"generator": noise} if self.takes_generator else {}
        return self.advance(self.scheduler, guided.output, self.timesteps[index], latents, **extra, return_dict=False)[
            0
        ]

    def denoised(self, output: torch.Tensor, index: int, latents: torch.Tensor) -> torch.Tensor:
        """The network's present guess at the finished latents: for previews."""
        sigma = self.sigma(index)
        keep = 1 / (1 + sigma**2) ** 0.5
        level = latents if self.row.variance_preserving else latents * keep
        if self.scheduler.config.prediction_type == "v_prediction":
            return keep * level - sigma * keep * output
        return (level - sigma * keep * output) / keep

    def sigma(self, index: int) -> float:
        sigmas = getattr(self.scheduler, "sigmas", None)
        if sigmas is not None and len(sigmas) > index:
            return float(sigmas[index])
        alpha = max(float(self.scheduler.alphas_cumprod[int(self.times[index])]), 2**-24)  # zero with terminal SNR 0
        return ((1 - alpha) / alpha) ** 0.5
