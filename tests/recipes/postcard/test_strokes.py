"""Sketches of drawings: the same again, near the drawing's own lines, and not all alike."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage

from recipes.postcard.draw import Drawing, draw
from recipes.postcard.follow import agreement
from recipes.postcard.scenes import training_scenes
from recipes.postcard.strokes import strokes


def holes(sketch: Image.Image) -> int:
    found: Any = ndimage.label(np.asarray(sketch) < 128)
    return int(found[1])


def drawings(count: int) -> list[Drawing]:
    return [draw(scene, number) for number, scene in enumerate(islice(training_scenes(4), count))]


def test_the_same_drawing_and_seed_give_the_same_sketch_and_another_seed_another() -> None:
    one = drawings(1)[0]
    assert strokes(one, 5, 64).tobytes() == strokes(one, 5, 64).tobytes()
    assert len({strokes(one, seed, 64).tobytes() for seed in range(8)}) > 4  # the thickness of lines alone has six


def test_strokes_lie_near_what_they_are_strokes_of() -> None:
    """Of the picture's own edges: a hand strays by less than three pixels of 128."""
    for number, one in enumerate(drawings(20)):
        sketch = strokes(one, number, 128)
        assert sketch.size == (128, 128)
        drawn = np.asarray(sketch) > 127
        assert 0.003 < drawn.mean() < 0.35
        assert agreement(sketch, one.picture(128), near=3) > 0.8


def test_some_sketches_show_everything_and_some_only_outlines() -> None:
    """A house has a door and windows; its outline has not."""
    one = next(one for one in drawings(60) if one.scene.things and one.scene.things[0].object == "house")
    inked = [holes(strokes(one, seed, 128)) for seed in range(30)]
    assert min(inked) < max(inked)


def test_agreement_tells_a_picture_that_follows_from_one_that_does_not() -> None:
    first, second = [one for one in drawings(9) if one.scene.things][:2]
    sketch = strokes(first, 1, 128)
    assert agreement(sketch, first.picture(128)) > agreement(sketch, second.picture(128)) + 0.2
    assert agreement(sketch.point(lambda _: 0), first.picture(128)) == 1
    assert agreement(sketch, first.picture(128).point(lambda _: 90)) == 0
