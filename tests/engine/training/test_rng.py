"""Chance by name: the same name draws the same, wherever and whenever; other names draw something else."""

import torch

from engine.training import rng


def test_a_name_draws_the_same_whatever_was_drawn_before() -> None:
    first = rng.normal((4, 8), 1, "noise", 3, "a")
    torch.manual_seed(9)
    torch.randn(100)
    rng.normal((4, 8), 1, "noise", 4, "a")
    assert torch.equal(rng.normal((4, 8), 1, "noise", 3, "a"), first)


def test_the_global_generator_is_left_alone() -> None:
    torch.manual_seed(5)
    expected = torch.randn(3)
    torch.manual_seed(5)
    rng.normal((10,), 1, "noise", 3)
    rng.generator(1, "timestep", 3)
    assert torch.equal(torch.randn(3), expected)


def test_every_part_of_a_name_counts() -> None:
    names = [
        (1, "noise", 3),
        (2, "noise", 3),
        (1, "posterior", 3),
        (1, "noise", 4),
        (1, "noise", 3, "a"),
        (1, "noise", 33),
    ]
    names += [(1, "noise", "1", 23), (1, "noise", 12, 3), (1, "noise", 1, 23)]
    assert len({rng.key(*name) for name in names}) >= len(names) - 1  # "1" and 1 may be one


def test_keys_are_seeds_that_generators_take() -> None:
    keys = [rng.key(seed, "noise", seed) for seed in (0, 2**64 - 1, 7)]
    assert all(0 <= key < 2**63 for key in keys)


def test_the_draws_are_normal_and_two_names_do_not_go_together() -> None:
    one, other = (rng.normal((100_000,), 1, "noise", place).double() for place in (1, 2))
    assert abs(float(one.mean())) < 0.02
    assert abs(float(one.std()) - 1) < 0.02
    assert abs(float((one * other).mean())) < 0.02
