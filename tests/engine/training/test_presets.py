"""Presets: whatever the goal, the quality, the model and the number of pictures, they can be trained."""

import itertools

import pytest

from engine.request.training import flat, read
from engine.training.presets import GOALS, LENGTHS, all_presets, preset

CASES = list(itertools.product(GOALS, ("quick", "balanced", "best"), (128, 512, 768), (1, 12, 5000)))


@pytest.mark.parametrize(("goal", "quality", "side", "pictures"), CASES)
def test_each_can_be_asked_for_as_it_stands(goal, quality, side, pictures):
    values = preset(goal, quality, side, pictures)
    found = flat(read({"concepts": [{"folder": "x"}], **values}))
    assert {name: found[name] for name in values} == values
    assert values["batch"] <= max(1, pictures)
    assert values["resolution"] == side


@pytest.mark.parametrize("goal", GOALS)
def test_better_takes_longer_and_more_pictures_never_less(goal):
    steps = [[preset(goal, quality, 512, n)["length"] for quality in LENGTHS[goal]] for n in (1, 10, 100, 1000)]
    for row in steps:
        assert row == sorted(set(row))
    for column in zip(*steps, strict=True):
        assert list(column) == sorted(column)


def test_pictures_are_held_out_only_where_there_are_enough():
    assert preset("subject", "quick", 512, 11)["hold_out"] == 0
    assert preset("subject", "quick", 512, 12)["hold_out"] > 0


def test_all_of_them_are_listed():
    assert [one["key"] for one in all_presets(128, 12)] == ["subject", "style", "word", "model"]
