"""The loop: the same run twice, interrupted or not, makes the same weights, bit by bit."""

from pathlib import Path
from typing import Any

import pytest
import torch

from engine.errors import AtelierError
from engine.training import state
from engine.training.store import Store
from tests.engine.training import making

RUNS: dict[str, dict[str, Any]] = {
    "LoRA": {"lora.rank": 4},
    "DoRA with dropout, accumulation, EMA and flips": {
        "lora.algorithm": "DoRA",
        "lora.dropout": 0.2,
        "lora.text_encoder": True,
        "lora.targets": "all linear and convolutions",
        "accumulation": 2,
        "ema": True,
        "flip": 0.5,
        "shuffle": True,
        "offset_noise": 0.1,
        "schedule": "cosine",
    },
    "LoHa": {"lora.algorithm": "LoHa", "lora.rank": 4, "optimiser": "Prodigy", "learning_rate": 1.0},
    "LoKr": {"lora.algorithm": "LoKr", "lora.rank": 4, "optimiser": "schedule-free AdamW"},
    "textual inversion": {"method": "textual_inversion", "textual_inversion.initial": "balloon"},
    "full": {"method": "full", "full.text_encoder": True, "optimiser": "Lion", "learning_rate": 1e-5},
    "ControlNet": {"method": "controlnet", "optimiser": "Adafactor"},
    "VAE": {"method": "vae", "vae.crop": 32, "ema": True},
}


@pytest.mark.parametrize("name", RUNS)
def test_an_interrupted_run_ends_with_the_weights_of_the_straight_one(name: str, tmp_path: Path) -> None:
    found = making.items(making.pictures(tmp_path / "pictures", 5))
    request = making.asked(tmp_path / "pictures", **RUNS[name], length=3)
    store = Store(tmp_path / "cache")
    straight = making.trainer(request, found, store)
    losses = [straight.advance().loss for _ in range(3)]

    first = making.trainer(request, found, store)
    before = [first.advance().loss]
    first.measure(first.feed.probes(found[:2]))  # what comes between changes nothing
    torch.manual_seed(99)
    state.save(tmp_path / "states", first.state())

    second = making.trainer(request, found, store)
    newest = state.newest(tmp_path / "states")
    assert newest is not None
    second.restore(state.load(newest))
    after = [second.advance().loss for _ in range(2)]

    assert before + after == losses
    assert len(set(losses)) == 3
    for key, weight in straight.weights.items():
        assert torch.equal(weight, second.weights[key]), key
    if straight.ema and second.ema:
        assert all(torch.equal(mean, second.ema.means[key]) for key, mean in straight.ema.means.items())


def test_a_cache_changes_no_loss(tmp_path: Path) -> None:
    found = making.items(making.pictures(tmp_path / "pictures", 4))
    request = making.asked(tmp_path / "pictures", flip=0.5, crop_jitter=0.1)
    with_cache = making.trainer(request, found, Store(tmp_path / "cache"))
    again = making.trainer(request, found, Store(tmp_path / "cache"))
    without = making.trainer(request, found)
    steps = [t.advance().loss for t in (with_cache, again)]
    assert steps[0] == steps[1]
    assert without.advance().loss == pytest.approx(steps[0], rel=1e-5)  # one by one or together: the last bits


def test_accumulated_batches_are_one_large_batch(tmp_path: Path) -> None:
    """What the loop leaves of two batches is the gradient of their mean but for rounding, and no longer than was asked."""
    found = making.items(making.pictures(tmp_path / "pictures", 4))
    run = making.trainer(making.asked(tmp_path / "pictures", accumulation=2, clip=1e-4), found)
    run.learner.mode(True)
    batches = [run.feed.batch(micro) for micro in range(2)]
    seed = run.request.loop.seed
    losses = [run.learner(batch, run.learner.draw(batch, seed, micro)) for micro, batch in enumerate(batches)]
    torch.cat(losses).mean().backward()
    wanted = {key: weight.grad for key, weight in run.weights.items()}
    for weight in run.weights.values():
        weight.grad = None
    for micro, batch in enumerate(batches):
        run.backward(batch, micro)
    for key, weight in run.weights.items():
        torch.testing.assert_close(weight.grad, wanted[key], rtol=1e-3, atol=1e-7)
    whole = torch.cat([grad.flatten() for grad in wanted.values() if grad is not None]).norm()
    assert run.clip() == pytest.approx(float(whole), rel=1e-3)
    after = torch.cat([weight.grad.flatten() for weight in run.weights.values() if weight.grad is not None]).norm()
    assert float(after) == pytest.approx(1e-4, rel=1e-2)


def test_a_training_that_diverges_is_stopped_and_its_pictures_are_named(tmp_path: Path) -> None:
    found = making.items(making.pictures(tmp_path / "pictures", 3))
    run = making.trainer(making.asked(tmp_path / "pictures", bad_steps=2, length=50), found)
    run.advance()
    good = {key: weight.detach().clone() for key, weight in run.weights.items()}
    nothing = {"mean": torch.full((4, 8, 8), float("nan")), "std": torch.zeros(4, 8, 8)}
    run.feed.entries = lambda uses: [nothing for _ in uses]
    assert run.advance().left_out
    assert run.advance().left_out
    with pytest.raises(AtelierError, match=r"0\d\.png"):
        run.advance()
    assert all(torch.equal(weight, good[key]) for key, weight in run.weights.items())


def test_epochs_count_every_picture_and_its_repeats(tmp_path: Path) -> None:
    found = making.items(making.pictures(tmp_path / "pictures", 5))
    run = making.trainer(making.asked(tmp_path / "pictures", length=3, unit="epochs"), found)
    assert (run.steps_per_epoch, run.total) == (3, 9)


def test_a_run_is_measured_with_the_mean_weights(tmp_path: Path) -> None:
    found = making.items(making.pictures(tmp_path / "pictures", 2))
    run = making.trainer(making.asked(tmp_path / "pictures", ema=True, learning_rate=0.01), found)
    for _ in range(3):
        run.advance()
    assert run.ema
    probes = run.feed.probes(found)
    own = run.measure(probes)
    with run.ema.inside(run.weights):
        wanted = {item: loss for batch in probes for item, loss in run.looked(batch).items()}
    raw = {item: loss for batch in probes for item, loss in run.looked(batch).items()}
    assert own == wanted
    assert own != raw


def test_learning_goes_somewhere(tmp_path: Path) -> None:
    found = making.items(making.pictures(tmp_path / "pictures", 4))
    run = making.trainer(making.asked(tmp_path / "pictures", batch=4, length=30, **{"lora.rank": 16}), found)
    probes = run.feed.probes(found)
    before = run.measure(probes)
    while not run.finished:
        run.advance()
    after = run.measure(probes)
    assert sum(after.values()) < 0.8 * sum(before.values())


def test_bad_losses_in_float16_are_left_out_one_after_the_other(tmp_path: Path) -> None:
    """The scaler of the gradients is told of each, or it refuses the next step. It runs on a CPU as on a GPU."""
    found = making.items(making.pictures(tmp_path / "pictures", 3))
    run = making.trainer(making.asked(tmp_path / "pictures", bad_steps=3, length=50), found)
    accelerator: Any = run.accelerator
    accelerator.state._mixed_precision, accelerator.native_amp = "fp16", True
    accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    accelerator._optimizers.clear()
    run.prepared = accelerator.prepare_optimizer(run.optimiser)
    assert not run.advance().left_out
    plain = run.feed.entries
    nothing = {"mean": torch.full((4, 8, 8), float("nan")), "std": torch.zeros(4, 8, 8)}
    run.feed.entries = lambda uses: [nothing for _ in uses]
    assert run.advance().left_out
    assert run.advance().left_out
    assert accelerator.scaler.get_scale() == 256.0  # half for each
    run.feed.entries = plain
    assert not run.advance().left_out
