"""Our loop against diffusers' own pipelines, on the built-in model: same seed, same latents."""

from pathlib import Path
from types import MethodType
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionPipeline
from PIL import Image

from engine.denoise import loop
from engine.denoise.decode import decode
from engine.denoise.noise import Noise
from engine.denoise.samplers import recipe_of, scheduler
from engine.denoise.schedules import SCHEDULES
from engine.denoise.solvers.schedulers import STOCK, ThirdOrder
from engine.denoise.sources import Sources
from engine.denoise.start import from_picture
from engine.denoise.work import Picture, conditioning, picture
from engine.library.load import LoadedModel
from engine.request.generation import GenerationRequest
from engine.request.read import read
from engine.request.samplers import FACTS, SAMPLERS

PROMPT, NEGATIVE = "a red house in a green meadow by day, mountains", "blue"
EVERY = ("Euler a", "DPM++ 2M", "Heun")  # one of each kind with every schedule
USUAL = ("Automatic", "Simple", "Karras")  # the rest is with one sampler only, where nobody asks for what is slow
CASES = [
    pytest.param(sampler, schedule, marks=() if sampler not in EVERY[1:] or schedule in USUAL else pytest.mark.slow)
    for sampler, row in STOCK.items()
    for schedule in (
        ["Automatic", *SCHEDULES] if sampler in EVERY else ["Automatic", "Simple"] if row.lay else ["Automatic"]
    )
    if schedule != "KL Optimal" or FACTS[sampler].evaluations(2) == 2  # else the formula is ours
]


def request(**values: Any) -> GenerationRequest:
    return read(
        {"prompt": PROMPT, "negative_prompt": NEGATIVE, "steps": 5, "seed": 5, "width": 64, "height": 96} | values
    )


def started(asked: GenerationRequest, strength: float) -> GenerationRequest:
    start = {"kind": "picture", "picture": "0" * 64, "strength": strength}
    return GenerationRequest.model_validate({**asked.model_dump(), "start": start})


def alone(model: LoadedModel, asked: GenerationRequest) -> Picture:
    made = picture(model, asked, 0, conditioning(model, asked), Sources(Path()))
    while not made.denoising.finished:
        loop.step([made.denoising])
    return made


def prepared(asked: GenerationRequest, model: LoadedModel, steps: int | None = None) -> Any:
    """diffusers' own scheduler with our levels, which the pipeline must take as it is."""
    sampling = asked.sampling
    made: Any = scheduler(recipe_of(sampling, asked.tuning, model.scheduler_config))[0]
    theirs = next(kind for kind in type(made).__mro__ if kind.__module__.startswith("diffusers."))
    if isinstance(made, ThirdOrder):
        made.step = MethodType(theirs.step, made)  # but for the sign
    else:
        made.__class__ = theirs
    made.noise_sampler_seed = sampling.seed
    made.num_inference_steps = made.num_inference_steps or steps
    made.set_timesteps = lambda *args, **kwargs: None
    return made


@pytest.fixture(scope="module")
def components(postcard: LoadedModel) -> dict[str, Any]:
    return {
        "vae": postcard.vae,
        "text_encoder": postcard.text_encoder,
        "tokenizer": postcard.tokenizer,
        "unet": postcard.unet,
        "safety_checker": None,
        "feature_extractor": None,
        "requires_safety_checker": False,
    }


def run(pipeline: Any, asked: GenerationRequest, **more: Any) -> Any:
    pipeline.set_progress_bar_config(disable=True)
    return pipeline(
        prompt=asked.words.prompt,
        negative_prompt=asked.words.negative_prompt,
        num_inference_steps=asked.sampling.steps,
        guidance_scale=asked.sampling.guidance,
        generator=torch.Generator().manual_seed(asked.sampling.seed),
        **more,
    ).images


@pytest.mark.parametrize(("sampler", "schedule"), CASES)
def test_every_sampler_and_schedule_equals_the_pipeline(
    sampler: str, schedule: str, postcard: LoadedModel, components: dict[str, Any]
) -> None:
    asked = request(sampler=sampler, schedule=schedule)
    pipeline = StableDiffusionPipeline(scheduler=prepared(asked, postcard), **components)
    theirs = run(pipeline, asked, width=64, height=96, output_type="latent")
    ours = alone(postcard, asked).denoising.latents
    assert ours.std() > 0.3
    assert torch.equal(ours, theirs)


def test_the_finished_picture_equals_the_pipelines(postcard: LoadedModel, components: dict[str, Any]) -> None:
    asked = request()
    pipeline = StableDiffusionPipeline(scheduler=prepared(asked, postcard), **components)
    theirs = run(pipeline, asked, width=64, height=96)[0]
    ours = decode(postcard, alone(postcard, asked).denoising.latents)
    assert np.array_equal(np.asarray(ours), np.asarray(theirs))


def test_without_guidance_one_row_equals_the_pipeline(postcard: LoadedModel, components: dict[str, Any]) -> None:
    asked = request(guidance=1)
    pipeline = StableDiffusionPipeline(scheduler=prepared(asked, postcard), **components)
    theirs = run(pipeline, asked, width=64, height=96, output_type="latent")
    assert torch.equal(alone(postcard, asked).denoising.latents, theirs)


def test_clip_skip_takes_an_earlier_layer(postcard: LoadedModel, components: dict[str, Any]) -> None:
    """diffusers 0.42 cannot do it with transformers 5.6 and later, so the pipeline is given the conditioning."""
    asked = request(clip_skip=2)
    ids = postcard.tokenizer([NEGATIVE, PROMPT], padding="max_length", return_tensors="pt").input_ids
    with torch.no_grad():
        layers = [postcard.text_encoder(i[None], output_hidden_states=True).hidden_states for i in ids]
        negative, positive = [postcard.text_encoder.final_layer_norm(layer[-2]) for layer in layers]
    pipeline: Any = StableDiffusionPipeline(scheduler=prepared(asked, postcard), **components)
    pipeline.set_progress_bar_config(disable=True)
    theirs = pipeline(
        prompt_embeds=positive,
        negative_prompt_embeds=negative,
        num_inference_steps=asked.sampling.steps,
        guidance_scale=asked.sampling.guidance,
        generator=torch.Generator().manual_seed(asked.sampling.seed),
        width=64,
        height=96,
        output_type="latent",
    ).images
    ours = alone(postcard, asked).denoising.latents
    assert torch.equal(ours, theirs)
    assert not torch.equal(ours, alone(postcard, request()).denoising.latents)


@pytest.mark.parametrize("sampler", ["Euler a", "DPM++ 2M", "DDIM", "Heun"])
@pytest.mark.parametrize("strength", [0.4, 1.0])
def test_a_picture_as_the_start_equals_the_pipeline(
    sampler: str, strength: float, postcard: LoadedModel, components: dict[str, Any]
) -> None:
    asked = request(sampler=sampler, steps=8)
    source = Image.effect_mandelbrot((64, 96), (-2, -1.5, 1, 1.5), 60).convert("RGB")
    pipeline = StableDiffusionImg2ImgPipeline(scheduler=prepared(asked, postcard), **components)
    theirs = run(pipeline, asked, image=source, strength=strength, output_type="latent")
    ours = alone(postcard, asked).denoising
    made = picture(postcard, asked, 0, conditioning(postcard, asked), Sources(Path()))
    noise = Noise(asked.sampling.seed)
    begun = from_picture(postcard, made.denoising.solver, source, started(asked, strength), noise)
    drawn = made.denoising
    drawn.latents, drawn.index, drawn.noise = begun.latents, begun.index, noise
    while not drawn.finished:
        loop.step([drawn])
    assert torch.equal(drawn.latents, theirs)
    assert not torch.equal(drawn.latents, ours.latents)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_with_a1111s_arithmetic_a_picture_starts_and_ends_otherwise(sampler: str, postcard: LoadedModel) -> None:
    """A step more, and colours cut off: never brighter than rounded ones, by one level at most."""
    asked = request(sampler=sampler, steps=8, arithmetic="AUTOMATIC1111")
    source = Image.effect_mandelbrot((64, 96), (-2, -1.5, 1, 1.5), 60).convert("RGB")
    drawn = picture(postcard, asked, 0, conditioning(postcard, asked), Sources(Path())).denoising
    drawn.noise = Noise(5)
    begun = from_picture(postcard, drawn.solver, source, started(asked, 0.5), drawn.noise)
    drawn.latents, drawn.index = begun.latents, begun.index
    while not drawn.finished:
        loop.step([drawn])
    if FACTS[sampler].automatic:
        assert drawn.solver.steps == 5
    rounded, cut = (np.asarray(decode(postcard, drawn.latents, way), int) for way in ("diffusers", "AUTOMATIC1111"))
    assert 0 <= (rounded - cut).min() < (rounded - cut).max() == 1
