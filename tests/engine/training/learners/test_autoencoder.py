"""The loss of the autoencoder, part by part, and what of it learns."""

from pathlib import Path
from typing import Any

import torch

from engine.training.trainer import Trainer
from tests.engine.training import making


def run(tmp_path: Path, **values: Any) -> Trainer:
    found = making.items(making.pictures(tmp_path / "pictures", 2))
    made = making.trainer(making.asked(tmp_path / "pictures", method="vae", **{"vae.crop": 32, **values}), found)
    made.learner.mode(False)
    return made


@torch.no_grad()
def loss(made: Trainer) -> torch.Tensor:
    batch = made.feed.batch(0)
    return made.learner(batch, made.learner.draw(batch, 5, 0))


@torch.no_grad()
def parts(made: Trainer) -> tuple[torch.Tensor, torch.Tensor, Any]:
    """Pixels, what is made of them, and the latents' distribution."""
    learner: Any = made.learner
    batch = made.feed.batch(0)
    assert batch.pixels is not None
    pixels = 2 * batch.pixels - 1
    found = learner.vae.encode(pixels).latent_dist
    sample = found.mean + found.std * learner.draw(batch, 5, 0).posterior
    return pixels, learner.vae.decode(sample).sample, found


def test_the_loss_is_the_sum_of_its_parts(tmp_path: Path) -> None:
    plain: dict[str, Any] = {"vae.kl": 0.0, "vae.gradients": 0.0}
    pixels, made, found = parts(run(tmp_path, **plain))
    error = made - pixels
    bare = (error.abs() + 2 * error.square()).mean((1, 2, 3))
    torch.testing.assert_close(loss(run(tmp_path, **plain)), bare, rtol=1e-4, atol=1e-6)
    pull = torch.distributions.kl_divergence(
        torch.distributions.Normal(found.mean, found.std), torch.distributions.Normal(0.0, 1.0)
    ).sum((1, 2, 3))
    with_pull = loss(run(tmp_path, **{**plain, "vae.kl": 0.5}))
    torch.testing.assert_close(with_pull - bare, 0.5 * pull / pixels[0].numel(), rtol=1e-3, atol=1e-5)
    edges = (error[..., 1:] - error[..., :-1]).abs().mean((1, 2, 3))
    edges += (error[..., 1:, :] - error[..., :-1, :]).abs().mean((1, 2, 3))
    torch.testing.assert_close(
        loss(run(tmp_path, **{**plain, "vae.gradients": 2.0})) - bare, 2 * edges, rtol=1e-3, atol=1e-5
    )


def test_what_is_measured_is_the_square_on_pixels_from_zero_to_one(tmp_path: Path) -> None:
    made = run(tmp_path)
    (batch,) = made.feed.probes(list(made.feed.by_id.values()))
    learner: Any = made.learner
    with torch.no_grad():
        found = learner.plain(batch, learner.probe(batch, 5, 0))
        drawn = learner.vae.decode(learner.vae.encode(2 * batch.pixels - 1).latent_dist.mean).sample  # pyright: ignore
    squares = ((drawn / 2 + 0.5).clamp(0, 1) - batch.pixels).square().mean((1, 2, 3))
    torch.testing.assert_close(found, squares, rtol=1e-3, atol=1e-7)


def test_the_encoder_stays_as_it_is_when_it_is_not_trained(tmp_path: Path) -> None:
    made = run(tmp_path, **{"vae.encoder": False})
    assert made.weights
    assert not [name for name in made.weights if ".encoder." in name or ".quant_conv" in name]
    learner: Any = made.learner
    before = {key: value.clone() for key, value in learner.vae.state_dict().items()}
    made.advance()
    moved = {key for key, value in learner.vae.state_dict().items() if not torch.equal(value, before[key])}
    assert moved
    assert all(key.startswith(("decoder.", "post_quant_conv.")) for key in moved)
