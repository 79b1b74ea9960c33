"""Full-size Stable Diffusion 1.5 with random weights at 256 px: diffusers' pipeline in float32, ours in both formats."""

import copy
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from benchmarks.drawing import PROMPT
from benchmarks.table import Row, interleaved, ratio, timed
from engine.denoise import loop
from engine.denoise.decode import decode
from engine.denoise.samplers import recipe_of, scheduler
from engine.denoise.solvers.schedulers import Scheduler
from engine.denoise.sources import Sources
from engine.denoise.work import conditioning, picture
from engine.library.families.table import FAMILIES
from engine.library.load import LoadedModel
from engine.library.model import ModelFile
from engine.request.parts import Sampling, Tuning
from engine.request.read import read

SIDE, STEPS = 256, 4


def euler(model: LoadedModel) -> Scheduler:
    return scheduler(recipe_of(Sampling(sampler="Euler", steps=STEPS), Tuning(), model.scheduler_config))[0]


def measure(runs: int) -> list[Row]:
    full, half = model(torch.float32), model(torch.bfloat16)
    pipeline: Any = StableDiffusionPipeline(
        vae=full.vae,
        text_encoder=full.text_encoder,
        tokenizer=full.tokenizer,
        unet=full.unet,
        scheduler=euler(full),  # pyright: ignore[reportArgumentType]
        safety_checker=None,  # pyright: ignore[reportArgumentType]
        feature_extractor=None,  # pyright: ignore[reportArgumentType]
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)

    def theirs() -> None:
        solver: Any = euler(full)
        solver.set_timesteps = lambda *args, **kwargs: None
        pipeline.scheduler = solver
        pipeline(
            PROMPT,
            width=SIDE,
            height=SIDE,
            num_inference_steps=STEPS,
            guidance_scale=7.0,
            generator=torch.Generator().manual_seed(7),
        )

    ways = {"theirs": theirs, "full": lambda: draw(full), "half": lambda: draw(half)}
    taken = interleaved(ways, min(runs, 5))
    return [
        timed(f"pipeline, float32, {STEPS} steps", taken["theirs"]),
        ratio("ours float32 / pipeline", taken["full"], taken["theirs"], "<= 1.05"),
        ratio("pipeline / ours bfloat16", taken["theirs"], taken["half"], ">= 1.7"),
    ]


def draw(made: LoadedModel) -> None:
    """Prompt, steps and decoding, as the pipeline does them."""
    asked = read(
        {
            "prompt": PROMPT,
            "width": SIDE,
            "height": SIDE,
            "steps": STEPS,
            "sampler": "Euler",
            "schedule": "Uniform",
            "guidance": 7,
            "seed": 7,
        }
    )
    drawn = picture(made, asked, 0, conditioning(made, asked), Sources(Path())).denoising
    while not drawn.finished:
        loop.step([drawn])
    decode(made, drawn.latents)


def model(dtype: torch.dtype) -> LoadedModel:
    """Random weights of the family's full size; seconds do not depend on what they say."""
    family = FAMILIES["sd1"]
    torch.manual_seed(0)
    parts: list[Any] = [
        UNet2DConditionModel.from_config(copy.deepcopy(family.unet)),
        AutoencoderKL.from_config(copy.deepcopy(family.vae)),
        CLIPTextModel(CLIPTextConfig(**family.text_encoder)),
    ]
    unet, vae, text_encoder = (part.to(dtype).eval().requires_grad_(False) for part in parts)
    return LoadedModel(
        source=ModelFile("random", Path(), "file", "checkpoint", "sd1", 0, None, 512, 512),
        name="random",
        hash="",
        family=family,
        unet=unet,
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=CLIPTokenizer.from_pretrained(str(family.tokenizer)),
        scheduler_config=dict(family.scheduler),
        dtype=dtype,
        device=torch.device("cpu"),
        nbytes=0,
        width=512,
        height=512,
        files={},
    )
