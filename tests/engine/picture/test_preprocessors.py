"""What is made of a picture before a ControlNet sees it, and how it gets the size that is drawn."""

import tracemalloc
from typing import Any, get_args

import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine.picture.preprocessors.maps import MOST_PIXELS, control_map, preprocessed
from engine.picture.preprocessors.table import PREPROCESSORS, preprocess
from engine.request.control import ControlUnit, Fit
from engine.request.preprocessors import DETECTORS, PREPROCESSOR_FACTS
from engine.request.preprocessors import PREPROCESSORS as NAMES


def unit(**values: Any) -> ControlUnit:
    return ControlUnit(model="x", **values)


def square(size: tuple[int, int] = (96, 64)) -> Image.Image:
    picture = Image.new("RGB", size, "white")
    ImageDraw.Draw(picture).rectangle((20, 20, 40, 40), fill="black")
    return picture


SQUARE = np.asarray(square())


def test_every_name_has_a_row_and_says_what_it_does() -> None:
    assert tuple(PREPROCESSOR_FACTS) == NAMES
    assert (*PREPROCESSORS, *(name for name in NAMES if name in DETECTORS)) == NAMES


@pytest.mark.parametrize("name", PREPROCESSORS)
@pytest.mark.parametrize("size", [(96, 64), (8, 8), (300, 8)])
@pytest.mark.parametrize("colour", ["black", "white", None])
def test_every_preprocessor_answers_with_a_picture_that_stays_the_same(
    name: Any, size: tuple[int, int], colour: str | None
) -> None:
    picture = np.asarray(Image.new("RGB", size, colour) if colour else Image.effect_noise(size, 80).convert("RGB"))
    made = preprocess(name, picture)
    assert (made.dtype, made.shape) == (np.uint8, picture.shape)
    assert np.array_equal(made, preprocess(name, picture))


def test_canny_draws_the_outline_one_pixel_thin() -> None:
    lines = preprocess("canny", SQUARE)[..., 0]
    assert set(np.unique(lines)) == {0, 255}
    assert (lines[30, 15:26] > 0).sum() == 1  # the left side
    assert (lines[15:26, 30] > 0).sum() == 1  # the top
    assert not lines[28:33, 28:33].any()
    assert not lines[:, 60:].any()


def test_canny_keeps_a_weak_edge_only_beside_a_strong_one() -> None:
    """A ramp of 30 levels: Sobel's sum over it is 120, between the thresholds."""
    weak = np.full((40, 40, 3), 100, np.uint8)
    weak[:, 20:] = 130
    assert not preprocess("canny", weak, 100, 200).any()
    strong = weak.copy()
    strong[:20, 20:] = 255
    lines = preprocess("canny", strong, 100, 200)
    assert lines[5, :, 0].any()
    assert lines[35, 18:22, 0].any()  # weak, but it goes on from the strong one


def test_thresholds_are_the_preprocessors_own_where_none_are_given_or_out_of_range() -> None:
    assert np.array_equal(preprocess("canny", SQUARE), preprocess("canny", SQUARE, 100, 200))
    grey = np.full((8, 8, 3), 100, np.uint8)
    assert not preprocess("threshold", grey).any()
    assert preprocess("threshold", grey, 90).all()
    assert np.array_equal(preprocess("blur_gaussian", SQUARE, 200), preprocess("blur_gaussian", SQUARE, 9))


def test_each_does_what_it_says() -> None:
    assert np.array_equal(preprocess("invert", SQUARE), 255 - SQUARE)
    assert preprocess("tile_resample", SQUARE, 4).shape == (16, 24, 3)
    assert preprocess("scribble", SQUARE)[30, 10:30].any()
    assert preprocess("lineart_standard", SQUARE)[21, 30, 0] > 60  # dark beside bright
    assert preprocess("lineart_standard", SQUARE)[5, 80, 0] == 0
    assert preprocess("scribble_xdog", SQUARE)[:, 60:].max() == 0
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 255
    assert preprocess("recolor_luminance", red)[0, 0].tolist() == [136] * 3  # L* of sRGB's red is 53.2
    assert preprocess("recolor_intensity", red)[0, 0].tolist() == [255] * 3
    noisy = np.random.default_rng(0).integers(0, 255, (300, 280, 3)).astype(np.uint8)
    moved = preprocess("shuffle", noisy)
    assert abs(float(moved.mean()) - float(noisy.mean())) < 8
    assert not np.array_equal(moved, noisy)


@pytest.mark.parametrize("fit", get_args(Fit))
@pytest.mark.parametrize("size", [(64, 64), (128, 64), (8, 2048), (200, 8)])
def test_every_fit_gives_the_size_that_is_drawn(fit: Fit, size: tuple[int, int]) -> None:
    made = control_map(unit(resize_mode=fit), square(), size)
    assert (made.size, made.mode) == (size, "RGB")


def test_stretching_keeps_all_cropping_the_middle_and_filling_the_border() -> None:
    halves = Image.new("RGB", (64, 32), "red")
    halves.paste("blue", (16, 0, 48, 32))
    stretched, cropped, filled = (
        np.asarray(control_map(unit(resize_mode=fit), halves, (32, 32))) for fit in get_args(Fit)
    )
    assert stretched[16, 2].tolist() == [255, 0, 0]
    assert stretched[16, 16].tolist() == [0, 0, 255]
    assert cropped[16, 2].tolist() == cropped[16, 30].tolist() == [0, 0, 255]
    assert filled[16, 2].tolist() == [255, 0, 0]
    assert filled[2, 2].tolist() == filled[30, 30].tolist() == filled[2, 16].tolist()
    assert filled[16, 16].tolist() == [0, 0, 255]


def test_a_map_of_lines_stays_black_and_white_and_keeps_its_lines() -> None:
    lines = Image.new("RGB", (512, 512))
    ImageDraw.Draw(lines).line((0, 200, 511, 200), fill="white")
    for size in ((128, 128), (700, 700)):
        found = np.asarray(control_map(unit(), lines, size))
        assert set(np.unique(found)) == {0, 255}
        assert found[:, size[0] // 2].any()


def test_pixel_perfect_preprocesses_at_the_size_that_is_drawn() -> None:
    picture = Image.effect_noise((400, 200), 90).convert("RGB")
    perfect = preprocessed(unit(preprocessor="canny", pixel_perfect=True), picture, (100, 100))
    asked = preprocessed(unit(preprocessor="canny", pixel_perfect=False, resolution=320), picture, (100, 100))
    assert (perfect.size, asked.size) == ((200, 100), (640, 320))
    fill = unit(preprocessor="canny", resize_mode="Resize and Fill")
    assert preprocessed(fill, picture, (100, 100)).size == (100, 50)


def test_what_is_transparent_is_paper() -> None:
    drawing = Image.new("RGBA", (32, 32), (0, 0, 0, 0))
    ImageDraw.Draw(drawing).rectangle((8, 8, 23, 23), fill=(0, 0, 0, 255))
    made = np.asarray(control_map(unit(preprocessor="invert"), drawing, (32, 32)))
    assert made[2, 2].tolist() == [0, 0, 0]
    assert made[16, 16].tolist() == [255, 255, 255]


@pytest.mark.parametrize("size", [(16384, 8), (8, 16384)])
@pytest.mark.parametrize("fit", get_args(Fit))
def test_a_ribbon_does_not_fill_the_memory(size: tuple[int, int], fit: Fit) -> None:
    """Its shorter side at 2048 would be four million pixels wide."""
    ribbon = Image.new("RGB", size, "white")
    asked = unit(preprocessor="invert", resolution=2048, pixel_perfect=False, resize_mode=fit)
    tracemalloc.start()
    assert np.prod(preprocessed(asked, ribbon).size) <= 1.1 * MOST_PIXELS
    assert control_map(asked, ribbon, (64, 64)).size == (64, 64)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500e6
