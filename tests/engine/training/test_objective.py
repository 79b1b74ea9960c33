"""The objective against the papers' formulas, written once more with numpy, and against diffusers' own schedulers."""

from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DDPMScheduler
from diffusers.training_utils import compute_snr

from engine.request.training_parts import Objective
from engine.training import objective, rng

SD: dict[str, Any] = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
}
SCHEDULES = [SD, SD | {"beta_schedule": "linear"}, SD | {"beta_schedule": "squaredcos_cap_v2"}]
TIMES = torch.tensor([0, 1, 100, 500, 998, 999])
LOTS = torch.Generator().manual_seed(0)
LATENTS, NOISE = (torch.randn(6, 4, 8, 8, generator=LOTS) for _ in range(2))


@pytest.mark.parametrize("zero", [False, True])
@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: s["beta_schedule"])
def test_alphas_noise_and_v_are_those_of_diffusers(schedule: dict[str, Any], zero: bool) -> None:
    theirs: Any = DDPMScheduler(**schedule, rescale_betas_zero_snr=zero)
    alphas = objective.alphas_of(schedule, zero)
    assert torch.allclose(alphas.float(), theirs.alphas_cumprod, atol=2e-6)
    noisy = objective.noisy(LATENTS, NOISE, alphas, TIMES)
    torch.testing.assert_close(noisy, theirs.add_noise(LATENTS, NOISE, TIMES), atol=2e-3, rtol=0)  # theirs is float32
    v = objective.target("v_prediction", LATENTS, NOISE, alphas, TIMES)
    torch.testing.assert_close(v, theirs.get_velocity(LATENTS, NOISE, TIMES), atol=2e-3, rtol=0)
    assert objective.target("epsilon", LATENTS, NOISE, alphas, TIMES) is NOISE


def test_trained_betas_are_taken_as_they_are() -> None:
    alphas = objective.alphas_of({"trained_betas": [0.1, 0.2]})
    np.testing.assert_allclose(alphas.numpy(), [0.9, 0.72])


def test_zero_terminal_snr_ends_in_pure_noise_and_begins_as_before() -> None:
    plain, zero = objective.alphas_of(SD), objective.alphas_of(SD, True)
    assert float(zero[-1]) == 0.0
    assert float(zero[0]) == pytest.approx(float(plain[0]))
    assert bool((zero.diff() < 0).all())
    last = torch.full((6,), 999)
    assert torch.equal(objective.noisy(LATENTS, NOISE, zero, last), NOISE)
    assert torch.equal(objective.target("v_prediction", LATENTS, NOISE, zero, last), -LATENTS)


D = 0.1
LOSSES = {
    "MSE": lambda x: x**2,
    "MAE": np.abs,
    "Huber": lambda x: np.where(np.abs(x) <= D, 0.5 * x**2, D * (np.abs(x) - 0.5 * D)),
    "smooth L1": lambda x: np.where(np.abs(x) < D, 0.5 * x**2 / D, np.abs(x) - 0.5 * D),
    "log-cosh": lambda x: D * np.log(np.cosh(x / D)),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_those_of_the_books(name: Any) -> None:
    x = torch.linspace(-3, 3, 601, dtype=torch.float64).float()
    found = objective.elementwise(name, x, torch.zeros_like(x), D)
    np.testing.assert_allclose(found.numpy(), LOSSES[name](x.double().numpy()), atol=1e-6)


def test_losses_of_half_precision_are_computed_in_full() -> None:
    x = torch.full((2,), 300.0, dtype=torch.float16)
    assert objective.elementwise("MSE", x, torch.zeros_like(x), D).tolist() == [90000.0, 90000.0]
    far = objective.elementwise("log-cosh", torch.tensor([1e4]), torch.zeros(1), D)
    assert float(far) == pytest.approx(1e4, rel=1e-4)


@pytest.mark.parametrize("weighting", ["none", "min-SNR", "debiased", "P2"])
@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_weights_are_those_of_the_papers(weighting: Any, prediction: str) -> None:
    alphas = objective.alphas_of(SD)
    snr = np.clip((alphas / (1 - alphas)).numpy()[TIMES.numpy()], 1e-3, 1e3)
    noise = {
        "none": np.ones_like(snr),
        "min-SNR": np.minimum(snr, 5.0) / snr,
        "debiased": 1 / np.sqrt(snr),
        "P2": 1 / (1 + snr),  # gamma 1, as the paper recommends
    }[weighting]
    wanted = noise if prediction == "epsilon" or weighting == "none" else noise * snr / (snr + 1)
    found = objective.weights(Objective(weighting=weighting), prediction, alphas, TIMES)
    np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-5)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_min_snr_is_that_of_the_example_scripts(prediction: str) -> None:
    scheduler = DDPMScheduler(**SD)
    times = torch.arange(100, 1000, 50)
    snr = compute_snr(scheduler, times)
    capped = torch.stack([snr, 5.0 * torch.ones_like(times)], dim=1).min(dim=1)[0]
    wanted = capped / snr if prediction == "epsilon" else capped / (snr + 1)
    found = objective.weights(Objective(weighting="min-SNR"), prediction, objective.alphas_of(SD), times)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=0)


@pytest.mark.parametrize("weighting", ["min-SNR", "debiased", "P2"])
def test_weights_stay_finite_at_zero_snr(weighting: Any) -> None:
    found = objective.weights(Objective(weighting=weighting), "v_prediction", objective.alphas_of(SD, True), TIMES)
    assert bool(torch.isfinite(found).all())
    assert bool((found >= 0).all())


def drawn(**values: Any) -> torch.Tensor:
    asked = Objective(**values)
    return torch.cat([objective.timesteps(asked, 8, 3, step) for step in range(500)])


def test_uniform_timesteps_cover_the_range_evenly() -> None:
    found = drawn()
    assert 0 <= int(found.min()) < 10
    assert 990 <= int(found.max()) <= 999
    counts = torch.histc(found.float(), 10, 0, 1000)
    assert bool(((counts > 320) & (counts < 480)).all())
    part = drawn(min_timestep=200, max_timestep=300)
    assert 200 <= int(part.min()) < 205
    assert 295 <= int(part.max()) <= 299


def test_stratified_timesteps_have_one_in_each_part_of_a_batch() -> None:
    for step in range(50):
        found = objective.timesteps(Objective(timesteps="stratified"), 8, 3, step)
        assert sorted((found * 8 // 1000).tolist()) == list(range(8))
    everything = drawn(timesteps="stratified")
    assert abs(float(everything.float().mean()) - 499.5) < 5


def test_logit_normal_timesteps_are_the_sigmoid_of_a_normal() -> None:
    found = drawn(timesteps="logit-normal").double() / 1000
    inside = found.clamp(1e-3, 1 - 1e-3)
    logits = (inside / (1 - inside)).log()
    assert abs(float(logits.mean())) < 0.06
    assert abs(float(logits.std()) - 1) < 0.06


def test_offset_noise_shifts_whole_channels() -> None:
    plain = objective.noise_for(Objective(), (4, 64, 64), 1, 2, "a")
    shifted = objective.noise_for(Objective(offset_noise=0.5), (4, 64, 64), 1, 2, "a")
    difference = shifted - plain
    torch.testing.assert_close(difference, difference[:, :1, :1].expand_as(difference), atol=1e-5, rtol=0)
    shifts = torch.stack(
        [
            objective.noise_for(Objective(offset_noise=0.5), (4, 1, 1), 1, step, "a")
            - objective.noise_for(Objective(), (4, 1, 1), 1, step, "a")
            for step in range(2000)
        ]
    )
    assert float(shifts.std()) == pytest.approx(0.5, rel=0.05)


def test_pyramid_noise_adds_coarse_layers_and_keeps_the_spread() -> None:
    asked = Objective(pyramid_noise=4, pyramid_discount=0.6)
    found = torch.stack([objective.noise_for(asked, (4, 32, 32), 1, step, "a") for step in range(50)])
    assert all(float(one.std()) == pytest.approx(1, abs=1e-3) for one in found)
    near = (found[..., 1:] * found[..., :-1]).mean()
    white = torch.stack([objective.noise_for(Objective(), (4, 32, 32), 1, step, "a") for step in range(50)])
    assert abs(float((white[..., 1:] * white[..., :-1]).mean())) < 0.02
    assert float(near) > 0.1
    assert objective.pyramid(torch.randn(4, 2, 2), 10, 0.5, rng.generator(1, "x")).shape == (4, 2, 2)


def test_masks_weigh_places_and_their_mean_stays_a_mean() -> None:
    loss = torch.arange(32.0).view(2, 1, 4, 4).repeat(1, 3, 1, 1)
    mask = torch.zeros(2, 1, 4, 4)
    mask[:, :, 0, :2] = 1
    assert objective.per_picture(loss, mask).tolist() == [0.5, 16.5]
    assert torch.equal(objective.per_picture(loss, torch.ones(2, 1, 4, 4)), objective.per_picture(loss, None))
    assert objective.per_picture(loss, torch.zeros(2, 1, 4, 4)).tolist() == [0.0, 0.0]
