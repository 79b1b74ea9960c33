"""Picture steps keep what they promise, measured; and the same is made of the same every time."""

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from engine.picture.steps import denoise, planes
from engine.picture.steps.planes import luminance, pixels_of
from engine.picture.steps.table import PICTURE_STEPS, PixelStep, take, whole
from engine.request.restoring import Contrast, Deblur, Denoise, Grain, Sharpen


def scene(width: int = 128, height: int = 96) -> Image.Image:
    """Flat parts, edges, a slope and a texture."""
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    pixels = np.stack([60 + across, 200 - down, 90 + 40 * np.sin(across / 3)], -1).astype(np.float32)
    pixels[30:70, 20:60] = (210, 60, 40)
    pixels[(across - 92) ** 2 + (down - 50) ** 2 < 600] = (40, 90, 200)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def noised(picture: Image.Image, sigma: float) -> Image.Image:
    noise = np.random.default_rng(1).normal(0, sigma, (picture.height, picture.width, 3))
    return Image.fromarray((pixels_of(picture) + noise).round().clip(0, 255).astype(np.uint8))


def psnr(one: Image.Image, other: Image.Image) -> float:
    return float(10 * np.log10(255**2 / max(1e-6, np.mean((pixels_of(one) - pixels_of(other)) ** 2))))


def sharpness(picture: Image.Image) -> float:
    return float(np.abs(ndimage.laplace(luminance(pixels_of(picture)))).mean())


@pytest.mark.parametrize("sigma", [8, 20])
def test_denoising_brings_a_noised_picture_back(sigma: float) -> None:
    clean = scene()
    bad = noised(clean, sigma)
    assert psnr(whole(take(bad, Denoise(noise=sigma))), clean) > psnr(bad, clean) + 6


def test_noise_is_measured_where_it_is_not_said() -> None:
    bad = noised(scene(), 12)
    assert denoise.noise_of(pixels_of(bad)) == pytest.approx(12, rel=0.25)
    assert psnr(whole(take(bad, Denoise())), scene()) > psnr(bad, scene()) + 5


def test_a_clean_picture_is_hardly_touched_by_denoising() -> None:
    assert psnr(whole(take(scene(), Denoise())), scene()) > 45


def test_half_a_share_of_denoising_lies_between() -> None:
    bad = noised(scene(), 15)
    half, all_ = (whole(take(bad, Denoise(noise=15, share=share))) for share in (0.5, 1.0))
    assert psnr(bad, scene()) < psnr(half, scene()) < psnr(all_, scene())


def test_bands_leave_no_seam_in_a_denoised_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = noised(scene(), 15)
    at_once = whole(take(bad, Denoise(noise=15)))
    monkeypatch.setattr(planes, "BAND", 128 * 17)
    assert np.abs(pixels_of(whole(take(bad, Denoise(noise=15)))) - pixels_of(at_once)).max() <= 1


def test_deblurring_brings_a_blurred_picture_back() -> None:
    clean = scene().convert("L").convert("RGB")
    pixels = ndimage.gaussian_filter(pixels_of(clean), (1.5, 1.5, 0))
    blurred = Image.fromarray(pixels.round().astype(np.uint8))
    made = whole(take(blurred, Deblur(radius=1.5)))
    assert psnr(made, clean) > psnr(blurred, clean) + 1.5
    assert sharpness(made) > 1.3 * sharpness(blurred)


def test_sharpening_makes_edges_stand_out_and_gives_them_no_coloured_rim() -> None:
    made = whole(take(scene(), Sharpen(amount=1, threshold=0)))
    assert sharpness(made) > 1.3 * sharpness(scene())
    grey = scene().convert("L").convert("RGB")
    found = pixels_of(whole(take(grey, Sharpen(amount=1))))
    assert np.abs(found - found.mean(2, keepdims=True)).max() < 1


def test_sharpening_below_its_threshold_leaves_noise_as_it_is() -> None:
    flat = noised(Image.new("RGB", (64, 64), (120, 120, 120)), 1.5)
    assert psnr(whole(take(flat, Sharpen(amount=3, threshold=10))), flat) > 60
    assert psnr(whole(take(flat, Sharpen(amount=3, threshold=0))), flat) < 45


def test_contrast_spreads_tones_and_keeps_their_middle() -> None:
    before = luminance(pixels_of(scene()))
    after = luminance(pixels_of(whole(take(scene(), Contrast(contrast=0.3)))))
    assert after.std() > 1.15 * before.std()
    assert after.mean() == pytest.approx(before.mean(), abs=2)


def test_auto_levels_use_all_tones() -> None:
    dull = Image.fromarray((100 + 0.2 * pixels_of(scene().convert("L"))).astype(np.uint8))
    made = luminance(pixels_of(whole(take(dull, Contrast(contrast=0, levels=1)))))
    assert np.percentile(made, 1) < 14
    assert np.percentile(made, 99) > 241


def test_brightness_leaves_black_and_white_and_saturation_leaves_grey() -> None:
    ends = Image.fromarray(np.array([[[0] * 3, [128] * 3, [255] * 3]] * 8, np.uint8))
    made = pixels_of(whole(take(ends, Contrast(contrast=0, brightness=0.5))))[0, :, 0]
    assert made[0] == 0
    assert made[1] > 150
    assert made[2] == 255
    assert whole(take(ends, Contrast(contrast=0, saturation=0.7))).tobytes() == ends.tobytes()
    grey = pixels_of(whole(take(scene(), Contrast(contrast=0, saturation=-1))))
    assert np.abs(grey - grey.mean(2, keepdims=True)).max() <= 1


def test_grain_has_the_strength_that_was_asked_and_comes_back_with_its_seed() -> None:
    middle = Image.new("RGB", (200, 200), (128, 128, 128))
    made = whole(take(middle, Grain(amount=8, seed=5)))
    assert pixels_of(made).std() == pytest.approx(8, rel=0.1)
    assert whole(take(middle, Grain(amount=8, seed=5))).tobytes() == made.tobytes()
    assert whole(take(middle, Grain(amount=8, seed=6))).tobytes() != made.tobytes()
    black = Image.new("RGB", (64, 64))
    assert whole(take(black, Grain(amount=8, seed=5))).tobytes() == black.tobytes()


@pytest.mark.parametrize(
    "step", [Denoise(), Deblur(), Sharpen(), Contrast(), Grain(seed=1)], ids=lambda step: step.kind
)
def test_the_same_comes_out_every_time_of_the_same_size_with_its_transparency(step: PixelStep) -> None:
    source = noised(scene(), 5)
    source.putalpha(Image.linear_gradient("L").resize(source.size))
    one, two = whole(take(source, step)), whole(take(source, step))
    assert one.tobytes() == two.tobytes()
    assert (one.size, one.mode) == (source.size, "RGBA")
    assert one.getchannel("A").tobytes() == source.getchannel("A").tobytes()


@pytest.mark.parametrize("step", PICTURE_STEPS, ids=lambda step: step.__name__)
@pytest.mark.parametrize("size", [(8, 8), (9, 64), (64, 8)])
def test_the_smallest_pictures_pass(step: type[PixelStep], size: tuple[int, int]) -> None:
    assert whole(take(scene(*size), step())).size == size
