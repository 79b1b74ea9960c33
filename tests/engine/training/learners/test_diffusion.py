"""The loss of denoising, held against diffusers' own scheduler, and what weighs it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import DDPMScheduler
from torch import Tensor
from torch.nn import functional

from engine.training import objective
from engine.training.learners.diffusion import Diffusion
from engine.training.learners.learner import Batch, Chance
from engine.training.trainer import Trainer
from tests.engine.training import making

FACTOR = 0.25  # of latents: Postcard's own is 1, which would hide its absence
SEED = 5


def run(tmp_path: Path, **values: Any) -> Trainer:
    found = making.items(making.pictures(tmp_path / "pictures", 2))
    made = making.trainer(making.asked(tmp_path / "pictures", **values), found)
    learner(made).model.vae.register_to_config(scaling_factor=FACTOR)
    made.learner.mode(False)
    return made


def learner(made: Trainer) -> Diffusion:
    assert isinstance(made.learner, Diffusion)
    return made.learner


def drawn(made: Trainer) -> tuple[Batch, Chance]:
    """Postcard's spread is so small that its absence would not show: this one is not."""
    (batch,) = made.feed.probes(list(made.feed.by_id.values()))
    return replace(batch, std=torch.full_like(tensor(batch.std), 0.5)), made.learner.draw(batch, SEED, 3)


def tensor(found: Tensor | None) -> Tensor:
    assert found is not None
    return found


@torch.no_grad()
def by_the_book(made: Trainer, batch: Batch, chance: Chance, unet: Any = None) -> tuple[Tensor, Tensor]:
    """What the network answers, and what it should, by diffusers' scheduler."""
    model = learner(made).model
    told = {key: value for key, value in model.scheduler_config.items() if not key.startswith("_")}
    scheduler: Any = DDPMScheduler.from_config(told)
    latents = (tensor(batch.mean) + tensor(batch.std) * chance.posterior) * FACTOR
    stirred = chance.noise if chance.extra is None else chance.noise + chance.extra
    noisy = scheduler.add_noise(latents, stirred, chance.times)
    network: Any = unet or model.unet
    answer = network(noisy, chance.times, encoder_hidden_states=batch.context, return_dict=False)[0]
    wanted = chance.noise
    if scheduler.config.prediction_type == "v_prediction":
        wanted = scheduler.get_velocity(latents, chance.noise, chance.times)
    return answer, wanted


@pytest.mark.parametrize(
    "values",
    [{}, {"prediction": "epsilon"}, {"zero_terminal_snr": True}, {"input_perturbation": 0.3}, {"offset_noise": 0.2}],
    ids=lambda values: " ".join(values) or "plain",
)
def test_the_loss_is_that_of_the_book(values: dict[str, Any], tmp_path: Path) -> None:
    made = run(tmp_path, **values)
    batch, chance = drawn(made)
    if values.get("zero_terminal_snr"):
        chance = replace(chance, times=torch.tensor([999, 400]))
    answer, wanted = by_the_book(made, batch, chance)
    with torch.no_grad():
        found = made.learner.plain(batch, chance)
    torch.testing.assert_close(found, (answer - wanted).square().flatten(1).mean(1), rtol=1e-3, atol=1e-6)


def test_masks_weigh_the_loss_of_each_place(tmp_path: Path) -> None:
    made = run(tmp_path)
    batch, chance = drawn(made)
    mask = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    answer, wanted = by_the_book(made, batch, chance)
    squares = (answer - wanted).square() * mask
    with torch.no_grad():
        found = made.learner.plain(replace(batch, mask=mask), chance)
    torch.testing.assert_close(found, squares.flatten(1).sum(1) / (4 * mask.flatten(1).sum(1)), rtol=1e-3, atol=1e-6)


def test_a_picture_counts_by_its_weight_and_that_of_its_timestep(tmp_path: Path) -> None:
    made = run(tmp_path, weighting="min-SNR")
    batch, chance = drawn(made)
    counts = torch.tensor([0.5, 3.0])
    chance = replace(chance, times=torch.tensor([20, 300]))
    with torch.no_grad():
        plain, found = made.learner.plain(batch, chance), made.learner(replace(batch, counts=counts), chance)
    weights = objective.weights(made.request.objective, "v_prediction", learner(made).alphas, chance.times)
    assert abs(float(weights[0] - weights[1])) > 0.1
    torch.testing.assert_close(found, plain * weights * counts)


def test_prior_pictures_are_held_to_what_the_untrained_model_answers(tmp_path: Path) -> None:
    made = run(tmp_path, prior_prediction=True)
    batch, chance = drawn(made)
    prior = replace(batch, prior=torch.tensor([True, False]))
    with torch.no_grad():
        at_first = made.learner.plain(prior, chance)
        for weight in made.weights.values():
            weight += 0.02
        now, plain = made.learner.plain(prior, chance), made.learner.plain(batch, chance)
    assert float(at_first[0]) == 0
    assert float(now[1]) == float(plain[1])
    answer, _ = by_the_book(made, batch, chance)
    own, _ = by_the_book(made, batch, chance, making.postcard().unet)
    torch.testing.assert_close(now[0], functional.mse_loss(answer[0], own[0]), rtol=1e-3, atol=1e-7)
    assert float(now[0]) > 0


def test_all_chance_is_keyed_by_the_step_and_by_the_place_in_the_batch(tmp_path: Path) -> None:
    """Drawn anew at each step, and the same whenever that step is made again."""
    made = run(tmp_path, input_perturbation=0.1)
    (batch,) = made.feed.probes(list(made.feed.by_id.values()))
    twice = replace(batch, items=(batch.items[0],) * 2)  # one picture that fills up a batch

    def of(step: int) -> list[Tensor]:
        torch.randn(1)  # whatever else has been drawn meanwhile
        found = made.learner.draw(twice, SEED, step)
        return [found.noise, found.posterior, tensor(found.extra)]

    for now, later, again in zip(of(3), of(4), of(3), strict=True):
        assert torch.equal(now, again)
        assert not torch.equal(now, later)
        assert not torch.equal(now[0], now[1])
    times = [made.learner.draw(twice, SEED, step).times.tolist() for step in (3, 4, 3)]
    assert times[0] == times[2] != times[1]


def test_a_probe_is_the_same_in_whatever_batch_a_picture_is(tmp_path: Path) -> None:
    made = run(tmp_path, min_timestep=200, max_timestep=1000)
    batch, _ = drawn(made)
    times = []
    for look in range(made.learner.probes):
        both = made.learner.probe(batch, SEED, look)
        alone = made.learner.probe(picked(batch, [1]), SEED, look)
        assert torch.equal(both.noise[1:], alone.noise)
        assert not both.posterior.any()
        times.append(int(both.times[0]))
    assert times == [250, 350, 450, 550, 650, 750, 850, 950]


def picked(batch: Batch, rows: Sequence[int]) -> Batch:
    values = {name: getattr(batch, name) for name in ("counts", "prior", "mean", "std", "context")}
    return Batch(tuple(batch.items[row] for row in rows), **{name: value[list(rows)] for name, value in values.items()})


def test_the_text_encoder_has_a_rate_of_its_own_where_one_is_asked_for(tmp_path: Path) -> None:
    asked = {"lora.text_encoder": True, "learning_rate": 1e-3, "warmup": 2}
    made = run(tmp_path, text_encoder_learning_rate=2e-4, **asked)
    assert made.set_rates() == {"unet": 5e-4, "text_encoder": 1e-4}
    assert run(tmp_path, **asked).set_rates() == {"unet": 5e-4, "text_encoder": 5e-4}
