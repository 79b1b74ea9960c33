"""House, castle, lighthouse, windmill and tent."""

from __future__ import annotations

import math

from recipes.postcard.palette import RGB, Paint, mix
from recipes.postcard.shapes import Shape, box, ellipse, line, polygon

STONE: RGB = (126, 122, 132)
WOOD: RGB = (112, 72, 48)
CREAM: RGB = (252, 244, 224)


def house(paint: Paint) -> list[Shape]:
    roof = paint.dark
    wood, cream = paint.lit(WOOD), paint.lit(CREAM)
    return [
        box(0.2, 0.6, 0.34, 0.95, paint.lit((150, 110, 100)), paint.ink),
        box(-0.45, 0.0, 0.45, 0.56, paint.main, paint.ink),
        polygon([(-0.58, 0.52), (0.58, 0.52), (0.3, 0.96), (-0.3, 0.96)], roof, paint.ink),
        box(-0.1, 0.0, 0.14, 0.36, wood, paint.ink_of(wood)),
        *(part for x in (-0.285, 0.3) for part in _window(x, 0.27, 0.095, paint, cream)),
    ]


def castle(paint: Paint) -> list[Shape]:
    gate = paint.lit((78, 52, 44))
    shapes = [_battlements(-0.34, 0.34, 0.5, 0.1, 5, paint)]
    for x in (-0.4, 0.4):
        shapes += [
            box(x - 0.16, 0.0, x + 0.16, 0.66, paint.main, paint.ink),
            polygon([(x - 0.22, 0.64), (x + 0.22, 0.64), (x, 1.0)], paint.dark, paint.ink),
            box(x - 0.045, 0.4, x + 0.045, 0.54, paint.window, paint.ink_of(paint.window)),
        ]
    arch = [(0.13 * math.cos(a), 0.2 + 0.13 * math.sin(a)) for a in (math.pi * i / 8 for i in range(9))]
    shapes.append(polygon([(0.13, 0.0), *arch, (-0.13, 0.0)], gate, paint.ink_of(gate)))
    return shapes


def lighthouse(paint: Paint) -> list[Shape]:
    cream, stone = paint.lit(CREAM), paint.lit(STONE)
    band = paint.dark if paint.main[0] + paint.main[1] + paint.main[2] > 660 else cream
    lamp = (255, 236, 130)

    def half(y: float) -> float:
        return 0.19 - 0.085 * (y - 0.08) / 0.62

    def ring(low: float, high: float, fill: RGB) -> Shape:
        return polygon([(-half(low), low), (half(low), low), (half(high), high), (-half(high), high)], fill)

    return [
        polygon([(-0.34, 0.0), (-0.22, 0.11), (0.2, 0.12), (0.33, 0.0)], stone, paint.ink_of(stone)),
        ring(0.08, 0.7, paint.main),
        ring(0.24, 0.36, band),
        ring(0.5, 0.61, band),
        polygon([(-half(0.08), 0.08), (half(0.08), 0.08), (half(0.7), 0.7), (-half(0.7), 0.7)], None, paint.ink),
        box(-0.085, 0.72, 0.085, 0.87, lamp, paint.ink),
        box(-0.155, 0.68, 0.155, 0.735, paint.dark, paint.ink),
        polygon([(-0.13, 0.86), (0.13, 0.86), (0.0, 1.0)], paint.dark, paint.ink),
        box(-0.045, 0.1, 0.045, 0.2, paint.lit(WOOD), paint.ink_of(paint.lit(WOOD))),
    ]


def windmill(paint: Paint) -> list[Shape]:
    wood, cream = paint.lit(WOOD), paint.lit(CREAM)
    hub = (0.0, 0.58)
    shapes = [
        polygon([(-0.25, 0.0), (0.25, 0.0), (0.15, 0.6), (-0.15, 0.6)], paint.main, paint.ink),
        polygon([(-0.18, 0.57), (0.18, 0.57), (0.0, 0.82)], paint.dark, paint.ink),
        box(-0.07, 0.0, 0.07, 0.2, wood, paint.ink_of(wood)),
        box(-0.05, 0.3, 0.05, 0.41, paint.window, paint.ink_of(paint.window)),
    ]
    ink = paint.ink_of(cream)
    for turn in (38, 128, 218, 308):
        c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))

        def at(along: float, across: float, c: float = c, s: float = s) -> tuple[float, float]:
            return (hub[0] + along * c - across * s, hub[1] + along * s + across * c)

        shapes.append(line([hub, at(0.42, 0.0)], wood, 0.035))
        shapes.append(polygon([at(0.12, 0.0), at(0.44, 0.0), at(0.44, 0.14), at(0.12, 0.14)], cream, ink))
    shapes.append(ellipse(*hub, 0.045, 0.045, wood, paint.ink_of(wood)))
    return shapes


def tent(paint: Paint) -> list[Shape]:
    inside = (255, 206, 104) if paint.time == "night" else mix(paint.dark, (30, 22, 44), 0.62)
    pole = paint.lit((150, 110, 70))
    return [
        line([(-0.14, 0.9), (-0.14, 1.0)], pole, 0.045),
        polygon([(-0.16, 0.9), (0.3, 0.85), (0.74, 0.0), (0.26, 0.0)], paint.dark, paint.ink),
        polygon([(-0.74, 0.0), (0.46, 0.0), (-0.14, 0.94)], paint.main, paint.ink),
        polygon([(-0.36, 0.0), (0.08, 0.0), (-0.14, 0.64)], inside, paint.ink_of(inside)),
    ]


def _window(x: float, y: float, half: float, paint: Paint, frame: RGB) -> list[Shape]:
    ink = paint.ink_of(paint.window)
    return [
        box(x - half, y - half, x + half, y + half, paint.window, ink),
        line([(x, y - half), (x, y + half)], frame, 0.03),
        line([(x - half, y), (x + half, y)], frame, 0.03),
    ]


def _battlements(left: float, right: float, top: float, tooth: float, teeth: int, paint: Paint) -> Shape:
    """A wall whose upper edge goes up and down."""
    step = (right - left) / (2 * teeth - 1)
    points = [(left, 0.0)]
    for i in range(2 * teeth - 1):
        y = top if i % 2 else top + tooth
        points += [(left + i * step, y), (left + (i + 1) * step, y)]
    return polygon([*points, (right, 0.0)], paint.main, paint.ink)
