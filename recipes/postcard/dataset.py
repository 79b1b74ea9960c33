"""A folder of pictures with captions: the layout that Atelier's own training and Hugging Face's image folders read.

FOLDER/000000.png ..., metadata.jsonl; with maps also edges/, depth/ and masks/ (000000-0.png, one for each thing),
control/ (strokes: a sketch of the picture, for a ControlNet), and 000000.mask.png (things), white where any thing is and a
little around it: what counts most in training.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import random
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageFilter

from recipes.postcard.captions import captions
from recipes.postcard.draw import SIZE, Drawing, draw
from recipes.postcard.scenes import Scene, training_scenes
from recipes.postcard.strokes import strokes

MARKER = "postcard.json"  # written last: what the folder holds
METADATA = "metadata.jsonl"
CAPTIONS = 4
CHUNK = 256  # pictures a process draws before it comes back for more
MAPS = ("edges", "depth", "masks", "things", "strokes")
FOLDERS = {"strokes": "control"}  # where the studio's training looks for them; the others' are called as they are
AROUND = 1 / 14  # of the side, how wide a rim of "things" takes in the outlines


@dataclass(frozen=True, slots=True)
class Order:
    """What to write. The same order always gives the same bytes."""

    count: int
    seed: int
    size: int = SIZE
    maps: tuple[str, ...] = ()
    version: int = 1  # of the drawings; one more when they change

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"count: {self.count} pictures are none; take at least 1.")
        for name in self.maps:
            if name not in MAPS:
                raise ValueError(f"maps: {name!r} is not known; take some of {', '.join(MAPS)}.")


def write(folder: Path, order: Order, processes: int = 1) -> bool:
    """Write the data set; False when it is already there. An interrupted one goes on, another one is refused."""
    told, started = folder / MARKER, folder / f"{MARKER}.started"
    wanted = json.loads(json.dumps(asdict(order)))
    for marker in (told, started):
        if marker.exists() and (found := json.loads(marker.read_text("utf-8"))) != wanted:
            raise ValueError(f"folder: {folder} holds another data set ({found}); choose an empty folder or delete it.")
    if told.exists():
        return False
    folder.mkdir(parents=True, exist_ok=True)
    for name in set(order.maps) - {"things"}:
        (folder / FOLDERS.get(name, name)).mkdir(exist_ok=True)
    _put(started, json.dumps(wanted).encode())
    scenes = islice(training_scenes(order.seed), order.count)
    work: list[tuple[Path, Order, int, list[Scene]]] = []
    for first in range(0, order.count, CHUNK):
        work.append((folder, order, first, list(islice(scenes, CHUNK))))
    with (folder / f"{METADATA}.part").open("w", encoding="utf-8") as metadata:
        if processes == 1:
            parts = map(_draw_chunk, work)
            metadata.writelines(line for part in parts for line in part)
        else:
            with ProcessPoolExecutor(processes) as pool:
                metadata.writelines(line for part in pool.map(_draw_chunk, work) for line in part)
        metadata.flush()
        os.fsync(metadata.fileno())
    os.replace(folder / f"{METADATA}.part", folder / METADATA)
    _put(told, json.dumps(wanted).encode())
    started.unlink()
    return True


def names(folder: Path) -> list[str]:
    """Of the pictures of a data set, in its order."""
    return [json.loads(line)["file_name"] for line in (folder / METADATA).read_text("utf-8").splitlines()]


def picture_seed(order: Order, number: int) -> int:
    return order.seed * 10_000_000 + number


def _draw_chunk(work: tuple[Path, Order, int, list[Scene]]) -> list[str]:
    folder, order, first, scenes = work
    return [_draw_one(folder, order, first + i, scene) for i, scene in enumerate(scenes)]


def _draw_one(folder: Path, order: Order, number: int, scene: Scene) -> str:
    """Write what is missing of one picture, and give its line of metadata. The picture itself comes last."""
    name, seed = f"{number:06d}", picture_seed(order, number)
    texts = captions(scene, CAPTIONS, random.Random(f"postcard captions {seed}"))
    picture = folder / f"{name}.png"
    if not picture.exists():
        drawing = draw(scene, seed)
        for which in order.maps:
            for suffix, image in _map(drawing, which, order.size, seed):
                inside = folder / FOLDERS.get(which, which) / f"{name}{suffix}.png"
                _put_png(folder / f"{name}.mask.png" if which == "things" else inside, image)
        _put_png(picture, drawing.picture(order.size))
    fields: dict[str, Any] = {"file_name": picture.name, "text": texts[0], "texts": texts}
    return json.dumps({**fields, "scene": scene.as_dict(), "seed": seed}) + "\n"


def _map(drawing: Drawing, which: str, size: int, seed: int) -> list[tuple[str, Image.Image]]:
    if which == "masks":
        return [(f"-{i}", mask) for i, mask in enumerate(drawing.masks(size))]
    if which == "things":
        return [("", _together(drawing.masks(size)))] if drawing.scene.things else []
    if which == "strokes":
        return [("", strokes(drawing, seed, size))]
    return [("", drawing.edges(size) if which == "edges" else drawing.depth(size))]


def _together(masks: list[Image.Image]) -> Image.Image:
    every = functools.reduce(ImageChops.lighter, masks)
    return every.filter(ImageFilter.MaxFilter(2 * round(every.width * AROUND / 2) + 1))


def _put_png(path: Path, image: Image.Image) -> None:
    part = path.with_suffix(".part")
    image.save(part, "PNG", compress_level=4)
    os.replace(part, path)


def _put(path: Path, data: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m recipes.postcard.dataset", description=write.__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=32_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", type=int, default=SIZE)
    parser.add_argument("--maps", nargs="*", default=(), choices=MAPS)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    order = Order(asked.count, asked.seed, asked.size, tuple(asked.maps))
    print("written" if write(asked.folder, order, asked.processes) else "already there")


if __name__ == "__main__":
    main()
