"""Variations: always the same, never out of the picture, mask and control in step."""

import random
from pathlib import Path

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.request.training_parts import Augment, Data
from engine.training.data.augment import Arrays, arrays, drawn, placed, variation, variations
from engine.training.data.buckets import cover, geometry
from tests.engine.training.data.folders import ORIENTATION, item_of, painting, put, saved

AUGMENTS = st.builds(
    Augment,
    flip=st.floats(0, 1),
    crop_jitter=st.floats(0, 0.5),
    rotate=st.floats(0, 45),
    colour=st.floats(0, 0.5),
)
SIDES = st.integers(20, 300)


def made(path: Path, augment: Augment, seed: int = 0, mask: Path | None = None, control: Path | None = None) -> Arrays:
    width, height = Image.open(path).size
    item = item_of("x", path=path, mask=mask, control=control, width=width, height=height)
    fit = geometry(width, height, Data(resolution=64, bucket_step=16))
    return arrays(item, fit, drawn(augment, random.Random(seed)))


@given(SIDES, SIDES, AUGMENTS, st.integers(0, 1000))
def test_a_turned_and_moved_crop_stays_in_the_picture(width: int, height: int, augment: Augment, seed: int) -> None:
    fit = geometry(width, height, Data(resolution=64, bucket_step=16))
    place = placed(fit, drawn(augment, random.Random(seed)))
    left, top, right, bottom = place.box
    assert (right - left, bottom - top) == fit.bucket
    (x, y), turn = place.centre, numpy.radians(place.angle)
    for corner_x, corner_y in ((left, top), (right, top), (left, bottom), (right, bottom)):
        across = x + (corner_x - x) * numpy.cos(turn) - (corner_y - y) * numpy.sin(turn)
        down = y + (corner_x - x) * numpy.sin(turn) + (corner_y - y) * numpy.cos(turn)
        assert -1e-6 <= across <= place.resized[0] + 1e-6
        assert -1e-6 <= down <= place.resized[1] + 1e-6


@settings(max_examples=60, deadline=None)
@given(AUGMENTS, st.integers(0, 1000), st.tuples(SIDES, SIDES))
def test_mask_and_control_stay_on_their_place(
    tmp_path_factory: pytest.TempPathFactory, augment: Augment, seed: int, size: tuple[int, int]
) -> None:
    """All three hold the same blots; colour is switched off, so that they must come out the same."""
    folder = tmp_path_factory.mktemp("masks")
    grey = painting(3, size, "L")
    picture = put(folder / "a.png", grey.convert("RGB"))
    mask, control = put(folder / "a.mask.png", grey), put(folder / "control.png", grey.convert("RGB"))
    view = made(picture, augment.model_copy(update={"colour": 0}), seed, mask, control)
    assert view.mask is not None
    assert view.control is not None
    assert (view.control == view.picture).all()
    assert numpy.abs(view.mask * 255 - view.picture[..., 0]).max() < 1e-3


@settings(max_examples=60, deadline=None)
@given(AUGMENTS, st.integers(0, 1000), st.tuples(SIDES, SIDES))
def test_no_blank_corner_comes_into_view(
    tmp_path_factory: pytest.TempPathFactory, augment: Augment, seed: int, size: tuple[int, int]
) -> None:
    path = put(tmp_path_factory.mktemp("white") / "a.png", Image.new("RGB", size, "white"))
    assert made(path, augment.model_copy(update={"colour": 0}), seed).picture.min() >= 254


def test_colour_changes_the_picture_only(tmp_path: Path) -> None:
    picture, mask = put(tmp_path / "a.png", painting(1)), put(tmp_path / "a.mask.png", painting(2, mode="L"))
    plain, coloured = (made(picture, Augment(colour=colour), 5, mask, picture) for colour in (0, 0.5))
    assert (plain.picture != coloured.picture).any()
    assert plain.mask is not None
    assert (plain.mask == coloured.mask).all()
    assert (plain.control == coloured.control).all()  # pyright: ignore[reportAttributeAccessIssue]


def test_without_augmentation_the_crop_is_the_middle(tmp_path: Path) -> None:
    image = painting(1, (128, 64))
    view = made(put(tmp_path / "a.png", image), Augment())
    width, height = view.picture.shape[1], view.picture.shape[0]
    assert (width, height) == (80, 48)
    resized = image.resize(cover(128, 64, (80, 48)).resized, Image.Resampling.LANCZOS)
    left = (resized.width - 80) // 2
    assert (view.picture == numpy.asarray(resized.crop((left, 0, left + 80, 48)))).all()


def test_flip_mirrors_left_and_right(tmp_path: Path) -> None:
    path = put(tmp_path / "a.png", painting(1))
    assert (made(path, Augment(flip=1)).picture == made(path, Augment()).picture[:, ::-1]).all()


def test_a_variation_is_always_the_same_and_differs_from_the_others() -> None:
    augment = Augment(flip=0.5, crop_jitter=0.2, rotate=10, colour=0.2)
    one, other = item_of("a"), item_of("b")
    assert variation(one, 0, augment) == variation(item_of("a", path=Path("moved")), 0, augment)
    assert len({variation(item, number, augment) for item in (one, other) for number in range(4)}) == 8
    turned = variation(one, 1, augment.model_copy(update={"colour": 0}))
    assert turned.angle == variation(one, 1, augment).angle


def test_there_is_one_variation_where_nothing_varies() -> None:
    assert variations(Augment(variations=4)) == 1
    assert variations(Augment(variations=4, flip=0.5)) == 4


def test_transparency_is_white_and_exif_turns(tmp_path: Path) -> None:
    clear = put(tmp_path / "clear.png", Image.new("RGBA", (64, 64), (255, 0, 0, 0)))
    assert (made(clear, Augment()).picture == 255).all()
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    half = Image.new("RGB", (64, 64), "black")
    half.paste("white", (0, 0, 64, 32))  # on top; turned by a quarter it is on the right
    view = made(put(tmp_path / "turned.jpg", saved(half, "JPEG", exif=exif, quality=95)), Augment())
    assert view.picture[:, :24].max() < 30
    assert view.picture[:, 40:].min() > 225


def test_a_mask_is_from_zero_to_one(tmp_path: Path) -> None:
    mask = Image.new("L", (64, 64), 0)
    mask.paste(255, (0, 0, 32, 64))
    view = made(put(tmp_path / "a.png", painting(1)), Augment(), mask=put(tmp_path / "m.png", mask))
    assert view.mask is not None
    assert view.mask.dtype == numpy.float32
    assert view.mask[:, :32].min() == 1
    assert view.mask[:, 32:].max() == 0
