"""The numbers equal independent formulas, are drawn alike each time, and say what they were measured through."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch import Tensor, nn

from engine.training.evaluation import metrics
from engine.training.evaluation.extractors import Extractor, Features, module


class Flat(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.width = width

    def forward(self, pixels: Tensor) -> Tensor:
        return pixels.flatten(1)[:, : self.width]


def extractor(width: int = 6, name: str = "flat") -> Extractor:
    return module(Flat(width), name)


def lots(count: int, width: int = 6, seed: int = 0, shift: float = 0.0) -> Features:
    dice = torch.Generator().manual_seed(seed)
    mixed = torch.randn(width, width, generator=dice, dtype=torch.float64)
    return Features(torch.randn(count, width, generator=dice, dtype=torch.float64) @ mixed + shift)


def test_the_frechet_distance_is_that_of_two_gaussians() -> None:
    real, made = lots(200), lots(150, seed=1, shift=0.3)
    a, b = real.values.numpy(), made.values.numpy()
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    expected = np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(first + second - 2 * np.real(sqrtm(first @ second)))
    found = metrics.frechet(extractor(), real, made)
    assert found.value == pytest.approx(expected, abs=1e-6)
    assert not found.weak


def test_kid_is_the_unbiased_kernel_distance_of_its_subsets() -> None:
    real, made = lots(30), lots(20, seed=1, shift=0.5)
    values = []
    with torch.random.fork_rng():
        torch.manual_seed(metrics.SEED)
        for _ in range(metrics.SUBSETS):
            a = real.values[torch.randperm(30)[:10]].numpy()
            b = made.values[torch.randperm(20)[:10]].numpy()
            values.append(mmd(a, b))
    found = metrics.kid(extractor(), real, made)
    assert found.value == pytest.approx(np.mean(values), abs=1e-9)
    assert found.spread == pytest.approx(np.std(values), abs=1e-9)


def mmd(a: np.ndarray, b: np.ndarray) -> float:
    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return (float(x @ y) / len(x) + 1) ** 3

    n = len(a)
    within = sum(kernel(s[i], s[j]) for s in (a, b) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    return within - 2 * sum(kernel(x, y) for x in a for y in b) / n**2


def test_precision_and_recall_count_who_lies_in_whose_balls() -> None:
    real, made = lots(40), lots(30, seed=1, shift=0.4)

    def share(points: np.ndarray, others: np.ndarray) -> float:
        """Of the points that lie within the third neighbour's distance of one of the others."""
        radii = [sorted(np.linalg.norm(others - one, axis=1))[3] for one in others]
        inside = [any(np.linalg.norm(p - o) <= r for o, r in zip(others, radii, strict=True)) for p in points]
        return float(np.mean(inside))

    a, b = real.values.numpy(), made.values.numpy()
    found = {one.key: one.value for one in metrics.precision_recall(extractor(), real, made)}
    assert found == {"precision": pytest.approx(share(b, a)), "recall": pytest.approx(share(a, b))}
    assert 0 < found["precision"] < 1


def test_the_inception_score_is_how_sure_and_how_varied_the_classes_are() -> None:
    logits = torch.randn(40, 5, generator=torch.Generator().manual_seed(2), dtype=torch.float64) * 3
    made = Features(lots(40).values, logits)
    with torch.random.fork_rng():
        torch.manual_seed(metrics.SEED)
        order = torch.randperm(40)
    p = np.exp(logits[order].numpy())
    p /= p.sum(1, keepdims=True)
    parts = np.split(p, metrics.SPLITS)
    scores = [np.exp(np.mean(np.sum(s * np.log(s / s.mean(0)), axis=1))) for s in parts]
    found = metrics.inception_score(extractor(), made)
    assert found
    assert found.value == pytest.approx(np.mean(scores), abs=1e-9)
    assert found.real == 0
    assert metrics.inception_score(extractor(), lots(40)) is None  # no classes


def test_the_same_pictures_have_the_same_numbers_and_move_nobodys_dice() -> None:
    real, made = lots(30), lots(20, seed=1)
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    first = metrics.compared(extractor(), real, made)
    assert torch.rand(1) == expected
    assert metrics.compared(extractor(), real, made) == first


def test_only_inception_is_called_fid() -> None:
    real, made = lots(30), lots(20, seed=1)
    assert {one.label for one in metrics.compared(extractor(), real, made)} >= {"FD (flat)", "KD (flat)"}
    assert {one.label for one in metrics.compared(extractor(name="Inception"), real, made)} >= {"FID", "KID"}


def test_every_number_names_its_extractor_and_how_many_pictures() -> None:
    eye = extractor()
    for one in metrics.compared(eye, lots(30), lots(20, seed=1)):
        assert (one.extractor, one.hash, one.width, one.n, one.real) == ("flat", eye.hash, 6, 20, 30)


def test_fewer_pictures_than_features_make_the_distance_weak_and_put_kid_first() -> None:
    enough = metrics.compared(extractor(), lots(30), lots(20, seed=1))
    assert [one.key for one in enough][:2] == ["frechet", "kid"]
    few = metrics.compared(extractor(40), lots(30, 40), lots(60, 40, seed=1))
    assert [one.key for one in few][:2] == ["kid", "frechet"]
    assert few[1].weak.startswith("30 pictures are too few for 40 features")
    assert not few[0].weak


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_what_so_few_pictures_cannot_tell_is_left_out(count: int) -> None:
    found = [one.key for one in metrics.compared(extractor(), lots(30), lots(count))]
    assert found == (["frechet"] if count >= 2 else [])


def test_diversity_is_the_mean_distance_of_two_samples() -> None:
    made = Features(torch.tensor([[0.0, 0], [3, 4], [0, 0]], dtype=torch.float64))
    found = metrics.diversity(extractor(2), made)
    assert found
    assert found.value == pytest.approx(10 / 3)
    assert metrics.diversity(extractor(2), Features(made.values[:1])) is None


def test_the_nearest_real_picture_is_found_in_units_of_their_own_distances() -> None:
    real = Features(torch.tensor([[0.0], [2], [4], [10]], dtype=torch.float64))
    made = Features(torch.tensor([[10.0], [3.2]], dtype=torch.float64))
    which, distances = metrics.nearest(made, real)
    assert which == [3, 2]
    assert distances == pytest.approx([0.0, 0.4])


def test_many_pictures_are_compared_part_by_part_to_the_same_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Held at once, the distances of 100,000 pictures to each other would be 80 GB."""
    real, made = lots(23), lots(17, seed=1)
    whole = metrics.nearest(made, real), metrics.diversity(extractor(), made)
    largest = 0
    cdist = torch.cdist

    def watched(a: torch.Tensor, b: torch.Tensor, **how: Any) -> torch.Tensor:
        nonlocal largest
        largest = max(largest, len(a))
        return cdist(a, b, **how)

    monkeypatch.setattr(torch, "cdist", watched)
    monkeypatch.setattr(metrics, "ROWS", 5)
    (which, distances), diversity = metrics.nearest(made, real), metrics.diversity(extractor(), made)
    assert largest == 5
    assert which == whole[0][0]
    assert distances == pytest.approx(whole[0][1])
    assert diversity
    assert whole[1]
    assert diversity.value == pytest.approx(whole[1].value)
