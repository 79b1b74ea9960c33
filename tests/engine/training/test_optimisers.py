"""Each row of the table: it learns, and goes on from its state as if nothing had happened."""

import importlib.util
from io import BytesIO
from typing import Any

import pytest
import torch

from engine.errors import BadRequest
from engine.request.training_parts import Optimisation
from engine.training.optimisers import OPTIMISERS, make, measuring

RATES = {"SGD": 0.02, "Prodigy": 1.0, "Adafactor": 0.1, "Lion": 0.02}
HAVE_8BIT = importlib.util.find_spec("bitsandbytes") is not None
ROWS = [name for name in OPTIMISERS if name != "AdamW 8-bit" or HAVE_8BIT]


class Toy:
    """A linear problem with a known answer: two groups, one of them with a smaller rate."""

    def __init__(self, name: Any):
        lots = torch.Generator().manual_seed(1)
        self.name = name
        self.x = torch.randn(64, 8, generator=lots)
        self.y = self.x @ torch.randn(8, 4, generator=lots) + 1
        self.weights = [torch.nn.Parameter(torch.zeros(8, 4)), torch.nn.Parameter(torch.zeros(4))]
        rate = RATES.get(name, 0.05)
        groups = [{"params": [self.weights[0]], "lr": rate}, {"params": [self.weights[1]], "lr": rate / 2}]
        self.optimiser = make(groups, Optimisation(optimiser=name, learning_rate=rate, weight_decay=0.001))

    def loss(self) -> torch.Tensor:
        return (self.x @ self.weights[0] + self.weights[1] - self.y).square().mean()

    def step(self) -> float:
        loss = self.loss()
        loss.backward()
        self.optimiser.step()
        self.optimiser.zero_grad()
        return float(loss.detach())


@pytest.mark.parametrize("name", ROWS)
def test_it_learns(name: str) -> None:
    toy = Toy(name)
    first = toy.step()
    for _ in range(200):
        toy.step()
    measuring(toy.optimiser, name, True)
    assert float(toy.loss().detach()) < 0.3 * first


@pytest.mark.parametrize("name", ROWS)
def test_it_goes_on_from_its_state_to_the_bit(name: str) -> None:
    straight = Toy(name)
    losses = [straight.step() for _ in range(12)]
    first = Toy(name)
    before = [first.step() for _ in range(5)]
    kept = BytesIO()
    torch.save({"optimiser": first.optimiser.state_dict()}, kept)
    kept.seek(0)
    second = Toy(name)
    second.optimiser.load_state_dict(torch.load(kept, weights_only=True)["optimiser"])
    with torch.no_grad():
        for mine, its in zip(second.weights, first.weights, strict=True):
            mine.copy_(its)
    after = [second.step() for _ in range(7)]
    assert before + after == losses
    assert all(torch.equal(a, b) for a, b in zip(second.weights, straight.weights, strict=True))


@pytest.mark.parametrize("name", [name for name in ROWS if name != "Adafactor"])
def test_its_state_takes_the_room_that_the_table_says(name: str) -> None:
    weight = torch.nn.Parameter(torch.zeros(256, 256))
    optimiser = make([{"params": [weight], "lr": 1e-3}], Optimisation(optimiser=name))  # pyright: ignore
    weight.square().sum().backward()
    weight.grad = torch.ones_like(weight)
    optimiser.step()
    tensors = [value for value in optimiser.state[weight].values() if torch.is_tensor(value)]
    assert sum(t.nbytes for t in tensors) / weight.numel() == pytest.approx(OPTIMISERS[name].nbytes, rel=0.3, abs=0.1)


@pytest.mark.skipif(HAVE_8BIT, reason="bitsandbytes is installed")
def test_what_is_not_installed_is_named_with_the_way_to_get_it() -> None:
    with pytest.raises(BadRequest, match="pip install bitsandbytes"):
        Toy("AdamW 8-bit")
