"""How well a ControlNet's pictures follow what is sketched, beside the pictures of the same prompts and seeds without it.

The prompts are those of one thing that a checkpoint is measured with, but for the words that say where it stands.

python -m recipes.postcard.follow postcard-scribble --checkpoint postcard --out data/evaluation
"""

from __future__ import annotations

import argparse
import io
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from PIL import Image
from scipy import ndimage

from engine.denoise.device import pick
from engine.library.load import LoadedModel, load
from engine.library.load_control import LoadedControl, load_control
from engine.library.scan import Library
from engine.picture.inputs import put_input
from engine.picture.preprocessors.edges import canny
from engine.picture.preprocessors.table import preprocess
from engine.request.preprocessors import PreprocessorName
from engine.request.read import read
from engine.settings import HOUSE, prepare_environment
from engine.training.sampling import together
from recipes.postcard.draw import draw
from recipes.postcard.evaluate import TOGETHER, Asked
from recipes.postcard.preview import sheet
from recipes.postcard.prompts import Prompt, furnished_scene, single_prompts
from recipes.postcard.strokes import strokes

NEAR = 2.0  # pixels between a stroke's middle and the edge that follows it
LOW, HIGH = 60, 120  # Canny's thresholds, of the pictures
WHERE = r" (on the left|in the middle|on the right)\b"
SHOWN = 12  # prompts in a grid
SKETCH = "sketch"
READ: tuple[PreprocessorName, ...] = ("scribble", "scribble_xdog", "canny", "lineart_standard")


@dataclass(frozen=True)
class Followed:
    """Of strokes, the share that has an edge of the picture within NEAR pixels: mean over n pictures, its standard error.

    source: `sketch`, or the preprocessor that made the map of a true drawing; without: pictures that were drawn without the
    ControlNet; ceiling: the true drawings."""

    source: str
    controlled: tuple[float, float]
    without: tuple[float, float]
    ceiling: tuple[float, float]
    n: int


def agreement(map_: Image.Image, picture: Image.Image, near: float = NEAR) -> float:
    """map_: white strokes on black, of the picture's size. 1 for a map without strokes."""
    inside = np.asarray(map_.convert("L")) > 127
    depth = np.asarray(ndimage.distance_transform_edt(np.pad(inside, 1)))[1:-1, 1:-1]
    middle = inside & (depth >= ndimage.maximum_filter(depth, 3))
    if not middle.any():
        return 1.0
    found = canny(np.asarray(picture.convert("RGB")), LOW, HIGH) > 0
    if not found.any():
        return 0.0
    away = np.asarray(ndimage.distance_transform_edt(~found))
    return float((away[middle] <= near + depth[middle] - 1).mean())


def follow(
    model: LoadedModel, control: LoadedControl, asked: Asked, sources: Sequence[str] = (SKETCH,)
) -> Iterator[tuple[Followed, list[list[Image.Image]]]]:
    """For each source the numbers, and of each prompt the map, the controlled picture, and the one without."""
    prompts = [unplaced(prompt) for prompt in single_prompts(asked.n)]
    true = [draw(furnished_scene(prompt), prompt.seed) for prompt in single_prompts(asked.n)]
    drawings = [one.picture(model.width) for one in true]
    without = drawn(model, control, asked, prompts, None, Path())
    for source in sources:
        if source == SKETCH:
            seeds = [prompt.seed + 900_000 for prompt in prompts]
            maps = [strokes(one, seed, model.width).convert("RGB") for one, seed in zip(true, seeds, strict=True)]
        else:
            maps = [read_by(source, one) for one in drawings]
        with tempfile.TemporaryDirectory() as folder:
            controlled = drawn(model, control, asked, prompts, maps, Path(folder))
        shares = [
            spread([agreement(map_, one) for map_, one in zip(maps, some, strict=True)])
            for some in (controlled, without, drawings)
        ]
        pictures = [list(some) for some in zip(maps, controlled, without, strict=True)]
        yield Followed(source, *shares, n=len(prompts)), pictures


def unplaced(prompt: Prompt) -> Prompt:
    """Without the words that say where: that is left to the sketch."""
    return replace(prompt, text=re.sub(WHERE, "", prompt.text))


def read_by(preprocessor: str, picture: Image.Image) -> Image.Image:
    return Image.fromarray(preprocess(cast(PreprocessorName, preprocessor), np.asarray(picture)))


def drawn(
    model: LoadedModel,
    control: LoadedControl,
    asked: Asked,
    prompts: Sequence[Prompt],
    maps: Sequence[Image.Image] | None,
    folder: Path,
) -> list[Image.Image]:
    made: list[Image.Image] = []
    for first in range(0, len(prompts), TOGETHER):
        wanted = []
        for at, prompt in enumerate(prompts[first : first + TOGETHER], first):
            values = {"prompt": prompt.text, "seed": prompt.seed, "width": model.width, "height": model.height}
            if maps:
                unit = {"picture": put_input(folder, png(maps[at])), "model": control.name, "model_hash": control.hash}
                values["control"] = [unit]
            wanted.append(read(values | {"sampler": asked.sampler, "steps": asked.steps, "guidance": asked.guidance}))
        made += together(model, wanted, {control.hash: control}, folder)
    return made


def png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def spread(shares: Sequence[float]) -> tuple[float, float]:
    """Mean and its standard error."""
    error = float(np.std(shares, ddof=1)) / len(shares) ** 0.5 if len(shares) > 1 else 0.0
    return float(np.mean(shares)), error


def markdown(found: Sequence[Followed]) -> str:
    lines = [
        "| Map | With the ControlNet | The same seeds without | True drawings | n |",
        "|---|---:|---:|---:|---:|",
    ]
    for one in found:
        cells = [f"{mean:.1%} ± {error:.1%}" for mean, error in (one.controlled, one.without, one.ceiling)]
        lines.append(f"| {one.source} | {' | '.join(cells)} | {one.n} |")
    return "\n".join([*lines, ""])


def main() -> None:
    prepare_environment()
    parser = argparse.ArgumentParser(prog="python -m recipes.postcard.follow", description=__doc__)
    parser.add_argument("controlnet", help="its name in models/controlnet")
    parser.add_argument("--checkpoint", default="postcard")
    parser.add_argument("--out", type=Path, required=True, help="a folder for the table and the grid")
    parser.add_argument("--models", type=Path, default=HOUSE / "models")
    parser.add_argument("--n", type=int, default=96)
    parser.add_argument("--read", nargs="*", default=READ, help="preprocessors that read the true drawings")
    parser.add_argument("--device", default="auto")
    given = parser.parse_args()
    torch.set_num_threads(1)
    device, _ = pick(given.device, "float32")
    library = Library(given.models, given.out / "cache")
    library.refresh()
    file = library.find(given.checkpoint)
    model = load(file, device, torch.float32, library.hash_of(file))
    network = library.controls.find(given.controlnet)
    control = load_control(network, device, torch.float32, library.controls.hash_of(network))
    given.out.mkdir(parents=True, exist_ok=True)
    found = []
    for one, pictures in follow(model, control, Asked(given.n), (SKETCH, *given.read)):
        found.append(one)
        print(markdown([one]), flush=True)
        texts = [unplaced(prompt).text for prompt in single_prompts(given.n)]
        cells = list(zip(pictures[:SHOWN], texts, strict=False))
        sheet(cells, 3).save(given.out / f"{given.controlnet}-{one.source}.webp", quality=80, method=6)
    (given.out / f"{given.controlnet}.md").write_text(markdown(found), "utf-8")
    (given.out / f"{given.controlnet}.json").write_text(json.dumps([asdict(one) for one in found], indent=1), "utf-8")


if __name__ == "__main__":
    main()
