"""What a hand would sketch of a drawing: its lines or its outlines, thick or thin, not quite where they are.

White on black, as a ControlNet for scribbles is given them.
"""

from __future__ import annotations

import random
from collections.abc import Iterable

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from recipes.postcard.draw import THING, Drawing
from recipes.postcard.shapes import Layer, rasterise

FINE = 2  # times the size, while strokes are made
THICK = (0, 3, 3, 5, 5, 7, 9)  # of the brush that goes along the lines, in fine pixels
ASTRAY = 0.014  # of the side, how far a line strays at most
GRID = 5  # points across, between which lines stray smoothly
SHOWN = ("sun", "moon")


def strokes(drawing: Drawing, seed: int, size: int) -> Image.Image:
    """L, size x size. The same drawing and seed give the same bytes."""
    chance = random.Random(f"postcard strokes {seed}")
    way = chance.choices(("everything", "things", "outlines"), (0.35, 0.3, 0.35))[0]
    if not drawing.scene.things:
        way = "everything"
    fine = size * FINE
    if way == "everything":
        made = drawing.edges(fine)
    else:
        things = [layer for layer in drawing.layers if layer.name.startswith(THING)]
        made = outlines(things, fine) if way == "outlines" else inked(things, fine)
        if chance.random() < 0.4:
            made = ImageChops.lighter(made, behind(outlines(ground(drawing), fine), things, fine))
    if way == "everything" or chance.random() < 0.6:
        shown = outlines([layer for layer in drawing.layers if layer.name in SHOWN], fine)
        made = ImageChops.lighter(made, shown)
    if thick := chance.choice(THICK):
        made = made.filter(ImageFilter.MaxFilter(thick))
    return astray(made, chance.uniform(0, ASTRAY) * fine, chance).reduce(FINE)


def ground(drawing: Drawing) -> list[Layer]:
    """What the horizon is the edge of."""
    return [layer for layer in drawing.layers if layer.name in ("ground", "sea")][:1]


def inked(layers: Iterable[Layer], size: int) -> Image.Image:
    """Lines as they are in the picture; what is in front hides what is behind."""
    image = Image.new("L", (size, size))
    rasterise(image, layers, lambda _, shape: shape.fill and 0, lambda _, shape: shape.ink and 255)
    return image


def outlines(layers: Iterable[Layer], size: int) -> Image.Image:
    """The rim of each layer; what is in front hides what is behind."""
    image = Image.new("L", (size, size))
    for layer in layers:
        whole = filled([layer], size)
        image = ImageChops.subtract(image, whole)
        image = ImageChops.lighter(image, ImageChops.subtract(whole, whole.filter(ImageFilter.MinFilter(3))))
    return image


def behind(lines: Image.Image, layers: Iterable[Layer], size: int) -> Image.Image:
    return ImageChops.subtract(lines, filled(layers, size))


def filled(layers: Iterable[Layer], size: int) -> Image.Image:
    image = Image.new("L", (size, size))
    rasterise(image, layers, lambda _, shape: shape.fill and 255, lambda _, shape: shape.ink and 255)
    return image


def astray(lines: Image.Image, far: float, chance: random.Random) -> Image.Image:
    """Each place is taken from up to so many pixels beside it, smoothly changing across the picture."""
    size = lines.width
    at = np.arange(size, dtype=np.float32)
    across, down = (shift(size, chance) * far for _ in range(2))
    x = np.clip(np.rint(at[None, :] + across), 0, size - 1).astype(np.intp)
    y = np.clip(np.rint(at[:, None] + down), 0, size - 1).astype(np.intp)
    return Image.fromarray(np.asarray(lines)[y, x])


def shift(size: int, chance: random.Random) -> np.ndarray:
    """size x size, -1 to 1."""
    coarse = np.array([[chance.uniform(-1, 1) for _ in range(GRID)] for _ in range(GRID)], np.float32)
    return np.asarray(Image.fromarray(coarse).resize((size, size), Image.Resampling.BILINEAR))
