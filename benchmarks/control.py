"""What an uncontrolled job pays for a controlled one beside it, and what control costs who asked for it."""

import io
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import ControlNetModel
from PIL import Image

from benchmarks import drawing
from benchmarks.drawing import MODELS, painter
from benchmarks.table import Row, interleaved, ratio, timed
from engine.denoise.painter import Painter
from engine.events import Done
from engine.job import Job
from engine.library.load import load
from engine.library.scan import Library
from engine.picture.inputs import put_input

STEPS = 20


def measure(runs: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as place:
        models = with_controlnet(Path(place))
        with painter(models) as made:
            return measured(made, runs)


def measured(made: Painter, runs: int) -> list[Row]:
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (128, 128, 3)).astype(np.uint8)
    Image.fromarray(noise).save(file, "PNG")
    unit = {"picture": put_input(made.folder, file.getvalue()), "model": "random", "preprocessor": "canny"}

    def plain(seed: int = 7) -> Job:
        return drawing.job(made, steps=STEPS, seed=seed)

    def controlled(*units: dict[str, str]) -> Job:
        return drawing.job(made, steps=STEPS, seed=8, control=units)

    def until_done(first: Job, *others: Job) -> None:
        """Until the first is done: the others go on afterwards, unmeasured by `beside`."""
        for one in (first, *others):
            made.add(one)
        while not any(isinstance(event, Done) and event.job == first.id for event in made.step()):
            pass
        for one in others:
            made.remove(one.id)

    ways = {
        "alone": lambda: until_done(plain()),
        "controlled alone": lambda: until_done(controlled(unit)),
        "beside uncontrolled": lambda: until_done(plain(), plain(8)),
        "beside uncontrolled, again": lambda: until_done(plain(), plain(8)),
        "beside one unit": lambda: until_done(plain(), controlled(unit)),
        "beside three units": lambda: until_done(plain(), controlled(unit, unit, unit)),
    }
    taken = interleaved(ways, runs, time.process_time)  # Postcard is drawn by one thread
    base = taken["beside uncontrolled"]
    return [
        *(timed(name, values) for name, values in taken.items()),
        ratio("beside one unit / beside uncontrolled", taken["beside one unit"], base, "<= 1.05"),
        ratio("beside three units / beside uncontrolled", taken["beside three units"], base, "<= 1.05"),
        ratio("beside uncontrolled / the same again", taken["beside uncontrolled, again"], base),
        ratio("controlled alone / alone", taken["controlled alone"], taken["alone"]),
    ]


def with_controlnet(place: Path) -> Path:
    """The built-in model, and a random ControlNet for it: how long one takes does not depend on what it learned."""
    (place / "checkpoints").symlink_to(MODELS / "checkpoints")
    library = Library(place, place / "cache")
    model = load(library.find("postcard"), torch.device("cpu"), torch.float32)
    network = ControlNetModel.from_unet(model.unet)
    network.save_pretrained(str(place / "controlnet" / "random"))
    return place
