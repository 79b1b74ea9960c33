"""diffusers' scheduler objects, with the picture's own dice, any schedule, and one sign put right."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any, Protocol

import diffusers
import numpy as np
import torch

from engine.denoise.noise import Noise
from engine.denoise.schedules import Sigmas, timestep_at


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


def draw(shape: torch.Size, generator: Noise, device: torch.device, **_: Any) -> torch.Tensor:
    return generator.normal(tuple(shape)).to(device)


def with_our_dice(scheduler: type) -> type:
    """The same class, whose `step` draws from a Noise instead of a torch.Generator: its own code, one name changed."""
    step: Any = scheduler.step  # pyright: ignore[reportAttributeAccessIssue]
    names = {**step.__globals__, "randn_tensor": draw}
    ours = FunctionType(step.__code__, names, step.__name__, step.__defaults__, step.__closure__)
    return type(scheduler.__name__, (scheduler,), {"step": ours})


Multistep: Any = with_our_dice(diffusers.DPMSolverMultistepScheduler)


class ThirdOrder(Multistep):
    """DPM++ 3M SDE. diffusers 0.42 has - 0.5 where the series of (1 - e^-2h - 2h) / (2h)^2 asks for + 0.5: with it the
    coefficient of the second difference vanishes with h, as it must."""

    def multistep_dpm_solver_third_order_update(self, model_output_list: Any, *args: Any, **kwargs: Any) -> Any:
        wrong = super().multistep_dpm_solver_third_order_update(model_output_list, *args, **kwargs)
        sigmas: Any = self.sigmas[self.step_index - 2 : self.step_index + 2]
        alphas, spreads = zip(*(self._sigma_to_alpha_sigma_t(sigma) for sigma in sigmas), strict=True)
        lambdas = [torch.log(a) - torch.log(s) for a, s in zip(alphas, spreads, strict=True)]
        h, h_0, h_1 = lambdas[3] - lambdas[2], lambdas[2] - lambdas[1], lambdas[1] - lambdas[0]
        m_0, m_1, m_2 = model_output_list[-1], model_output_list[-2], model_output_list[-3]
        second = ((m_0 - m_1) * (h / h_0) - (m_1 - m_2) * (h / h_1)) * (h / (h_0 + h_1))
        return wrong + alphas[3] * second


class AnyStart(diffusers.LMSDiscreteScheduler):
    """LMS that begins in the middle with as many slopes as it has; diffusers' counts those that were left out."""

    def get_lms_coefficient(self, order: int, t: int, current_order: int) -> float:
        known = min(order, len(self.derivatives))
        return super().get_lms_coefficient(known, t, current_order) if current_order < known else 0.0


@dataclass(frozen=True)
class Row:
    """scheduler: the diffusers class; options: over the model's noise configuration.

    variance_preserving: latents keep unit variance (x = a x0 + s e) instead of growing with sigma (x = x0 + sigma e).
    lay: writes levels and timesteps into the object; None where it brings its own.
    """

    scheduler: Callable[..., Any]
    options: dict[str, Any] = field(default_factory=dict)
    variance_preserving: bool = False
    lay: Callable[[Any, Sigmas, Sigmas], list[float]] | None = None


def lay_each(made: Any, sigmas: Sigmas, levels: Sigmas) -> list[float]:
    """One evaluation a step. Returns the levels at which the network is asked."""
    put(made, sigmas, sigmas[:-1], levels)
    return sigmas[:-1].tolist()


def lay_heun(made: Any, sigmas: Sigmas, levels: Sigmas) -> list[float]:
    asked = np.concatenate([sigmas[:1], np.repeat(sigmas[1:-1], 2)])
    put(made, np.append(asked, sigmas[-1]), asked, levels)
    return asked.tolist()


def lay_midpoints(made: Any, sigmas: Sigmas, levels: Sigmas) -> list[float]:
    middles = np.sqrt(sigmas[:-2] * sigmas[1:-1])
    asked = np.concatenate([sigmas[:1], np.stack([middles, sigmas[1:-1]], 1).ravel()])
    put(made, doubled(sigmas), asked, levels)
    between = np.concatenate([sigmas[:1], middles, [0.0]])
    made.sigmas_interpol = torch.from_numpy(doubled(between).astype(np.float32))
    made.log_sigmas = torch.from_numpy(np.log(levels))
    return asked.tolist()


def lay_ancestral(made: Any, sigmas: Sigmas, levels: Sigmas) -> list[float]:
    up = np.append(sigmas[1:] * np.sqrt(np.maximum(0, 1 - (sigmas[1:] / sigmas[:-1]) ** 2)), 0.0)
    down = np.append(np.sqrt(sigmas[1:] ** 2 - up[:-1] ** 2), 0.0)
    middles = np.sqrt(sigmas[:-1] * down[:-1])
    asked = np.concatenate([sigmas[:1], np.stack([middles[:-1], sigmas[1:-1]], 1).ravel()])
    put(made, doubled(sigmas), asked, levels)
    made.sigmas_up = torch.from_numpy(doubled(up).astype(np.float32))
    made.sigmas_down = torch.from_numpy(doubled(down).astype(np.float32))
    made.sigmas_interpol = torch.from_numpy(doubled(np.append(middles, 0.0)).astype(np.float32))
    made.log_sigmas = torch.from_numpy(np.log(levels))
    return asked.tolist()


def lay_brownian(made: Any, sigmas: Sigmas, levels: Sigmas) -> list[float]:
    """In double precision: a Brownian path is read exactly there."""
    middles = np.sqrt(sigmas[:-2] * sigmas[1:-1])
    asked = np.concatenate([sigmas[:1], np.stack([middles, sigmas[1:-1]], 1).ravel()])
    laid = np.concatenate([sigmas[:1], np.repeat(sigmas[1:-1], 2), sigmas[-1:]])
    put(made, laid, asked, levels, np.float64)
    return asked.tolist()


def doubled(values: Sigmas) -> Sigmas:
    return np.concatenate([values[:1], np.repeat(values[1:], 2), values[-1:]])


def put(made: Any, sigmas: Sigmas, asked: Sigmas, levels: Sigmas, dtype: Any = np.float32) -> None:
    """Float timesteps, not rounded ones."""
    made.sigmas = torch.from_numpy(np.asarray(sigmas).astype(dtype))
    made.timesteps = torch.from_numpy(timestep_at(np.asarray(asked), levels).astype(np.float32))


SPACED = {"timestep_spacing": "linspace"}
LEADING = {"timestep_spacing": "leading", "steps_offset": 1, "set_alpha_to_one": False, "clip_sample": False}
DPM = {
    **SPACED,
    "algorithm_type": "dpmsolver++",
    "solver_order": 2,
    "solver_type": "midpoint",
    "lower_order_final": False,
    "final_sigmas_type": "zero",
}
SDE = {**DPM, "algorithm_type": "sde-dpmsolver++"}
STOCK: dict[str, Row] = {
    "DPM++ 2M": Row(Multistep, DPM, True, lay_each),
    "DPM++ SDE": Row(diffusers.DPMSolverSDEScheduler, SPACED, False, lay_brownian),
    "DPM++ 2M SDE": Row(Multistep, SDE, True, lay_each),
    "DPM++ 2M SDE Heun": Row(Multistep, {**SDE, "solver_type": "heun"}, True, lay_each),
    "DPM++ 3M SDE": Row(ThirdOrder, {**SDE, "solver_type": "heun", "solver_order": 3}, True, lay_each),
    "Euler a": Row(with_our_dice(diffusers.EulerAncestralDiscreteScheduler), SPACED, False, lay_each),
    "Euler": Row(with_our_dice(diffusers.EulerDiscreteScheduler), SPACED, False, lay_each),
    "LMS": Row(AnyStart, SPACED, False, lay_each),
    "Heun": Row(diffusers.HeunDiscreteScheduler, SPACED, False, lay_heun),
    "DPM2": Row(diffusers.KDPM2DiscreteScheduler, SPACED, False, lay_midpoints),
    "DPM2 a": Row(with_our_dice(diffusers.KDPM2AncestralDiscreteScheduler), SPACED, False, lay_ancestral),
    "DDIM": Row(with_our_dice(diffusers.DDIMScheduler), LEADING, True),
    "PLMS": Row(diffusers.PNDMScheduler, {**LEADING, "skip_prk_steps": True}, True),
    "UniPC": Row(
        diffusers.UniPCMultistepScheduler,
        {**SPACED, "solver_order": 3, "solver_type": "bh1", "final_sigmas_type": "sigma_min"},
        True,
    ),
    "LCM": Row(with_our_dice(diffusers.LCMScheduler), LEADING, True),
}
