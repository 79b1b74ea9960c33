"""Our loop, previews, PNG and all, against StableDiffusionPipeline alone, on the built-in model in float32."""

from typing import Any

import torch
from diffusers import StableDiffusionPipeline

from benchmarks.drawing import MODELS, PROMPT, finish, job, painter
from benchmarks.table import Row, interleaved, ratio, timed
from engine.denoise.samplers import recipe_of, scheduler
from engine.request.parts import Sampling, Tuning

SIZES = ((128, 20), (256, 20))


def measure(runs: int) -> list[Row]:
    pipeline: Any = StableDiffusionPipeline.from_pretrained(MODELS / "checkpoints" / "postcard", dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    rows: list[Row] = []
    with painter() as made:
        for side, steps in SIZES:

            def ours(side: int = side, steps: int = steps) -> None:
                made.add(job(made, width=side, height=side, steps=steps))
                finish(made)

            def theirs(side: int = side, steps: int = steps) -> None:
                solver: Any = scheduler(recipe_of(Sampling(steps=steps), Tuning(), pipeline.scheduler.config))[0]
                solver.set_timesteps = lambda *args, **kwargs: None
                pipeline.scheduler = solver
                generator = torch.Generator().manual_seed(7)
                pipeline(
                    PROMPT, width=side, height=side, num_inference_steps=steps, guidance_scale=5.0, generator=generator
                )

            taken = interleaved({"ours": ours, "theirs": theirs}, max(runs, 9))
            rows.append(timed(f"a picture of {side} px in {steps} steps", taken["ours"]))
            rows.append(ratio(f"ours / pipeline, {side} px", taken["ours"], taken["theirs"], "<= 1.05"))
    return rows
