"""Curves stay inside their frame, whatever the numbers are."""

import math
import re

import pytest

from engine.training.evaluation.plots import MOST_POINTS, Mark, Series, plot, round_ticks, short


def numbers(svg: str) -> list[float]:
    return [
        float(n)
        for path in re.findall(r'<path class="first[^"]*" d="([^"]*)"', svg)
        for n in re.findall(r"-?[\d.]+", path)
    ]


@pytest.mark.parametrize(
    "points",
    [
        [(0, 1.0), (10, 0.25), (20, 3.5)],
        [(5, 2.0)],
        [(0, 1.0), (1, 1.0)],
        [(0, -1e9), (1, 1e9)],
        [(0, 1e-12), (1, 3e-12)],
        [(0, math.nan), (1, 1.0), (2, math.inf), (3, 2.0)],
        [(x, math.sin(x)) for x in range(10_000)],
    ],
)
def test_all_of_a_curve_is_inside_the_frame(points: list[tuple[float, float]]) -> None:
    found = numbers(plot("Loss", [Series("loss", points)]))
    assert found
    assert all(-0.01 <= number <= 100.01 for number in found)
    assert len(found) <= 2 * MOST_POINTS


def test_error_bars_are_inside_too() -> None:
    drawn = plot("Held out", [Series("loss", [(0, 1.0), (1, 2.0)], errors=[0.5, None], dots=True)])
    assert all(-0.01 <= number <= 100.01 for number in numbers(drawn))
    assert drawn.count('class="first bar"') == 1
    assert drawn.count('class="dot first"') == 2


def test_the_mark_stands_at_its_step() -> None:
    drawn = plot("Loss", [Series("loss", [(0, 1.0), (200, 2.0)])], mark=Mark(50, "best: 50"))
    assert 'd="M25.00 0V100"' in drawn
    assert "best: 50</span>" in drawn


def test_nothing_to_draw_draws_nothing() -> None:
    assert plot("Loss", [Series("loss", [])]) == ""
    assert plot("Loss", [Series("loss", [(0, math.nan)])]) == ""


def test_what_people_wrote_is_text() -> None:
    drawn = plot("<b>", [Series("<i>", [(0, 1.0), (1, 2.0)])], mark=Mark(0, "<u>"))
    assert not {"<b>&", "<u>", ">&lt;i>"} & set(re.findall(r"<u>|<i>", drawn))
    assert drawn.count("&lt;") == 5  # title and label; key and label; mark


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, [0, 0.25, 0.5, 0.75, 1]),
        (0.13, 0.87, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (3, 3, [3]),
        (-5, 5, [-5, -2.5, 0, 2.5, 5]),
    ],
)
def test_ticks_are_round_and_hold_the_curve(low: float, high: float, ticks: list[float]) -> None:
    assert round_ticks(low, high) == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.125, "0.125"),
        (12_000, "12,000"),
        (99_920.5, "99,920"),
        (1e12, "1e+12"),
        (1e-5, "1e-05"),
        (150, "150"),
    ],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert short(value) == text
