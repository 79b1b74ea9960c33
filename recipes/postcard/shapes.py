"""Shapes in the unit square and how they become pixels: as a picture, as lines, as depth, as a mask."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from PIL import Image, ImageDraw

from recipes.postcard.palette import RGB

Point = tuple[float, float]
Tone = RGB | int
OUTLINE = 0.0098  # width of an outline, in heights of the picture: 1.25 px at 128


class Shape(NamedTuple):
    """`points` are corners (polygon, line, tube), one centre and radii (ellipse), or circles x, y, r (blob)."""

    kind: str
    points: tuple[tuple[float, ...], ...]
    fill: RGB | None
    ink: RGB | None = None
    width: float = 0.0  # of a line, in the unit of its points


@dataclass(frozen=True, slots=True)
class Layer:
    """Shapes that belong together, far layers first. Depth (0 far, 255 near) goes from `top` to `bottom` of the picture."""

    name: str
    shapes: tuple[Shape, ...]
    far: int
    near: int


def polygon(points: Sequence[Point], fill: RGB | None, ink: RGB | None = None) -> Shape:
    return Shape("polygon", tuple(points), fill, ink)


def box(left: float, bottom: float, right: float, top: float, fill: RGB, ink: RGB | None = None) -> Shape:
    return Shape("polygon", ((left, bottom), (right, bottom), (right, top), (left, top)), fill, ink)


def ellipse(x: float, y: float, rx: float, ry: float, fill: RGB, ink: RGB | None = None) -> Shape:
    return Shape("ellipse", ((x, y), (rx, ry)), fill, ink)


def blob(circles: Sequence[tuple[float, float, float]], fill: RGB, ink: RGB | None = None) -> Shape:
    """Circles with one outline around all of them."""
    return Shape("blob", tuple(circles), fill, ink)


def line(points: Sequence[Point], colour: RGB, width: float, ink: RGB | None = None) -> Shape:
    return Shape("line", tuple(points), colour, ink, width)


def tube(points: Sequence[Point], fill: RGB, width: float, ink: RGB | None = None) -> Shape:
    """A thick line with round ends."""
    return Shape("tube", tuple(points), fill, ink, width)


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float, parts: int = 12) -> list[Point]:
    """Points on an ellipse; angles in degrees, 0 to the right, 90 up where y goes up."""
    angles = (math.radians(start + (end - start) * i / parts) for i in range(parts + 1))
    return [(x + rx * math.cos(angle), y + ry * math.sin(angle)) for angle in angles]


def stood(shapes: Iterable[Shape], x: float, base: float, scale: float) -> tuple[Shape, ...]:
    """Shapes drawn around their own foot with y up, put into the picture where y goes down."""

    def point(p: tuple[float, ...]) -> tuple[float, ...]:
        return (x + p[0] * scale, base - p[1] * scale)

    placed: list[Shape] = []
    for kind, points, fill, ink, width in shapes:
        if kind == "ellipse":
            points = (point(points[0]), (points[1][0] * scale, points[1][1] * scale))
        elif kind == "blob":
            points = tuple((*point(circle), circle[2] * scale) for circle in points)
        else:
            points = tuple([point(p) for p in points])
        placed.append(Shape(kind, points, fill, ink, width * scale))
    return tuple(placed)


def rasterise(
    image: Image.Image,
    layers: Iterable[Layer],
    fill_of: Callable[[Layer, Shape], Tone | None],
    ink_of: Callable[[Layer, Shape], Tone | None],
) -> None:
    """Draw the shapes of all layers, in their order, with the tones that the two functions choose."""
    draw, size = ImageDraw.Draw(image), image.height
    width = max(1, round(OUTLINE * size))
    for layer in layers:
        for shape in layer.shapes:
            _DRAWN[shape.kind](draw, shape, fill_of(layer, shape), ink_of(layer, shape), (size, width))


def _polygon(
    draw: ImageDraw.ImageDraw, shape: Shape, fill: Tone | None, ink: Tone | None, scale: tuple[int, int]
) -> None:
    size, width = scale
    points = [(p[0] * size, p[1] * size) for p in shape.points]
    if fill is not None:
        draw.polygon(points, fill=fill)
    if ink is not None:
        draw.line([*points, points[0], points[1]], fill=ink, width=width, joint="curve" if len(points) < 12 else None)


def _ellipse(
    draw: ImageDraw.ImageDraw, shape: Shape, fill: Tone | None, ink: Tone | None, scale: tuple[int, int]
) -> None:
    size, width = scale
    (x, y), (rx, ry) = shape.points
    if ink is not None:
        half = width / 2 / size
        draw.ellipse(_around(x, y, rx + half, ry + half, size), fill=ink)
        draw.ellipse(_around(x, y, max(rx - half, 0.001), max(ry - half, 0.001), size), fill=fill)
    elif fill is not None:
        draw.ellipse(_around(x, y, rx, ry, size), fill=fill)


def _blob(draw: ImageDraw.ImageDraw, shape: Shape, fill: Tone | None, ink: Tone | None, scale: tuple[int, int]) -> None:
    size, width = scale
    if ink is not None:
        for x, y, r in shape.points:
            grown = r + width / 2 / size
            draw.ellipse(_around(x, y, grown, grown, size), fill=ink)
    if fill is not None:
        for x, y, r in shape.points:
            shrunk = r - width / 2 / size if ink is not None else r
            draw.ellipse(_around(x, y, shrunk, shrunk, size), fill=fill)


def _line(draw: ImageDraw.ImageDraw, shape: Shape, fill: Tone | None, ink: Tone | None, scale: tuple[int, int]) -> None:
    size, width = scale
    points = [(p[0] * size, p[1] * size) for p in shape.points]
    inner = max(1, round(shape.width * size))
    if ink is not None:
        draw.line(points, fill=ink, width=inner + width * 2, joint="curve")
    if fill is not None:
        draw.line(points, fill=fill, width=inner, joint="curve")


def _tube(draw: ImageDraw.ImageDraw, shape: Shape, fill: Tone | None, ink: Tone | None, scale: tuple[int, int]) -> None:
    size, width = scale
    points = [(p[0] * size, p[1] * size) for p in shape.points]
    inner = max(1, round(shape.width * size))
    for tone, full in ((ink, inner + width), (fill, inner - (width if ink is not None else 0))):
        if tone is not None:
            draw.line(points, fill=tone, width=full, joint="curve")
            for x, y in (points[0], points[-1]):
                draw.ellipse((x - full / 2, y - full / 2, x + full / 2, y + full / 2), fill=tone)


def _around(x: float, y: float, rx: float, ry: float, size: int) -> tuple[float, float, float, float]:
    return ((x - rx) * size, (y - ry) * size, (x + rx) * size, (y + ry) * size)


_DRAWN = {"polygon": _polygon, "ellipse": _ellipse, "blob": _blob, "line": _line, "tube": _tube}
