"""A contact sheet: scenes with their captions, and on request their lines, depth and masks."""

from __future__ import annotations

import argparse
import random
from itertools import islice
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from recipes.postcard.captions import full_caption, random_caption
from recipes.postcard.draw import SIZE, Drawing, draw
from recipes.postcard.scenes import COLOURS, GROUNDS_OF, OBJECTS, TIMES, Scene, Thing, furnished, training_scenes
from recipes.postcard.strokes import strokes

GAP = 8


def scenes_of_objects() -> list[Scene]:
    """Every object once, in changing colours, grounds and times."""
    scenes: list[Scene] = []
    for number, name in enumerate(OBJECTS):
        rng = random.Random(f"postcard preview {number}")
        thing = Thing(name, COLOURS[number % len(COLOURS)], 1, rng.choice(("left", "middle", "right")))
        ground = GROUNDS_OF[name][number % len(GROUNDS_OF[name])]
        scenes.append(furnished((thing,), ground, TIMES[number % 4], rng))
    return scenes


def sheet(cells: list[tuple[list[Image.Image], str]], columns: int) -> Image.Image:
    """Pictures side by side, each cell with its caption below."""
    font = ImageFont.load_default(11)
    across, size = len(cells[0][0]), cells[0][0][0].width
    width, height = across * size + GAP, size + 52
    image = Image.new("RGB", (columns * width + GAP, -(-len(cells) // columns) * height + GAP), (250, 249, 246))
    pen = ImageDraw.Draw(image)
    for number, (pictures, caption) in enumerate(cells):
        x, y = GAP + number % columns * width, GAP + number // columns * height
        for i, picture in enumerate(pictures):
            image.paste(picture.convert("RGB"), (x + i * size, y))
        for row, text in enumerate(_wrapped(caption, font, across * size)[:4]):
            pen.text((x, y + size + 1 + row * 12), text, (60, 58, 66), font)
    return image


def maps(drawing: Drawing, seed: int, size: int) -> list[Image.Image]:
    """The picture, its lines, a sketch of it, its depth, and its masks in one picture."""
    mask = Image.new("L", (size, size))
    for number, one in enumerate(drawing.masks(size)):
        mask.paste(255 - 90 * number, mask=one)
    return [drawing.picture(size), drawing.edges(size), strokes(drawing, seed, size), drawing.depth(size), mask]


def _wrapped(text: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, width: int) -> list[str]:
    rows = [""]
    for word in text.split():
        longer = f"{rows[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            rows[-1] = longer
        else:
            rows.append(word)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m recipes.postcard.preview", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--random", type=int, default=14, help="random scenes after the one of each object")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", type=int, default=SIZE)
    parser.add_argument("--columns", type=int, default=7)
    parser.add_argument("--maps", action="store_true")
    asked = parser.parse_args()
    scenes = [*scenes_of_objects(), *islice(training_scenes(asked.seed), asked.random)]
    cells: list[tuple[list[Image.Image], str]] = []
    for number, scene in enumerate(scenes):
        drawing = draw(scene, number)
        pictures = maps(drawing, number, asked.size) if asked.maps else [drawing.picture(asked.size)]
        caption = full_caption(scene) if number % 2 else random_caption(scene, random.Random(number))
        cells.append((pictures, caption))
    sheet(cells, asked.columns).save(asked.out, optimize=True)


if __name__ == "__main__":
    main()
