"""The running mean: its formula, and the networks left as they were."""

import pytest
import torch

from engine.training.ema import EMA


def test_it_follows_the_formula_and_warms_up() -> None:
    weight = torch.nn.Parameter(torch.zeros(3))
    ema = EMA({"w": weight}, 0.9)
    wanted = 0.0
    for step in range(1, 200):
        with torch.no_grad():
            weight.fill_(float(step))
        ema.follow({"w": weight})
        decay = min(0.9, (1 + step) / (10 + step))
        wanted = decay * wanted + (1 - decay) * step
        assert float(ema.means["w"][0]) == pytest.approx(wanted, rel=1e-5)


def test_the_means_are_inside_for_a_while_and_the_weights_come_back_even_after_an_error() -> None:
    weight = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    ema = EMA({"w": weight}, 0.5)
    with torch.no_grad():
        weight.mul_(3.14159)
    before = weight.detach().clone()
    seen: list[torch.Tensor] = []

    def look() -> None:
        with ema.inside({"w": weight}):
            seen.append(weight.detach().clone())
            raise KeyError

    with pytest.raises(KeyError):
        look()
    assert torch.equal(seen[0], ema.means["w"])
    assert torch.equal(weight, before)


def test_half_precision_weights_have_full_means() -> None:
    weight = torch.nn.Parameter(torch.ones(2, dtype=torch.bfloat16))
    ema = EMA({"w": weight}, 0.999)
    with torch.no_grad():
        weight.fill_(1.0078125)
    for _ in range(3):
        ema.follow({"w": weight})
    assert ema.means["w"].dtype == torch.float32
    assert 1 < float(ema.means["w"][0]) < 1.0078125 + 1e-6
