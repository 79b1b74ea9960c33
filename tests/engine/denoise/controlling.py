"""What the tests of control draw with: random networks for the built-in model, pictures of noise, requests that name them."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from engine.denoise import loop
from engine.denoise.control import units_of
from engine.denoise.sources import Sources
from engine.denoise.work import Picture, conditioning, picture
from engine.library.load import LoadedModel
from engine.library.load_control import LoadedControl, load_control
from engine.library.scan import Library
from engine.picture.inputs import put_input
from engine.request.generation import GenerationRequest
from engine.request.read import read
from tests.engine.denoise.test_referee import NEGATIVE, PROMPT
from tests.engine.library import tiny_control

SIZE = (64, 96)
NAMES = ("first", "second")


def write_networks(model: LoadedModel, folder: Path) -> None:
    for seed, name in enumerate(NAMES):
        tiny_control.write_folder(tiny_control.controlnet_for(model.unet, seed), folder / name)


def loaded(library: Library) -> dict[str, LoadedControl]:
    return {
        f"{at}" * 8: load_control(library.controls.find(name), torch.device("cpu"), torch.float32)
        for at, name in enumerate(NAMES)
    }


def source(seed: int) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 255, (SIZE[1], SIZE[0], 3)).astype(np.uint8)
    return Image.fromarray(noise)


def unit(pictures: Path, at: int, **values: Any) -> dict[str, Any]:
    path = pictures / "given.png"
    source(at).save(path)
    return {"picture": put_input(pictures, path.read_bytes()), "model": "x", "model_hash": f"{at}" * 8} | values


def request(*units: dict[str, Any], **values: Any) -> GenerationRequest:
    width, height = SIZE
    usual = {"prompt": PROMPT, "negative_prompt": NEGATIVE, "steps": 6, "seed": 5, "width": width, "height": height}
    return read(usual | values | {"control": units})


def drawing(
    model: LoadedModel, asked: GenerationRequest, controls: dict[str, LoadedControl], pictures: Path
) -> Picture:
    made = picture(model, asked, 0, conditioning(model, asked), Sources(pictures))
    made.denoising.control = units_of(asked, controls, model, pictures)
    return made


def drawn(*made: Picture) -> list[torch.Tensor]:
    while running := [p.denoising for p in made if not p.denoising.finished]:
        loop.step(running)
    return [p.denoising.latents for p in made]
