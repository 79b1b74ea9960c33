"""Held-out losses: means, paired errors, the best step and the advice, from tables of numbers."""

from typing import Any

import numpy as np
import pytest

from engine.training import measuring


def rows(*numbers: tuple[float, float, float]) -> list[dict[str, Any]]:
    return [{"step": 10 * i, "held_out": h, "error": e, "train": t} for i, (h, e, t) in enumerate(numbers)]


def test_the_change_is_paired_and_so_is_its_error() -> None:
    first = {"a": 1.0, "b": 5.0, "c": 9.0}
    now = {"a": 0.9, "b": 4.8, "c": 8.9}
    found = measuring.compared(now, first)
    pairs = np.array([-0.1, -0.2, -0.1])
    assert found.mean == pytest.approx(np.mean([0.9, 4.8, 8.9]))
    assert found.change == pytest.approx(pairs.mean())
    assert found.error == pytest.approx(pairs.std(ddof=1) / np.sqrt(3))


def test_nothing_to_compare_with_and_a_single_picture_have_no_error() -> None:
    assert measuring.compared({"a": 2.0}, None) == measuring.Compared(2.0, None, None)
    assert measuring.compared({"a": 2.0}, {"a": 3.0}) == measuring.Compared(2.0, -1.0, None)
    assert measuring.compared({"a": 2.0, "b": 2.0}, {"c": 3.0}).change is None


def test_the_best_is_the_earliest_within_one_error_of_the_smallest() -> None:
    assert measuring.best([]) is None
    assert measuring.best(rows((3, 0, 3), (2, 0.1, 2), (1.95, 0.1, 2), (2.5, 0.1, 1))) == 10
    assert measuring.best(rows((3, 0, 3), (2, 0.01, 2), (1.95, 0.01, 2))) == 20
    assert measuring.best([{"step": 0, "held_out": None}, {"step": 5, "held_out": 1.0, "error": None}]) == 5


@pytest.mark.parametrize(
    ("numbers", "wanted"),
    [
        (((3, 0, 3), (2, 0.1, 2)), ""),
        (((3, 0, 3), (2, 0.1, 2), (1, 0.1, 1)), "still learning"),
        (((3, 0, 3), (1, 0.1, 2), (1.5, 0.1, 1.5), (1.6, 0.1, 1)), "overfitting"),
        (((3, 0, 3), (1, 0.1, 2), (1.5, 0.1, 1.5), (1.1, 0.1, 1)), ""),  # once is chance
        (((3, 0, 3), (1, 0.1, 2), (1.5, 0.1, 2.5), (1.6, 0.1, 2.6)), ""),  # both rise: not learned by heart
        (((3, 0, 3), (1, 0.4, 2), (1.5, 0.1, 1.5), (1.6, 0.1, 1)), ""),  # within the error
    ],
)
def test_advice(numbers: tuple[tuple[float, float, float], ...], wanted: str) -> None:
    assert measuring.advice(rows(*numbers)) == wanted


def test_a_row_holds_what_an_event_tells() -> None:
    row = measuring.row(7, {"a": 1.0, "b": 3.0}, {}, {"a": 2.0, "b": 2.0})
    assert row["step"] == 7
    assert (row["held_out"], row["train"], row["change"]) == (2.0, None, 0.0)
