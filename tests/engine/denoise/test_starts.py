"""Starts from pictures and masks with the built-in model: what stays, what the neighbours notice, what the eye sees."""

import io
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from engine.denoise import loop
from engine.denoise.decode import decode
from engine.denoise.finish import finish
from engine.denoise.keep import Keep
from engine.denoise.sources import Sources
from engine.denoise.work import Picture, conditioning, picture
from engine.library.load import LoadedModel
from engine.picture.inputs import put_input
from engine.picture.judge import judged
from engine.provenance.mark import mark_of
from engine.request.generation import GenerationRequest
from engine.request.read import read
from engine.request.samplers import SAMPLERS

HOUSE = "a red house in a green meadow by day, mountains"


def asked(**values: Any) -> GenerationRequest:
    return read({"prompt": HOUSE, "steps": 5, "seed": 5, "width": 64, "height": 64} | values)


def begun(model: LoadedModel, request: GenerationRequest, inputs: Path) -> Picture:
    return picture(model, request, 0, conditioning(model, request), Sources(inputs))


def finished(model: LoadedModel, request: GenerationRequest, inputs: Path) -> tuple[Image.Image, int | None]:
    made = begun(model, request, inputs)
    while not made.denoising.finished:
        loop.step([made.denoising])
    image = decode(model, made.denoising.latents)
    done = finish(image, made.ending, "x", request.output, mark_of(request, None, inputs))
    return Image.open(io.BytesIO(done.file)), done.outside


def kept(folder: Path, image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, "PNG")
    return put_input(folder, file.getvalue())


def spot(size: tuple[int, int], box: tuple[int, int, int, int]) -> Image.Image:
    made = Image.new("L", size)
    made.paste(255, box)
    return made


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("inputs")


@pytest.fixture(scope="module")
def house(postcard: LoadedModel, inputs: Path) -> Image.Image:
    """128 x 128, drawn by the model."""
    return finished(postcard, asked(width=128, height=128, steps=12), inputs)[0]


def masked(inputs: Path, **values: Any) -> GenerationRequest:
    start = {"start": "mask", "picture": kept(inputs, Image.effect_mandelbrot((64, 64), (-2, -1, 1, 1), 50))}
    return asked(**start, mask=kept(inputs, spot((64, 64), (16, 16, 48, 48))), **values)


def test_masked_pictures_share_steps_with_others_and_none_notices(postcard: LoadedModel, inputs: Path) -> None:
    """They join one after the other and leave as they finish; hard masks, soft ones and none, each sampler once."""
    soft = {"soft_inpainting": True, "mask_blur": 12}
    wishes = [masked(inputs, sampler=s, seed=i, **(soft if i % 3 == 0 else {})) for i, s in enumerate(SAMPLERS)]
    wishes = [asked(seed=99), *wishes, asked(seed=98, sampler="Euler a")]
    alone = []
    for wish in wishes:
        made = begun(postcard, wish, inputs).denoising
        while not made.finished:
            loop.step([made])
        alone.append(made.latents)
    together = [begun(postcard, wish, inputs).denoising for wish in wishes]
    arriving, running = list(together), []
    while arriving or running:
        running, arriving = [*running, *arriving[:2]], arriving[2:]
        loop.step(running)
        running = [made for made in running if not made.finished]
    for expected, made in zip(alone, together, strict=True):
        assert float((expected - made.latents).abs().max()) < 1e-4


def test_a_mask_in_the_batch_does_not_change_a_bit_of_its_companions(postcard: LoadedModel, inputs: Path) -> None:
    def beside(other: GenerationRequest) -> torch.Tensor:
        one, two = (begun(postcard, wish, inputs).denoising for wish in (asked(), other))
        while not one.finished:
            loop.step([one, *([] if two.finished else [two])])
        return one.latents

    assert torch.equal(beside(asked(seed=8)), beside(masked(inputs, seed=8, strength=1)))


def test_a_mask_costs_its_companions_next_to_nothing(postcard: LoadedModel, inputs: Path) -> None:
    """The keep rule takes less than a twentieth of a step."""
    made = begun(postcard, masked(inputs, steps=20), inputs).denoising
    assert made.keep is not None
    begin = time.thread_time()
    for _ in range(5):
        loop.step([made, begun(postcard, asked(steps=20), inputs).denoising])
    a_step = (time.thread_time() - begin) / 5
    begin = time.thread_time()
    for _ in range(50):
        made.keep.after(made.solver, made.index, made.latents)
    assert (time.thread_time() - begin) / 50 < a_step / 20


def test_soft_inpainting_sets_greys_free_one_after_the_other(postcard: LoadedModel, inputs: Path) -> None:
    """At step i of n, counted from 0, a grey g is free if it is at least 1 - i / n (Levin & Fried, algorithm 1)."""
    request = asked(start="picture", picture=kept(inputs, Image.new("RGB", (64, 64))), strength=0.8, steps=10)
    made = begun(postcard, request, inputs).denoising
    greys = torch.tensor([0.0, 0.1, 0.25, 0.5, 0.75, 1.0]).view(1, 1, 1, 6)
    keep = Keep(torch.zeros(1, 1, 1, 6), torch.zeros(1, 1, 1, 6), greys, soft=True, first=made.index)
    free = []
    while not made.finished:
        loop.step([made])
        free.append((keep.after(made.solver, made.index, torch.ones(1, 1, 1, 6)) > 0).flatten().tolist())
    assert len(free) == 8
    for i, row in enumerate(free[:-1], 1):
        assert row == [g >= 1 - i / 8 for g in greys.flatten().tolist()]
    assert free[-1] == [False, True, True, True, True, True]


def test_darker_greys_change_less(postcard: LoadedModel, inputs: Path, house: Image.Image) -> None:
    bands = Image.new("L", house.size)
    for i, grey in enumerate((255, 170, 90, 30)):
        bands.paste(grey, (i * 32, 0, i * 32 + 32, 128))
    start = {"start": "mask", "picture": kept(inputs, house), "mask": kept(inputs, bands), "soft_inpainting": True}
    wish = asked(**start, prompt="snow at night", strength=1, steps=12, mask_blur=0, width=128, height=128)
    made, _ = finished(postcard, wish, inputs)
    change = np.abs(np.asarray(made, int) - np.asarray(house, int)).mean((0, 2)).reshape(4, 32).mean(1)
    assert min(change[:2]) > change[2] > change[3]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"inpaint_area": "Only masked", "masked_padding": 8},
        {"masked_content": "fill"},
        {"masked_content": "latent noise"},
        {"masked_content": "latent nothing", "arithmetic": "AUTOMATIC1111"},
        {"width": 96, "height": 64},
    ],
)
def test_what_the_mask_covers_is_drawn_anew_and_the_rest_stays_to_the_byte(
    values: dict[str, Any], postcard: LoadedModel, inputs: Path, house: Image.Image
) -> None:
    start = {"start": "mask", "picture": kept(inputs, house), "mask": kept(inputs, spot((128, 128), (40, 50, 90, 110)))}
    wish = asked(
        **{"width": 128, "height": 128, **start, "prompt": "a blue boat", "strength": 0.9, "steps": 10, **values}
    )
    made, outside = finished(postcard, wish, inputs)
    assert outside == 0
    assert made.size == (128, 128)
    change = np.abs(np.asarray(made, int) - np.asarray(house, int)).max(-1)
    far = np.ones((128, 128), bool)
    far[34:126, 24:106] = False
    assert change[far].max() == 0
    assert change[55:105, 45:85].mean() > 10


def test_the_same_start_makes_the_same_pixels(postcard: LoadedModel, inputs: Path, house: Image.Image) -> None:
    wish = asked(start="mask", picture=kept(inputs, house), outpaint_left=32, width=96, height=80, strength=0.9)
    one, two = (finished(postcard, wish, inputs)[0].tobytes() for _ in range(2))
    assert one == two


@pytest.mark.parametrize("edge", ["left", "right", "bottom"])  # above its sky Postcard likes to draw a second horizon
def test_a_picture_grows_without_a_seam(edge: str, postcard: LoadedModel, inputs: Path, house: Image.Image) -> None:
    """Across the border the picture changes no more than it does between its own rows or columns."""
    wish = read(
        {
            "prompt": HOUSE,
            "start": "mask",
            "picture": kept(inputs, house),
            f"outpaint_{edge}": 64,
            "strength": 1,
            "seed": 3,
        }
    )
    wish = judged(wish, inputs, (128, 128))
    made, outside = finished(postcard, wish, inputs)
    assert outside == 0
    assert made.size == ((192, 128) if edge in ("left", "right") else (128, 192))
    assert wish.size == made.size
    pixels = np.asarray(made, float)
    if edge == "bottom":
        pixels = pixels.transpose(1, 0, 2)
    border = 64 if edge == "left" else 128
    steps = np.abs(np.diff(pixels, axis=1)).mean((0, 2))  # between two columns
    own = steps[border:] if edge == "left" else steps[: border - 1]
    assert steps[border - 1] <= np.quantile(own, 0.95)


def test_colour_correction_brings_the_colours_of_the_start_back(
    postcard: LoadedModel, inputs: Path, house: Image.Image
) -> None:
    tinted = Image.fromarray((np.asarray(house) * [1.0, 0.75, 0.75]).astype(np.uint8))
    start = {"start": "picture", "picture": kept(inputs, tinted), "strength": 0.7, "width": 128, "height": 128}
    means = [
        np.asarray(finished(postcard, asked(**start, colour_correction=yes), inputs)[0], float).mean((0, 1))
        for yes in (False, True)
    ]
    wanted = np.asarray(tinted, float).mean((0, 1))
    shares = [mean / mean.sum() - wanted / wanted.sum() for mean in means]
    assert np.abs(shares[1]).max() < np.abs(shares[0]).max()


@pytest.mark.parametrize("mode", ["Just resize", "Crop and resize", "Resize and fill", "Just resize (latent upscale)"])
def test_every_resize_mode_draws_at_the_size_that_was_asked_for(
    mode: str, postcard: LoadedModel, inputs: Path, house: Image.Image
) -> None:
    wide = kept(inputs, house.crop((0, 20, 127, 110)))
    wish = asked(start="picture", picture=wide, resize_mode=mode, strength=0.3, width=64, height=96)
    made, outside = finished(postcard, wish, inputs)
    assert (made.size, outside) == ((64, 96), None)
    assert np.asarray(made).std() > 15
