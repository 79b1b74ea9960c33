"""Masks: what is taken from the drawing, to the faintest grey, is what the promise about the outside leaves out."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine.picture.mask import changing, feathered
from engine.picture.plate import Plate
from engine.request.starts import FromMask


def box(level: int = 255) -> Image.Image:
    mask = Image.new("L", (64, 64))
    ImageDraw.Draw(mask).rectangle((24, 24, 39, 39), fill=level)
    return mask


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("blur", [0, 2, 6])
def test_nothing_changes_where_neither_mask_nor_feather_is(soft: bool, blur: int) -> None:
    mask = box()
    feather = feathered(mask, blur)
    levels, near = np.asarray(changing(mask, feather, soft)), np.asarray(feather)
    assert (levels[near == 0] == 0).all()
    assert (levels[:4] == 0).all()
    assert (levels[30:34, 30:34] == 255).all()
    assert soft or (levels[np.asarray(mask) == 255] == 255).all()
    assert (levels == np.minimum(255, np.maximum(2 * near.astype(int), np.asarray(mask) * (not soft)))).all()


def test_a_faint_mask_without_soft_inpainting_is_none() -> None:
    faint = Image.new("L", (8, 8), 1)
    assert np.asarray(changing(faint, Image.new("L", (8, 8)), soft=False)).max() == 0


@pytest.mark.parametrize("blur", [0, 4])
def test_what_is_taken_from_a_drawing_by_the_faintest_share_is_caught_as_outside(blur: int) -> None:
    """A share of 1/255 everywhere moves a level of a drawing that is far enough from the source, and is measured."""
    source, drawn = Image.new("RGB", (64, 64), (10, 200, 10)), Image.new("RGB", (64, 64), (255, 0, 255))
    start = FromMask(picture="a" * 64, mask="b" * 64, mask_blur=blur, match_seam=False)
    plate = Plate.of(start, source, box(), (64, 64))

    def outside(share: Image.Image) -> int:
        made = source.copy()
        made.paste(drawn, (0, 0), share)
        file = io.BytesIO()
        made.save(file, "PNG")
        return plate.differing(file.getvalue())

    assert outside(plate.changing) == 0
    assert outside(plate.changing.point([max(1, level) for level in range(256)])) > 64 * 64
