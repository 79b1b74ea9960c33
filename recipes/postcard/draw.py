"""A scene becomes a picture, and from the same shapes its lines, its depth and the mask of each thing."""

from __future__ import annotations

import random
from dataclasses import dataclass

from PIL import Image, ImageDraw

from recipes.postcard.landscape import backdrop_layers, footing, ground_layers, lamp_layers
from recipes.postcard.layout import ISLANDERS, Spot, layout
from recipes.postcard.objects.table import MODELS
from recipes.postcard.palette import paint_of
from recipes.postcard.scenes import Scene
from recipes.postcard.shapes import Layer, rasterise, stood
from recipes.postcard.sky import SKIES, Sky, gradient, sky_at, sky_layers

SIZE = 128
SIZES = (64, 512)
THING = "thing "  # a layer with this name and a number is one thing of the scene
FLAT = "shadow"  # shadows and foam have no depth of their own


@dataclass(frozen=True, slots=True)
class Drawing:
    """Shapes of a scene in the unit square. Every map is drawn from them when it is asked for."""

    scene: Scene
    sky: Sky
    horizon: float
    layers: tuple[Layer, ...]
    spots: tuple[tuple[Spot, ...], ...]  # of each thing

    def picture(self, size: int = SIZE) -> Image.Image:
        fine = _fine(size)
        image = gradient(self.sky, self.horizon, fine)
        rasterise(image, self.layers, lambda _, shape: shape.fill, lambda _, shape: shape.ink)
        return image.reduce(fine // size)

    def edges(self, size: int = SIZE) -> Image.Image:
        """White lines on black: what has an outline in the picture."""
        fine = _fine(size)
        image = Image.new("L", (fine, fine))
        rasterise(
            image,
            self.layers,
            lambda _, shape: None if shape.fill is None else 0,
            lambda _, shape: None if shape.ink is None else 255,
        )
        return image.reduce(fine // size)

    def depth(self, size: int = SIZE) -> Image.Image:
        """0 is the sky, 255 would touch the eye; the ground comes nearer from the horizon down."""
        fine = _fine(size)
        image = Image.new("L", (fine, fine))
        for layer in self.layers:
            if layer.name == FLAT:
                continue
            if layer.far == layer.near:
                rasterise(image, (layer,), lambda layer, _: layer.far, lambda layer, shape: shape.ink and layer.far)
            elif layer.name in ("ground", "sea", "foam"):
                shape = Image.new("L", (fine, fine))
                rasterise(shape, (layer,), lambda *_: 255, lambda *_: 255)
                image.paste(_ramp(layer.far, layer.near, self.horizon, fine), mask=shape)
        return image.reduce(fine // size)

    def masks(self, size: int = SIZE) -> list[Image.Image]:
        """One for each thing, white where it is; several objects of one thing share a mask."""
        fine, masks = _fine(size), []
        for number in range(len(self.scene.things)):
            image = Image.new("L", (fine, fine))
            mine = [layer for layer in self.layers if layer.name == f"{THING}{number}"]
            rasterise(image, mine, lambda _, shape: shape.fill and 255, lambda _, shape: shape.ink and 255)
            masks.append(image.reduce(fine // size))
        return masks


def draw(scene: Scene, seed: int) -> Drawing:
    """The same scene and seed give the same shapes, and these the same bytes at every size."""
    rng = random.Random(f"postcard picture {seed}")
    horizon = rng.uniform(0.53, 0.58) - (0.03 if scene.ground == "beach" else 0.0)
    sky = rng.choice(SKIES[scene.time])
    spots = layout(scene, rng)
    flat = [spot for some in spots for spot in some]
    layers = sky_layers(scene.sky, scene.time, sky, horizon, flat, rng)
    lights = [
        spot for thing, some in zip(scene.things, spots, strict=True) for spot in some if thing.object == "lighthouse"
    ]
    layers += backdrop_layers(scene, horizon, sky[2], rng)
    layers += lamp_layers(scene, lights, sky_at(sky, 0.4, horizon))
    layers += ground_layers(scene, horizon, flat, rng)
    things: list[tuple[float, list[Layer]]] = []
    for number, (thing, some) in enumerate(zip(scene.things, spots, strict=True)):
        model, paint = MODELS[thing.object], paint_of(thing.colour, scene.time, scene.ground)
        shapes = model.draw(paint)
        for spot in some:
            near = 170 if model.flies else round(70 + 170 * (spot.base - horizon) / (1 - horizon))
            under = footing(scene, thing.object, spot, model.flies)
            placed = stood(shapes, spot.x, spot.base, spot.height)
            foot = "island" if scene.ground == "sea" and thing.object in ISLANDERS else FLAT
            pair = [Layer(foot, under, near, near), Layer(f"{THING}{number}", placed, near, near)]
            things.append((spot.base, pair))
    layers += [layer for _, pair in sorted(things, key=lambda thing: thing[0]) for layer in pair]
    return Drawing(scene, sky, horizon, tuple(layers), tuple(tuple(some) for some in spots))


def _fine(size: int) -> int:
    if not SIZES[0] <= size <= SIZES[1]:
        raise ValueError(f"size: {size} does not fit; take {SIZES[0]} to {SIZES[1]} pixels.")
    return size * (4 if size <= 192 else 3 if size <= 320 else 2)


def _ramp(far: int, near: int, horizon: float, size: int) -> Image.Image:
    column = Image.new("L", (1, size))
    pen = ImageDraw.Draw(column)
    for y in range(size):
        share = min(max((y / size - horizon) / (1 - horizon), 0.0), 1.0)
        pen.point((0, y), round(far + (near - far) * share))
    return column.resize((size, size))
