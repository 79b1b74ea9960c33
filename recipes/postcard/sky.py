"""Everything above the horizon: the sky's colours, sun, moon, stars, clouds and birds."""

from __future__ import annotations

import random

from PIL import Image

from recipes.postcard.layout import Spot
from recipes.postcard.palette import RGB, lit, mix
from recipes.postcard.shapes import Layer, Shape, arc, blob, ellipse, line, polygon

Sky = tuple[RGB, RGB, RGB]  # at the top, half way, at the horizon

SKIES: dict[str, tuple[Sky, ...]] = {
    "day": (
        ((84, 170, 240), (150, 208, 250), (222, 242, 252)),
        ((104, 190, 246), (166, 220, 250), (236, 247, 250)),
    ),
    "sunset": (
        ((98, 64, 138), (226, 104, 104), (255, 184, 96)),
        ((128, 62, 112), (240, 118, 84), (255, 204, 120)),
    ),
    "night": (
        ((10, 16, 52), (22, 34, 86), (50, 66, 126)),
        ((18, 14, 56), (36, 30, 92), (66, 62, 132)),
    ),
    "dawn": (
        ((150, 168, 224), (212, 190, 226), (255, 220, 204)),
        ((172, 166, 218), (236, 188, 208), (255, 228, 196)),
    ),
}
SUNS: dict[str, RGB] = {"day": (255, 226, 84), "sunset": (255, 226, 112), "dawn": (255, 244, 190)}
HEIGHTS = {"day": (0.12, 0.2), "sunset": (0.2, 0.3), "dawn": (0.2, 0.3), "night": (0.12, 0.2)}
CLOUDS: dict[str, RGB] = {
    "day": (255, 255, 255),
    "sunset": (255, 196, 166),
    "night": (92, 104, 156),
    "dawn": (255, 240, 244),
}
Box = tuple[float, float, float, float]


def sky_at(sky: Sky, y: float, horizon: float) -> RGB:
    t = min(max(y / horizon, 0.0), 1.0) * 2
    return mix(sky[0], sky[1], t) if t < 1 else mix(sky[1], sky[2], t - 1)


def gradient(sky: Sky, horizon: float, size: int) -> Image.Image:
    rows = b"".join(bytes(sky_at(sky, (y + 0.5) / 64, horizon)) for y in range(64))
    return Image.frombytes("RGB", (1, 64), rows).resize((1, size), Image.Resampling.BILINEAR).resize((size, size))


def sky_layers(
    names: tuple[str, ...], time: str, sky: Sky, horizon: float, spots: list[Spot], rng: random.Random
) -> list[Layer]:
    """The layers of what is in the sky. Nothing of it is hidden by a thing, and things are not hidden by it."""
    taken = [spot.box(0.015) for spot in spots]
    layers: list[Layer] = []
    disc = next((name for name in names if name in ("sun", "moon")), None)
    if disc is not None:
        radius = rng.uniform(0.07, 0.085)
        x, y = _free(radius * 1.15, radius * 1.15, HEIGHTS[time], taken, rng) or (0.5, 0.1)
        taken.append((x - radius * 1.5, y - radius * 1.5, x + radius * 1.5, y + radius * 1.5))
        layers.append(Layer(disc, tuple(_disc(disc, x, y, radius, time, sky_at(sky, y, horizon))), 0, 0))
    if "stars" in names:
        layers.insert(0, Layer("stars", tuple(_stars(taken, rng)), 0, 0))
    if "clouds" in names:
        layers.append(Layer("clouds", tuple(_clouds(time, taken, rng)), 24, 24))
    if "birds" in names:
        layers.append(Layer("birds", tuple(_birds(time, taken, rng)), 40, 40))
    return layers


def _disc(name: str, x: float, y: float, r: float, time: str, behind: RGB) -> list[Shape]:
    if name == "sun":
        sun = SUNS[time]
        return [
            ellipse(x, y, r * 1.4, r * 1.4, mix(behind, sun, 0.38)),
            ellipse(x, y, r, r, sun, mix(sun, (236, 140, 40), 0.55)),
        ]
    moon: RGB = (250, 244, 214)
    bite = arc(x + r * 0.62, y, r * 0.82, r * 0.82, 246, 114, 14)
    outer = arc(x, y, r, r, 49, 311, 22)
    inner = [(px, py) for px, py in bite if (px - x) ** 2 + (py - y) ** 2 <= r * r * 1.02]
    return [
        ellipse(x, y, r * 1.4, r * 1.4, mix(behind, moon, 0.14)),
        polygon(outer + inner, moon, mix(moon, (150, 150, 190), 0.6)),
    ]


def _stars(taken: list[Box], rng: random.Random) -> list[Shape]:
    stars: list[Shape] = []
    for _ in range(rng.randint(10, 14)):
        r = rng.uniform(0.009, 0.015)
        at = _free(r, r, (0.03, 0.36), taken, rng)
        if at is None:
            continue
        x, y = at
        taken.append((x - 0.06, y - 0.06, x + 0.06, y + 0.06))
        points = [(x, y - r), (x + r * 0.35, y - r * 0.35), (x + r, y), (x + r * 0.35, y + r * 0.35)]
        points += [(x, y + r), (x - r * 0.35, y + r * 0.35), (x - r, y), (x - r * 0.35, y - r * 0.35)]
        stars.append(polygon(points, (255, 246, 206)))
    return stars


def _clouds(time: str, taken: list[Box], rng: random.Random) -> list[Shape]:
    fill = CLOUDS[time]
    ink = mix(fill, (70, 100, 160) if time != "night" else (190, 200, 236), 0.34)
    clouds: list[Shape] = []
    for _ in range(rng.randint(2, 3)):
        w = rng.uniform(0.1, 0.14)
        at = _free(w, w * 0.5, (0.08, 0.27), taken, rng)
        if at is None and not clouds:  # the caption may speak of clouds: there must be one
            w = 0.07
            at = _free(w, w * 0.5, (0.06, 0.4), taken, rng) or (0.5, 0.06)
        if at is not None:
            x, y = at
            taken.append((x - w - 0.02, y - w * 0.6 - 0.02, x + w + 0.02, y + w * 0.6 + 0.02))
            flip = rng.choice((-1, 1))
            circles = [(-0.66, 0.16, 0.3), (-0.22, -0.06, 0.42), (0.3, 0.02, 0.38), (0.7, 0.2, 0.26), (0.02, 0.2, 0.27)]
            clouds.append(blob([(x + flip * cx * w, y + cy * w, r * w) for cx, cy, r in circles], fill, ink))
    return clouds


def _birds(time: str, taken: list[Box], rng: random.Random) -> list[Shape]:
    colour = lit((52, 56, 84), time)
    birds: list[Shape] = []
    for _ in range(rng.randint(2, 3)):
        at = _free(0.04, 0.025, (0.07, 0.36), taken, rng) or (None if birds else (0.5, 0.05))
        if at is not None:
            x, y = at
            taken.append((x - 0.06, y - 0.05, x + 0.06, y + 0.05))
            wing = [
                (x - 0.042, y - 0.012),
                (x - 0.024, y - 0.022),
                (x, y + 0.008),
                (x + 0.024, y - 0.022),
                (x + 0.042, y - 0.012),
            ]
            birds.append(line(wing, colour, 0.013))
    return birds


def _free(
    rx: float, ry: float, heights: tuple[float, float], taken: list[Box], rng: random.Random
) -> tuple[float, float] | None:
    """A place in the sky, within the picture, that no box of `taken` touches; higher when the first tries fail."""
    low, high = heights
    for attempt in range(40):
        x = rng.uniform(rx + 0.02, 0.98 - rx)
        y = rng.uniform(low, high) if attempt < 20 else rng.uniform(ry + 0.015, high)
        y = max(y, ry + 0.015)
        if all(
            x + rx < left or x - rx > right or y + ry < top or y - ry > bottom for left, top, right, bottom in taken
        ):
            return (x, y)
    return None
