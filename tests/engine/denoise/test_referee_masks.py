"""Our starts from pictures and masks against diffusers' pipelines: checkpoints of four and of nine channels, same latents."""

import io
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionInpaintPipeline
from PIL import Image, ImageDraw

from engine.denoise import loop
from engine.denoise.sources import Sources
from engine.denoise.work import Picture, conditioning, picture
from engine.library.load import LoadedModel, load
from engine.library.scan import Library
from engine.picture.inputs import put_input
from engine.request.generation import GenerationRequest
from engine.request.samplers import SAMPLERS
from tests.engine.denoise.test_referee import prepared, request, run
from tests.engine.library.tiny import write_sd1

SIZE = (64, 96)
PLAIN = {"mask_blur": 0, "match_seam": False}
WHOLE = ("Euler", "DPM++ 2M", "Euler a", "DPM++ 2M SDE", "DPM2 a", "LCM")
# Begun in the middle, diffusers' LMS counts slopes that were left out and its PLMS asks twice for another step: those
# two are compared from the beginning. All others, and what they keep, are in the last but one test.
CASES = [*((name, 0.6) for name in WHOLE), *((name, 1.0) for name in ("DDIM", "Heun", "UniPC", "LMS", "PLMS"))]


def source() -> Image.Image:
    return Image.effect_mandelbrot(SIZE, (-2, -1.5, 1, 1.5), 60).convert("RGB")


def mask() -> Image.Image:
    """On the grid of the latents, where ours and diffusers' way of scaling a mask agree."""
    made = Image.new("L", SIZE)
    ImageDraw.Draw(made).rectangle((16, 24, 47, 79), fill=255)
    return made


def kept(folder: Path, image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, "PNG")
    return put_input(folder, file.getvalue())


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("inputs")


@pytest.fixture(scope="module")
def start(inputs: Path) -> dict[str, Any]:
    return {"start": "mask", "picture": kept(inputs, source()), "mask": kept(inputs, mask()), **PLAIN}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[int, LoadedModel]:
    """Random weights, by the network's input channels."""
    folder = tmp_path_factory.mktemp("tiny")
    for channels in (4, 9):
        write_sd1(folder / "models" / "checkpoints" / f"{channels}.safetensors", 5, in_channels=channels)
    library = Library(folder / "models", folder / "cache")
    library.refresh()
    return {n: load(library.find(str(n)), torch.device("cpu"), torch.float32) for n in (4, 9)}


def begun(model: LoadedModel, asked: GenerationRequest, inputs: Path) -> Picture:
    return picture(model, asked, 0, conditioning(model, asked), Sources(inputs))


def drawn(model: LoadedModel, asked: GenerationRequest, inputs: Path) -> torch.Tensor:
    made = begun(model, asked, inputs)
    while not made.denoising.finished:
        loop.step([made.denoising])
    return made.denoising.latents


def pipeline(kind: Any, model: LoadedModel, asked: GenerationRequest) -> Any:
    return kind(
        vae=model.vae,
        text_encoder=model.text_encoder,
        tokenizer=model.tokenizer,
        unet=model.unet,
        scheduler=prepared(asked, model),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


@pytest.mark.parametrize("channels", [4, 9])
@pytest.mark.parametrize(("sampler", "strength"), CASES)
def test_a_mask_as_the_start_equals_the_pipeline(
    sampler: str, strength: float, channels: int, tiny: dict[int, LoadedModel], start: dict[str, Any], inputs: Path
) -> None:
    asked = request(**start, sampler=sampler, strength=strength, steps=6)
    theirs = run(
        pipeline(StableDiffusionInpaintPipeline, tiny[channels], asked),
        asked,
        image=source(),
        mask_image=mask(),
        strength=strength,
        width=SIZE[0],
        height=SIZE[1],
        output_type="latent",
    )
    ours = drawn(tiny[channels], asked, inputs)
    assert ours.std() > 0.1
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize("sampler", ["Euler a", "DPM++ 2M"])
def test_the_built_in_model_with_a_mask_equals_the_pipeline(
    sampler: str, postcard: LoadedModel, start: dict[str, Any], inputs: Path
) -> None:
    asked = request(**start, sampler=sampler, strength=0.8)
    theirs = run(
        pipeline(StableDiffusionInpaintPipeline, postcard, asked),
        asked,
        image=source(),
        mask_image=mask(),
        strength=0.8,
        width=SIZE[0],
        height=SIZE[1],
        output_type="latent",
    )
    assert torch.equal(drawn(postcard, asked, inputs), theirs)


@pytest.mark.parametrize("sampler", ["Euler a", "DPM++ 2M"])
def test_a_picture_as_the_start_equals_the_pipeline(sampler: str, tiny: dict[int, LoadedModel], inputs: Path) -> None:
    asked = request(start="picture", picture=kept(inputs, source()), strength=0.7, sampler=sampler, steps=6)
    theirs = run(
        pipeline(StableDiffusionImg2ImgPipeline, tiny[4], asked),
        asked,
        image=source(),
        strength=0.7,
        output_type="latent",
    )
    assert torch.equal(drawn(tiny[4], asked, inputs), theirs)


@pytest.mark.parametrize(
    ("sampler", "arithmetic"),
    [*((s, "diffusers") for s in SAMPLERS), ("Euler", "AUTOMATIC1111"), ("DDIM", "AUTOMATIC1111")],
)
def test_what_is_kept_ends_as_the_source(
    sampler: str, arithmetic: str, postcard: LoadedModel, start: dict[str, Any], inputs: Path
) -> None:
    """With every sampler, company or not, the latents outside the mask are the encoded picture again."""
    asked = request(**start, sampler=sampler, arithmetic=arithmetic, strength=0.8, steps=6)
    made = begun(postcard, asked, inputs).denoising
    other = begun(postcard, request(seed=3), inputs).denoising
    assert made.keep is not None
    while not made.finished:
        loop.step([made, *([] if other.finished else [other])])
    outside = made.keep.mask == 0
    assert 0 < outside.float().mean() < 1
    ends = made.latents - made.keep.source
    assert torch.equal(ends.masked_select(outside), torch.zeros_like(ends).masked_select(outside))
    assert ends.masked_select(~outside).abs().mean() > 0.05


def test_an_inpainting_network_draws_without_a_mask_as_if_all_were_covered(
    tiny: dict[int, LoadedModel], inputs: Path
) -> None:
    for values in ({}, {"start": "picture", "picture": kept(inputs, source())}):
        made = begun(tiny[9], request(**values), inputs).denoising
        assert made.beside is not None
        assert made.beside.shape == (1, 5, 12, 8)
        assert made.keep is None
        assert made.beside[:, 0].min() == 1
        loop.step([made])
        assert made.latents.isfinite().all()
