"""A request to restore, looked at before it is accepted: pictures there, sizes bearable, upscalers by hash, seeds drawn."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.additions import Shelf, here
from engine.picture.inputs import input_bytes
from engine.picture.open import upright
from engine.picture.steps.resize import after
from engine.request.restoring import Grain, RestoreRequest, Step, Upscale
from engine.request.upscalers import PIXEL_UPSCALERS


def settled(asked: RestoreRequest, inputs: Path, upscalers: Shelf[Any], draw_seed: Callable[[], int]) -> RestoreRequest:
    """A settled request settles to itself. Raises NotFound or BadRequest for what cannot be made."""
    steps = tuple(settled_step(step, at, upscalers, draw_seed) for at, step in enumerate(asked.steps))
    sizes = tuple(upright(input_bytes(inputs, picture, "pictures")) for picture in asked.pictures)
    for size in sizes:
        after(size, steps)
    return asked.with_(steps=[step.model_dump() for step in steps], sizes=sizes)


def settled_step(step: Step, at: int, upscalers: Shelf[Any], draw_seed: Callable[[], int]) -> Step:
    match step:
        case Upscale(upscaler=name) if name not in PIXEL_UPSCALERS:
            found = here(upscalers, name, step.upscaler_hash, "upscaler", f"steps.{at}.upscaler")
            told = {"upscaler": found.name, "upscaler_hash": upscalers.hash_of(found)}
            return step.model_copy(update=told)
        case Grain(seed=seed) if seed < 0:
            return step.model_copy(update={"seed": draw_seed()})
        case _:
            return step
