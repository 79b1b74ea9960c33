"""Geometry is arithmetic: whatever the picture, the crop lies in it and fills its bucket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.request.training_parts import Data
from engine.training.data.buckets import bucket_sizes, enlargement, geometry

SIDES = st.integers(8, 16384)
DATA = st.builds(
    Data,
    resolution=st.integers(8, 128).map(lambda eighths: eighths * 8),
    bucket_step=st.integers(1, 32).map(lambda eighths: eighths * 8),
    buckets=st.booleans(),
    upscale=st.booleans(),
)


def test_buckets_of_512_are_those_of_kohya_up_to_two_to_one() -> None:
    assert bucket_sizes(512, 64) == ((384, 640), (448, 576), (512, 512), (576, 448), (640, 384))


@given(DATA)
def test_buckets_are_multiples_of_the_step_with_at_most_the_pixels_of_the_resolution(data: Data) -> None:
    step = min(data.bucket_step, data.resolution)
    sizes = bucket_sizes(data.resolution, data.bucket_step)
    for width, height in sizes:
        assert width % step == height % step == 0
        assert width * height <= data.resolution**2
        assert max(width, height) <= 2 * min(width, height)
        assert (height, width) in sizes


@given(SIDES, SIDES, DATA)
def test_a_crop_never_leaves_the_picture(width: int, height: int, data: Data) -> None:
    fit = geometry(width, height, data)
    for start, side, whole in zip(fit.crop, fit.bucket, fit.resized, strict=True):
        assert side > 0
        assert start >= 0
        assert start + side <= whole
    assert any(side == whole for side, whole in zip(fit.bucket, fit.resized, strict=True))
    assert fit.bucket[0] * fit.bucket[1] <= data.resolution**2
    assert fit.bucket[0] % 8 == fit.bucket[1] % 8 == 0


@given(SIDES, SIDES, DATA)
def test_proportions_stay(width: int, height: int, data: Data) -> None:
    wide, high = geometry(width, height, data).resized
    scale = max(wide / width, high / height)
    assert abs(wide - width * scale) <= 1
    assert abs(high - height * scale) <= 1


@given(SIDES, SIDES, DATA)
def test_without_upscale_nothing_is_enlarged_but_what_is_smaller_than_a_step(
    width: int, height: int, data: Data
) -> None:
    data = data.model_copy(update={"upscale": False})
    if min(width, height) >= min(data.bucket_step, data.resolution):
        assert enlargement(width, height, geometry(width, height, data)) <= 1


@pytest.mark.parametrize(
    ("size", "bucket"),
    [((1000, 1000), (512, 512)), ((1600, 900), (640, 384)), ((600, 800), (448, 576)), ((4000, 500), (640, 384))],
)
def test_a_picture_gets_the_bucket_nearest_to_its_shape(size: tuple[int, int], bucket: tuple[int, int]) -> None:
    assert geometry(*size, Data()).bucket == bucket


def test_without_buckets_all_are_squares() -> None:
    fit = geometry(1000, 500, Data(buckets=False))
    assert (fit.bucket, fit.resized, fit.crop) == ((512, 512), (1024, 512), (256, 0))
    assert fit.lost == 0.5


def test_a_small_picture_has_a_bucket_of_its_own_size() -> None:
    assert geometry(300, 200, Data(upscale=False)).bucket == (256, 192)
    assert geometry(300, 200, Data(upscale=False, buckets=False)).bucket == (192, 192)
    assert geometry(300, 200, Data()).bucket == (640, 384)


def test_a_bucket_of_its_own_has_no_more_pixels_than_the_resolution_allows() -> None:
    """Rare: both sides round to more together than the bucket that the picture was too small for."""
    width, height = geometry(1147, 881, Data(resolution=928, bucket_step=144, upscale=False)).bucket
    assert width * height <= 928**2
