"""A starting picture comes to the size that is drawn, or says which size it would like."""

import numpy as np
import pytest
from PIL import Image

from engine.picture.fill import seam_matched, smoothly_filled
from engine.picture.fit import fitted, framed, natural_size
from engine.picture.lab import corrected, levels


def stripes() -> Image.Image:
    """Red, green and blue side by side, 90 x 30."""
    colours = np.repeat(np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8), 30, 1)
    return Image.fromarray(np.repeat(colours, 30, 0))


def test_stretching_keeps_all_and_cropping_the_middle() -> None:
    assert fitted(stripes(), (60, 60), "Just resize").getpixel((2, 30)) == (255, 0, 0)
    middle = fitted(stripes(), (60, 60), "Crop and resize")
    assert middle.size == (60, 60)
    assert middle.getpixel((30, 30)) == (0, 255, 0)
    assert middle.getpixel((8, 30)) == (0, 255, 0)


def test_filling_shows_all_and_draws_the_edges_out() -> None:
    made = fitted(stripes(), (90, 90), "Resize and fill")
    assert np.array_equal(np.asarray(made)[30:60], np.asarray(stripes()))
    assert np.array_equal(np.asarray(made)[0], np.asarray(stripes())[0])
    assert np.array_equal(np.asarray(made)[-1], np.asarray(stripes())[-1])


def test_a_picture_of_the_right_size_keeps_its_pixels_and_transparency_lies_on_white() -> None:
    assert np.array_equal(np.asarray(fitted(stripes(), (90, 30), "Just resize")), np.asarray(stripes()))
    assert fitted(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), (8, 8), "Just resize").getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("picture", "given", "size"),
    [
        ((500, 333), (None, None), (496, 336)),
        ((4000, 3000), (None, None), (1184, 888)),  # at most four times the model's pixels
        ((10, 10), (None, None), (64, 64)),
        ((16000, 100), (None, None), (2048, 64)),
        ((600, 300), (400, None), (400, 200)),
        ((600, 300), (None, 400), (800, 400)),
        ((600, 300), (128, 128), (128, 128)),
    ],
)
def test_the_size_follows_the_picture(
    picture: tuple[int, int], given: tuple[int | None, int | None], size: tuple[int, int]
) -> None:
    assert natural_size(picture, (512, 512), given) == size


def test_a_frame_grows_the_picture_and_leaves_it_in_its_place() -> None:
    grown = framed(stripes(), (5, 6, 7, 8))
    assert grown.size == (102, 44)
    assert grown.crop((5, 6, 95, 36)).tobytes() == stripes().tobytes()


def test_a_smooth_fill_goes_from_one_side_to_the_other_and_touches_nothing_else() -> None:
    ramp = Image.fromarray(np.tile(np.arange(0, 192, 3, dtype=np.uint8)[None, :, None], (64, 1, 3)))
    hole = Image.new("L", ramp.size)
    hole.paste(255, (16, 16, 48, 48))
    broken = ramp.copy()
    broken.paste((255, 0, 255), (16, 16, 48, 48))
    mended = np.asarray(smoothly_filled(broken, hole), int)
    outside = np.asarray(hole) == 0
    assert np.array_equal(mended[outside], np.asarray(ramp)[outside])
    assert np.abs(mended - np.asarray(ramp, int)).max() < 20  # the hole is 96 levels wide
    assert np.abs(np.diff(mended[32, :, 0])).max() < 12


def test_a_matched_seam_takes_a_shift_of_colour_away_and_leaves_what_was_drawn() -> None:
    source = stripes().resize((96, 64))
    changing = Image.new("L", source.size)
    changing.paste(255, (32, 16, 64, 48))
    drawn = np.asarray(source, int) // 2 + 40
    drawn[24:40, 40:56] += 30
    shifted = Image.fromarray((drawn + 9).astype(np.uint8))
    like = Image.fromarray(drawn.astype(np.uint8))
    like.paste(Image.fromarray(np.where(np.asarray(changing)[..., None] > 0, 0, drawn).astype(np.uint8)))
    matched = np.asarray(seam_matched(shifted, like, changing), int)
    inside = np.asarray(changing) > 0
    assert np.abs(matched - drawn)[inside].max() <= 1


def test_colour_correction_gives_the_colours_and_keeps_the_lightness() -> None:
    chance = np.random.default_rng(2)
    drawn = Image.fromarray(chance.integers(60, 180, (64, 64, 3), dtype=np.uint8))
    like = Image.fromarray((np.asarray(drawn) * [1.2, 1.0, 0.6]).astype(np.uint8))
    made = corrected(drawn, like)
    colours = [levels(picture)[..., 1:].reshape(-1, 2).mean(0) for picture in (drawn, like, made)]
    assert np.abs(colours[2] - colours[1]).max() < 0.3 * np.abs(colours[0] - colours[1]).max()
    weights = [0.3, 0.59, 0.11]
    assert np.abs(np.asarray(made) @ weights - np.asarray(drawn) @ weights).mean() < 1.5
    assert np.abs(np.asarray(corrected(drawn, drawn), int) - np.asarray(drawn, int)).max() <= 3


def test_lab_is_opencvs() -> None:
    """Values of cv2.cvtColor(..., COLOR_RGB2LAB)."""
    row = Image.fromarray(np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [0, 0, 0]]], np.uint8))
    known = [[136, 208, 195], [224, 42, 211], [82, 207, 20], [255, 128, 128], [0, 128, 128]]
    assert np.abs(levels(row)[0].astype(int) - known).max() <= 1
