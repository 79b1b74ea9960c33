"""Previews show the picture to come, also while the latents are far from finished."""

from io import BytesIO

import numpy as np
from PIL import Image

from engine.denoise.preview import SIDE, fit, jpeg
from engine.library.load import LoadedModel


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(data))).astype(float)


def test_a_guess_that_overshoots_is_still_seen(postcard: LoadedModel) -> None:
    latents = np.random.default_rng(1).normal(-1, 0.5, (4, 16, 16)).astype(np.float32)
    loud = pixels(jpeg(latents * 6, fit(postcard), 8))
    assert loud.std() > 10
    assert 5 < loud.mean() < 250


def test_a_preview_has_the_pictures_shape_and_is_small(postcard: LoadedModel) -> None:
    latents = np.zeros((4, 96, 48), np.float32)
    assert Image.open(BytesIO(jpeg(latents, fit(postcard), 8))).size == (SIDE // 2, SIDE)


def test_latents_that_are_no_numbers_make_a_preview_too(postcard: LoadedModel) -> None:
    assert pixels(jpeg(np.full((4, 16, 16), np.nan, np.float32), fit(postcard), 8)).shape == (128, 128, 3)
