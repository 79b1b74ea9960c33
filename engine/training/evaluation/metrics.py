"""Numbers for a set of pictures: Frechet distance, KID, Inception Score, precision and recall, CLIP score, diversity.

What does not look through Inception is never called FID.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from engine.training.evaluation.extractors import Clip, Extractor, Features
from engine.training.evaluation.results import FEW, Metric

SUBSETS, LARGEST_SUBSET = 100, 1000  # of KID
SPLITS = 10  # of the Inception Score
NEIGHBOURS = 3  # whose distance is the radius of precision and recall (Kynkäänniemi et al. 2019)
SEED = 0  # of the subsets and splits
ROWS = 1024  # whose distances to all others are held at once: those of all to all would fill the memory


class Given(nn.Module):
    """Passes features through, so that torchmetrics computes with those we have."""

    def __init__(self, width: int):
        super().__init__()
        self.num_features = width

    def forward(self, features: Tensor) -> Tensor:
        return features


def compared(extractor: Extractor, real: Features, made: Features) -> list[Metric]:
    """All that compares two sets of pictures, the most trustworthy at this number first."""
    found = [] if min(len(real.values), len(made.values)) < 4 else [kid(extractor, real, made)]
    if min(len(real.values), len(made.values)) >= 2:
        found.append(frechet(extractor, real, made))
        if not found[-1].weak:
            found.reverse()
    if min(len(real.values), len(made.values)) > NEIGHBOURS:
        found += precision_recall(extractor, real, made)
    return found


def frechet(extractor: Extractor, real: Features, made: Features) -> Metric:
    """Heusel et al. 2017, arXiv 1706.08500."""
    from torchmetrics.image.fid import FrechetInceptionDistance

    metric = FrechetInceptionDistance(feature=Given(extractor.width), normalize=False)
    metric.update(real.values, real=True)
    metric.update(made.values, real=False)
    fewest = min(len(real.values), len(made.values))
    called = "FID" if extractor.name == "Inception" else f"FD ({extractor.name})"
    return Metric(
        key="frechet",
        label=called,
        value=float(metric.compute()),
        better="lower",
        weak=FEW.format(n=fewest, width=extractor.width) if fewest <= extractor.width else "",
        **identity(extractor, real, made),
    )


def kid(extractor: Extractor, real: Features, made: Features) -> Metric:
    """Bińkowski et al. 2018, arXiv 1801.01401: without bias, whatever the number of pictures."""
    from torchmetrics.image.kid import KernelInceptionDistance

    fewest = min(len(real.values), len(made.values))
    with quiet():
        metric = KernelInceptionDistance(
            feature=Given(extractor.width), subsets=SUBSETS, subset_size=min(LARGEST_SUBSET, fewest // 2)
        )
    metric.update(real.values, real=True)
    metric.update(made.values, real=False)
    with drawn_alike():
        mean, spread = metric.compute()
    called = "KID" if extractor.name == "Inception" else f"KD ({extractor.name})"
    return Metric(
        key="kid",
        label=called,
        value=float(mean),
        spread=float(spread),
        better="lower",
        **identity(extractor, real, made),
    )


def precision_recall(extractor: Extractor, real: Features, made: Features) -> list[Metric]:
    """How many samples look real, and how much of what is real they cover (Kynkäänniemi et al. 2019)."""
    from torch_fidelity.metric_prc import prc_features_to_metric

    values = prc_features_to_metric(
        made.values,
        real.values,
        prc_neighborhood=NEIGHBOURS,
        prc_batch_size=10_000,
        save_cpu_ram=True,
        verbose=False,
    )
    return [
        Metric(key=key, label=key.capitalize(), value=values[key], better="higher", **identity(extractor, real, made))
        for key in ("precision", "recall")
    ]


def inception_score(extractor: Extractor, made: Features) -> Metric | None:
    """Salimans et al. 2016, arXiv 1606.03498; only an extractor that names classes has one."""
    if made.logits is None or len(made.values) < SPLITS:
        return None
    from torchmetrics.image.inception import InceptionScore

    with quiet():
        metric = InceptionScore(feature=Given(made.logits.shape[1]), splits=SPLITS)
    metric.update(made.logits)
    with drawn_alike():
        mean, spread = metric.compute()
    return Metric(
        key="inception_score",
        label="Inception Score",
        value=float(mean),
        spread=float(spread),
        better="higher",
        **identity(extractor, None, made),
    )


def clip_score(extractor: Clip, made: Features, texts: Tensor) -> Metric:
    """100 x the cosine between each picture and its text, no less than 0 (Hessel et al. 2021, arXiv 2104.08718)."""
    scores = 100 * torch.cosine_similarity(made.values, texts).clamp(min=0)
    spread = float(scores.std() / len(scores) ** 0.5) if len(scores) > 1 else None
    return Metric(
        key="clip_score",
        label="CLIP score",
        value=float(scores.mean()),
        spread=spread,
        better="higher",
        **identity(extractor, None, made),
    )


def diversity(extractor: Extractor, made: Features) -> Metric | None:
    """Mean distance between two samples; a model that draws one picture again and again has none."""
    if len(made.values) < 2:
        return None
    return Metric(
        key="diversity",
        label=f"Diversity ({extractor.name})",
        value=apart(made.values),
        better="higher",
        **identity(extractor, None, made),
    )


def nearest(made: Features, real: Features) -> tuple[list[int], list[float]]:
    """For each sample the number of the real picture that is most like it, and the distance to it in units of the
    median distance of a real picture to its own nearest: far below 1, the sample may be remembered, not drawn."""
    if not len(made.values) or not len(real.values):
        return [], []
    found = [torch.cdist(rows, real.values).min(1) for rows in made.values.split(ROWS)]
    distances, which = torch.cat([one.values for one in found]), torch.cat([one.indices for one in found])
    among = []
    for first, rows in zip(range(0, len(real.values), ROWS), real.values.split(ROWS), strict=True):
        others = torch.cdist(rows, real.values)
        others[range(len(rows)), range(first, first + len(rows))] = float("inf")
        among.append(others.min(1).values)
    unit = float(torch.cat(among).median()) if len(real.values) > 1 else 1.0
    return which.tolist(), (distances / max(unit, 1e-12)).tolist()


def apart(values: Tensor) -> float:
    """Mean distance between two of them."""
    exact = "donot_use_mm_for_euclid_dist"  # equal ones are 0 apart
    whole = sum(float(torch.cdist(rows, values, compute_mode=exact).sum()) for rows in values.split(ROWS))
    return whole / (len(values) * (len(values) - 1))


def identity(extractor: Extractor, real: Features | None, made: Features) -> dict[str, Any]:
    return {
        "extractor": extractor.name,
        "hash": extractor.hash,
        "width": extractor.width,
        "n": len(made.values),
        "real": len(real.values) if real else 0,
    }


@contextmanager
def drawn_alike() -> Iterator[None]:
    """The subsets are the same each time, and nobody else's random numbers move."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        yield


@contextmanager
def quiet() -> Iterator[None]:
    """torchmetrics warns that it keeps the features: we hold them anyway."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield
