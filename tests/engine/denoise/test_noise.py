"""Random numbers that other studios' pictures were made from, and what variation, resizing and delta do to them."""

from math import acos, sin
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.denoise import loop
from engine.denoise.noise import Noise, slerp
from engine.denoise.philox import Philox
from engine.denoise.sources import Sources
from engine.denoise.work import conditioning, picture
from engine.library.load import LoadedModel
from engine.request.parts import LARGEST_SEED
from engine.request.parts import Noise as Asked
from engine.request.read import read

SHAPE = (1, 4, 12, 8)


def first(seed: int = 5, shape: tuple[int, ...] = SHAPE, at: tuple[int, int] = (12, 8), **asked: Any) -> torch.Tensor:
    return Noise(seed, Asked(**asked)).first(shape, at)


def test_philox_draws_the_numbers_of_its_documentation() -> None:
    known = [
        [-0.92466259, -0.42534415, -2.6438457, 0.14518388],
        [-0.12086647, -0.57972564, -0.62285122, -0.32838709],
        [-1.07454231, -0.36314407, -1.67105067, 2.26550497],
    ]
    assert np.allclose(Philox(0).normal((3, 4)), known, atol=5e-7)


def test_philox_draws_what_a_gpu_draws_for_a_picture_and_then_for_its_steps() -> None:
    source = Philox(1234)
    start, later = source.normal((4, 64, 64)).ravel(), source.normal((4, 64, 64)).ravel()
    assert np.allclose(start[:4], [-1.61649036, 0.56845522, -0.51022458, -0.91133940], atol=1e-7)
    assert np.allclose(later[:2], [0.63308281, 1.63582194], atol=1e-7)


def test_the_cpu_draws_what_torch_draws() -> None:
    start = first(1234, (1, 4, 64, 64), (64, 64)).ravel()
    assert torch.allclose(start[:4], torch.tensor([-0.11171857, -0.49659011, 0.16307370, -0.88168776]), atol=1e-7)


def test_the_largest_seed_is_taken_with_all_its_64_bits() -> None:
    assert not np.array_equal(Philox(LARGEST_SEED).normal((8,)), Philox(2**32 - 1).normal((8,)))
    assert not np.array_equal(Philox(LARGEST_SEED).normal((8,)), Philox(2**63 - 1).normal((8,)))
    for source in ("CPU", "NV"):
        assert torch.isfinite(first(LARGEST_SEED, noise_source=source, ensd=2**32)).all(), source


@pytest.mark.parametrize("source", ["CPU", "NV"])
def test_noise_is_normal(source: str) -> None:
    drawn = first(3, (1, 4, 64, 64), (64, 64), noise_source=source)
    assert abs(float(drawn.mean())) < 0.03
    assert abs(float(drawn.std()) - 1) < 0.03
    assert drawn.dtype == torch.float32


def test_a_variation_goes_along_the_arc_between_two_seeds() -> None:
    """Column by column, in plain arithmetic of doubles."""
    low, high = first(5).double().numpy()[0], first(6).double().numpy()[0]
    mixed = first(5, variation_seed=6, variation_strength=0.3).numpy()[0]
    for channel in range(4):
        for column in range(8):
            a, b = low[channel, :, column], high[channel, :, column]
            angle = acos(float(a @ b) / (float(a @ a) * float(b @ b)) ** 0.5)
            expected = sin(0.7 * angle) / sin(angle) * a + sin(0.3 * angle) / sin(angle) * b
            assert np.allclose(mixed[channel, :, column], expected, atol=1e-5)


def test_a_variation_of_all_is_the_other_seed_and_of_none_the_seed() -> None:
    assert torch.allclose(first(5, variation_seed=6, variation_strength=1), first(6), atol=1e-6)
    assert torch.equal(first(5, variation_seed=6, variation_strength=0), first(5))


def test_near_equals_are_mixed_straight() -> None:
    noise = torch.randn(SHAPE, generator=torch.Generator().manual_seed(1))
    assert torch.equal(first(5, variation_seed=5, variation_strength=0.25), first(5))
    assert torch.allclose(slerp(0.25, noise, noise * 2), noise * 1.75), "turned round, as in AUTOMATIC1111"


@pytest.mark.parametrize(
    ("height", "width"), [(12, 12), (16, 16), (8, 6), (9, 5), (13, 9), (20, 3), (8, 20)], ids=lambda n: str(n)
)
def test_a_resized_seed_lies_in_the_middle(height: int, width: int) -> None:
    """Against the arithmetic of AUTOMATIC1111's rng.py, line by line."""
    noise, x = first(5, (1, 4, height, width), (height, width))[0], first(5)[0]
    dx, dy = (8 - width) // 2, (12 - height) // 2
    w = width if dx >= 0 else width + 2 * dx
    h = height if dy >= 0 else height + 2 * dy
    tx, ty = max(dx, 0), max(dy, 0)
    dx, dy = max(-dx, 0), max(-dy, 0)
    x[:, ty : ty + h, tx : tx + w] = noise[:, dy : dy + h, dx : dx + w]
    assert torch.equal(first(5, at=(height, width))[0], x)


def test_a_seed_of_its_own_size_is_left_alone_and_a_smaller_one_keeps_the_rim() -> None:
    assert torch.equal(first(5, at=(12, 8)), first(5))
    small = first(5, at=(8, 4))
    assert torch.equal(small[..., 2:10, 2:6], first(5, (1, 4, 8, 4), (8, 4)))
    assert torch.equal(small[..., :2, :], first(5)[..., :2, :])


def test_a_resized_seed_leaves_later_draws_as_they_were() -> None:
    plain, resized = Noise(5), Noise(5)
    plain.first(SHAPE, (12, 8))
    resized.first(SHAPE, (6, 6))
    assert torch.equal(plain.normal(SHAPE), resized.normal(SHAPE))


def test_a_variation_leaves_later_draws_as_they_were() -> None:
    plain, varied = Noise(5), Noise(5, Asked(variation_seed=9, variation_strength=0.5))
    assert not torch.equal(plain.first(SHAPE, (12, 8)), varied.first(SHAPE, (12, 8)))
    assert torch.equal(plain.normal(SHAPE), varied.normal(SHAPE))


@pytest.mark.parametrize("source", ["CPU", "NV"])
def test_a_seed_delta_changes_later_draws_only(source: Any) -> None:
    plain, moved = Noise(5, Asked(noise_source=source)), Noise(5, Asked(noise_source=source, ensd=31337))
    assert torch.equal(plain.first(SHAPE, (12, 8)), moved.first(SHAPE, (12, 8)))
    later = moved.normal(SHAPE)
    assert not torch.equal(plain.normal(SHAPE), later)
    assert torch.equal(later, first(5 + 31337, noise_source=source)), "it begins anew with the moved seed"


def asked(**values: Any) -> Any:
    return read({"prompt": "a red house", "steps": 3, "seed": 7, "width": 64, "height": 64, "exact": True} | values)


def finished(model: LoadedModel, *requests: Any) -> list[torch.Tensor]:
    drawings = [picture(model, r, 0, conditioning(model, r), Sources(Path())).denoising for r in requests]
    while not all(d.finished for d in drawings):
        loop.step([d for d in drawings if not d.finished])
    return [d.latents for d in drawings]


@pytest.mark.parametrize("source", ["CPU", "NV"])
@pytest.mark.parametrize("sampler", ["Euler a", "DPM++ 2M SDE"])
@pytest.mark.parametrize("varied", [False, True], ids=["seeds", "variations"])
def test_a_batch_equals_its_singles_to_the_bit(source: str, sampler: str, varied: bool, postcard: LoadedModel) -> None:
    more = {"variation_seed": LARGEST_SEED, "variation_strength": 0.4, "ensd": 31337} if varied else {}
    batch = asked(sampler=sampler, noise_source=source, count=3, **more)
    together = finished(postcard, *(batch.picture(i) for i in range(3)))
    assert not torch.equal(together[0], together[1])
    for index, latents in enumerate(together):
        name = "variation_seed" if varied else "seed"
        seeds = {name: ((more or {"variation_seed": 0})["variation_seed"] + index) % 2**64 if varied else 7 + index}
        (single,) = finished(postcard, asked(sampler=sampler, noise_source=source, **(more | seeds)))
        assert torch.equal(latents, single)


@pytest.mark.parametrize("source", ["CPU", "NV"])
def test_the_picture_begins_and_goes_on_with_the_noise_that_was_asked_for(source: Any, postcard: LoadedModel) -> None:
    """Every option that reaches the form reaches the picture; Euler draws no later noise, Euler a does."""
    for name, sampler, changes in [
        ("noise", "Euler", {"variation_seed": 1, "variation_strength": 0.2}),
        ("noise", "Euler", {"resize_from_width": 128, "resize_from_height": 128}),
        ("steps", "Euler a", {"ensd": 1}),
    ]:
        plain, changed = finished(
            postcard,
            asked(sampler=sampler, noise_source=source),
            asked(sampler=sampler, noise_source=source, **changes),
        )
        assert not torch.equal(plain, changed), (name, changes)
    with_delta, without = finished(
        postcard, asked(sampler="Euler", noise_source=source, ensd=1), asked(sampler="Euler", noise_source=source)
    )
    assert torch.equal(with_delta, without)
