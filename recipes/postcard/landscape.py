"""Everything at and below the horizon that is no thing: backdrops and grounds."""

from __future__ import annotations

import random

from recipes.postcard.layout import ISLANDERS, Spot
from recipes.postcard.palette import RGB, ink_of, lit, mix
from recipes.postcard.scenes import Scene
from recipes.postcard.shapes import Layer, Shape, box, ellipse, line, polygon

GROUNDS: dict[str, dict[str, RGB]] = {
    "meadow": {"day": (142, 208, 92), "sunset": (150, 162, 72), "night": (40, 82, 66), "dawn": (164, 204, 124)},
    "desert": {"day": (244, 210, 150), "sunset": (232, 158, 104), "night": (104, 84, 92), "dawn": (246, 212, 178)},
    "snow": {"day": (240, 246, 252), "sunset": (246, 214, 214), "night": (132, 148, 192), "dawn": (238, 232, 246)},
    "sea": {"day": (70, 150, 214), "sunset": (128, 96, 142), "night": (24, 48, 104), "dawn": (138, 168, 214)},
    "beach": {"day": (250, 224, 160), "sunset": (240, 178, 122), "night": (92, 86, 100), "dawn": (250, 222, 190)},
    "autumn field": {"day": (206, 142, 68), "sunset": (148, 78, 50), "night": (92, 60, 52), "dawn": (212, 152, 100)},
}
LEAVES: tuple[RGB, ...] = ((206, 62, 40), (240, 176, 44), (168, 70, 36))


def backdrop_layers(scene: Scene, horizon: float, haze: RGB, rng: random.Random) -> list[Layer]:
    """What stands on the horizon, paler than the things before it."""
    if scene.backdrop is None:
        return []
    shapes = _BACKDROPS[scene.backdrop](scene, horizon + 0.03, haze, rng)
    return [Layer(scene.backdrop, tuple(shapes), 56, 56)]


def ground_layers(scene: Scene, horizon: float, spots: list[Spot], rng: random.Random) -> list[Layer]:
    colour = GROUNDS[scene.ground][scene.time]
    ink = _ground_ink(colour, scene.time)
    layers: list[Layer] = []
    if scene.ground == "beach":
        sea = GROUNDS["sea"][scene.time]
        layers.append(Layer("sea", (box(-0.05, 1.1, 1.05, horizon, sea, _ground_ink(sea, scene.time)),), 70, 240))
        shore = [(x / 10, horizon + 0.095 + 0.012 * (-1) ** (x // 3)) for x in range(-1, 12)]
        foam = mix(sea, (255, 255, 255), 0.75 if scene.time != "night" else 0.5)
        layers.append(Layer("foam", (polygon([*shore, (1.1, 1.1), (-0.1, 1.1)], foam),), 84, 240))
        edge = [(x, y + 0.022) for x, y in shore]
        layers.append(Layer("ground", (polygon([*edge, (1.1, 1.1), (-0.1, 1.1)], colour, ink),), 90, 240))
    else:
        wave = 0.0 if scene.ground == "sea" else {"desert": 0.03, "snow": 0.025}.get(scene.ground, 0.015)
        edge = _wave(horizon, wave, rng)
        layers.append(Layer("ground", (polygon([*edge, (1.1, 1.1), (-0.1, 1.1)], colour, ink),), 70, 240))
    layers.append(Layer("details", tuple(_DETAILS[scene.ground](scene, horizon, colour, spots, rng)), 70, 240))
    return layers


def lamp_layers(scene: Scene, lights: list[Spot], haze: RGB) -> list[Layer]:
    """The glow around the lamps of lighthouses at night."""
    if scene.time != "night":
        return []
    glow = mix(haze, (255, 232, 140), 0.4)
    shapes = [
        ellipse(spot.x, spot.base - 0.795 * spot.height, 0.19 * spot.height, 0.19 * spot.height, glow)
        for spot in lights
    ]
    return [Layer("glow", tuple(shapes), 0, 0)]


def footing(scene: Scene, name: str, spot: Spot, flies: bool) -> tuple[Shape, ...]:
    """What an object stands on: its shadow, the water it parts, or an island."""
    colour = GROUNDS[scene.ground][scene.time]
    half = spot.width / 2
    if flies:
        return ()
    if scene.ground != "sea":
        return (ellipse(spot.x, spot.base + 0.002, half * 0.94, 0.02 + half * 0.05, mix(colour, (30, 20, 60), 0.22)),)
    if name in ISLANDERS:
        sand, foam = lit((240, 212, 150), scene.time), mix(colour, (255, 255, 255), 0.45)
        return (
            ellipse(spot.x, spot.base + 0.012, half * 1.14 + 0.02, 0.05, foam),
            ellipse(spot.x, spot.base + 0.004, half * 1.1, 0.038, sand, ink_of(sand)),
        )
    return (ellipse(spot.x, spot.base - 0.004, half * 0.98, 0.026, mix(colour, (255, 255, 255), 0.5)),)


def _mountains(scene: Scene, foot: float, haze: RGB, rng: random.Random) -> list[Shape]:
    rock = mix(_night((112, 128, 166), scene.time), haze, 0.25)
    snow = mix(_night((250, 252, 255), scene.time), haze, 0.25)
    shapes: list[Shape] = []
    for i, x in enumerate((0.1, 0.62, 0.36, 0.88)):
        x += rng.uniform(-0.06, 0.06)
        h, w = (rng.uniform(0.15, 0.2), 0.26) if i < 2 else (rng.uniform(0.19, 0.24), 0.3)
        tone = mix(rock, haze, 0.25) if i < 2 else rock
        top = foot - h
        shapes.append(polygon([(x - w, foot + 0.03), (x, top), (x + w, foot + 0.03)], tone, _soft(tone, haze)))
        slope = w / (h + 0.03)
        cap = [
            (x, top),
            (x + 0.07 * slope, top + 0.07),
            (x + 0.03, top + 0.055),
            (x, top + 0.08),
            (x - 0.035, top + 0.055),
            (x - 0.07 * slope, top + 0.07),
        ]
        shapes.append(polygon(cap, snow, _soft(tone, haze)))
    return shapes


def _hills(scene: Scene, foot: float, haze: RGB, rng: random.Random) -> list[Shape]:
    base = {"desert": (222, 178, 122), "snow": (206, 220, 238), "autumn field": (206, 138, 74)}.get(
        scene.ground, (112, 172, 98)
    )
    shapes: list[Shape] = []
    for i, x in enumerate((0.16, 0.84, 0.5)):
        tone = mix(_night(base, scene.time), haze, 0.3 - 0.12 * (i == 2))
        shapes.append(
            ellipse(
                x + rng.uniform(-0.08, 0.08),
                foot + 0.04,
                rng.uniform(0.3, 0.38),
                rng.uniform(0.14, 0.19),
                tone,
                _soft(tone, haze),
            )
        )
    return shapes


def _forest(scene: Scene, foot: float, haze: RGB, rng: random.Random) -> list[Shape]:
    autumn = scene.ground == "autumn field"
    shapes: list[Shape] = []
    for i in range(10):
        x = (i + 0.5) / 10 + rng.uniform(-0.015, 0.015)
        h = rng.uniform(0.13, 0.18) + (0.03 if i % 2 else 0.0)
        base = (
            ((196, 92, 44), (222, 140, 48), (170, 70, 44))[i % 3] if autumn else ((58, 122, 88), (72, 138, 96))[i % 2]
        )
        tone = mix(_night(base, scene.time), haze, 0.2)
        if autumn:
            shapes.append(ellipse(x, foot - h * 0.45, 0.075, h * 0.55, tone, _soft(tone, haze)))
        else:
            shapes.append(
                polygon([(x - 0.085, foot + 0.02), (x, foot - h), (x + 0.085, foot + 0.02)], tone, _soft(tone, haze))
            )
    return shapes


def _city(scene: Scene, foot: float, haze: RGB, rng: random.Random) -> list[Shape]:
    shapes: list[Shape] = []
    window: RGB = (255, 222, 120) if scene.time == "night" else (230, 240, 250)
    x = -0.03
    while x < 1.0:
        w, h = rng.uniform(0.1, 0.14), rng.uniform(0.12, 0.27)
        tone = mix(_night(rng.choice(((128, 142, 172), (150, 156, 182), (112, 126, 160))), scene.time), haze, 0.2)
        shapes.append(box(x, foot + 0.02, x + w, foot - h, tone, _soft(tone, haze)))
        pane = window if scene.time == "night" else mix(tone, window, 0.55)
        for row in range(int((h - 0.05) / 0.055)):
            for column in (0.3, 0.7):
                if rng.random() < 0.75:
                    px, py = x + w * column, foot - h + 0.04 + row * 0.055
                    shapes.append(box(px - 0.012, py + 0.014, px + 0.012, py - 0.014, pane))
        x += w
    return shapes


def _grass(scene: Scene, horizon: float, colour: RGB, spots: list[Spot], rng: random.Random) -> list[Shape]:
    shapes: list[Shape] = []
    blade = mix(colour, (20, 80, 30), 0.4)
    for x, y in _places(5, horizon + 0.1, spots, rng):
        shapes += [
            line([(x - 0.02, y - 0.03), (x, y), (x + 0.02, y - 0.03)], blade, 0.012),
            line([(x, y), (x, y - 0.036)], blade, 0.012),
        ]
    petal = lit((255, 255, 250), scene.time)
    daisies = 0 if any(thing.object == "flower" for thing in scene.things) else 3  # they would count
    for x, y in _places(daisies, horizon + 0.12, spots, rng):
        shapes += [ellipse(x, y, 0.016, 0.014, petal), ellipse(x, y, 0.007, 0.006, lit((255, 190, 40), scene.time))]
    return shapes


def _dunes(scene: Scene, horizon: float, colour: RGB, spots: list[Spot], rng: random.Random) -> list[Shape]:
    shade = mix(colour, (160, 90, 60), 0.16)
    shapes: list[Shape] = [
        polygon(
            [*_wave(horizon + 0.16, 0.04, rng), (1.1, 1.1), (-0.1, 1.1)],
            mix(colour, (255, 240, 200) if scene.time != "night" else (140, 110, 110), 0.18),
        )
    ]
    for x, y in _places(4, horizon + 0.12, spots, rng):
        shapes.append(
            line([(x - 0.05, y), (x - 0.02, y - 0.012), (x + 0.02, y + 0.004), (x + 0.05, y - 0.008)], shade, 0.013)
        )
    stone = mix(colour, (120, 80, 70), 0.4)
    for x, y in _places(1, horizon + 0.14, spots, rng):
        shapes.append(
            polygon(
                [(x - 0.035, y), (x - 0.02, y - 0.03), (x + 0.015, y - 0.034), (x + 0.035, y)],
                stone,
                ink_of(stone),
            )
        )
    return shapes


def _drifts(scene: Scene, horizon: float, colour: RGB, spots: list[Spot], rng: random.Random) -> list[Shape]:
    shade = mix(colour, (120, 150, 210), 0.22)
    shapes: list[Shape] = []
    for x, y in _places(3, horizon + 0.12, spots, rng):
        shapes.append(line([(x - 0.07, y), (x - 0.02, y - 0.016), (x + 0.03, y - 0.014), (x + 0.07, y)], shade, 0.014))
    return shapes


def _waves(scene: Scene, horizon: float, colour: RGB, spots: list[Spot], rng: random.Random) -> list[Shape]:
    crest = mix(colour, (255, 255, 255), 0.36)
    shapes: list[Shape] = [
        polygon([*_wave(horizon + 0.22, 0.0, rng), (1.1, 1.1), (-0.1, 1.1)], mix(colour, (10, 30, 90), 0.1))
    ]
    for x, y in _places(7, horizon + 0.06, spots, rng):
        shapes.append(
            line([(x - 0.06, y), (x - 0.03, y - 0.014), (x, y), (x + 0.03, y - 0.014), (x + 0.06, y)], crest, 0.013)
        )
    return shapes


def _shells(scene: Scene, horizon: float, colour: RGB, spots: list[Spot], rng: random.Random) -> list[Shape]:
    shapes: list[Shape] = []
    for x, y in _places(3, horizon + 0.2, spots, rng):
        shapes.append(line([(x - 0.04, y), (x, y - 0.012), (x + 0.04, y)], mix(colour, (150, 100, 60), 0.2), 0.012))
    star = lit((240, 112, 84), scene.time)
    for x, y in _places(1, horizon + 0.2, spots, rng):
        rays = [(0.0, -0.032), (0.03, -0.008), (0.018, 0.026), (-0.018, 0.026), (-0.03, -0.008)]
        shapes += [line([(x, y), (x + dx, y + dy)], star, 0.017) for dx, dy in rays]
    return shapes


def _furrows(scene: Scene, horizon: float, colour: RGB, spots: list[Spot], rng: random.Random) -> list[Shape]:
    furrow = mix(colour, (110, 50, 20), 0.24)
    shapes: list[Shape] = [
        polygon([(0.5 + k * 0.09, horizon + 0.03), (0.5 + k * 0.4 - 0.03, 1.02), (0.5 + k * 0.4 + 0.03, 1.02)], furrow)
        for k in (-4, -3, -2, -1, 0, 1, 2, 3, 4)
    ]
    for x, y in _places(7, horizon + 0.1, spots, rng):
        leaf = lit(rng.choice(LEAVES), scene.time)
        shapes.append(polygon([(x - 0.026, y), (x, y - 0.016), (x + 0.026, y), (x, y + 0.016)], leaf))
    return shapes


def _wave(horizon: float, height: float, rng: random.Random) -> list[tuple[float, float]]:
    if height == 0:
        return [(-0.1, horizon), (1.1, horizon)]
    left, middle, right = (rng.uniform(-height, height) for _ in range(3))
    points: list[tuple[float, float]] = []
    for i in range(-1, 14):
        t = i / 12
        points.append((t, horizon + left * (1 - t) ** 2 + 2 * middle * t * (1 - t) + right * t * t))
    return points


def _places(count: int, top: float, spots: list[Spot], rng: random.Random) -> list[tuple[float, float]]:
    """Places on the ground that no thing stands on."""
    taken, found = [spot.box(0.05) for spot in spots], []
    for _ in range(count * 3):
        x, y = rng.uniform(0.06, 0.94), rng.uniform(top, 0.96)
        if len(found) < count and all(x < a or x > c or y < b or y > d for a, b, c, d in taken):
            found.append((x, y))
            taken.append((x - 0.1, y - 0.06, x + 0.1, y + 0.06))
    return found


def _night(colour: RGB, time: str) -> RGB:
    return mix(colour, (30, 36, 84), 0.66) if time == "night" else lit(colour, time)


def _soft(colour: RGB, haze: RGB) -> RGB:
    """The outline of what is far away."""
    return mix(mix(colour, (22, 16, 60), 0.26), haze, 0.1)


def _ground_ink(colour: RGB, time: str) -> RGB:
    return mix(colour, (150, 166, 214), 0.35) if time == "night" else mix(colour, (50, 40, 70), 0.32)


_BACKDROPS = {"mountains": _mountains, "hills": _hills, "forest": _forest, "city": _city}
_DETAILS = {
    "meadow": _grass,
    "desert": _dunes,
    "snow": _drifts,
    "sea": _waves,
    "beach": _shells,
    "autumn field": _furrows,
}
