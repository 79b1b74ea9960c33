"""Where the things of a scene stand, so that none hides another."""

from __future__ import annotations

import random
from dataclasses import dataclass

from recipes.postcard.objects.table import MODELS, Model
from recipes.postcard.scenes import Scene, Thing

CENTRES = {"left": 0.25, "middle": 0.5, "right": 0.75}
EDGE = 0.025  # kept free on both sides of the picture
GAP = 0.03
ISLANDERS = ("house", "tree", "castle", "lighthouse")  # what needs an island to stand on the sea


@dataclass(frozen=True, slots=True)
class Spot:
    """The foot of one object and its height, in heights of the picture; y goes down."""

    x: float
    base: float
    height: float
    width: float

    def box(self, margin: float = 0.0) -> tuple[float, float, float, float]:
        half = self.width / 2 + margin
        return (self.x - half, self.base - self.height - margin, self.x + half, self.base + margin)


@dataclass(frozen=True, slots=True)
class Room:
    """A pattern for several objects: how large each may be, and where their feet are."""

    width: float
    height: float
    feet: tuple[tuple[float, float], ...]


def _rows(ground: float) -> dict[int, tuple[Room, ...]]:
    """Rooms for 2, 3 and 4 objects on the ground; `ground` is where the nearest foot stands."""
    back = ground - 0.28
    return {
        2: (Room(0.44, 0.42, ((0.27, ground - 0.04), (0.73, ground - 0.04))),),
        3: (
            Room(0.29, 0.4, ((0.18, ground - 0.02), (0.5, ground - 0.06), (0.82, ground - 0.02))),
            Room(0.44, 0.25, ((0.27, ground), (0.73, ground), (0.5, back))),
        ),
        4: (
            Room(0.22, 0.38, ((0.14, ground), (0.38, ground - 0.06), (0.62, ground), (0.86, ground - 0.06))),
            Room(0.42, 0.25, ((0.25, back), (0.73, back), (0.27, ground), (0.75, ground))),
        ),
    }


ON_LAND = _rows(0.94)
IN_THE_SKY: dict[int, tuple[Room, ...]] = {
    2: (Room(0.44, 0.42, ((0.27, 0.58), (0.73, 0.54))),),
    3: (Room(0.29, 0.37, ((0.18, 0.58), (0.5, 0.46), (0.82, 0.56))),),
    4: (Room(0.22, 0.29, ((0.14, 0.44), (0.38, 0.56), (0.62, 0.42), (0.86, 0.54))),),
}


def layout(scene: Scene, rng: random.Random) -> list[list[Spot]]:
    """For every thing of the scene the spots of its objects, far ones first."""
    if len(scene.things) == 2:
        return [[_half(thing, rng)] for thing in scene.things]
    return [_several(thing, rng) if thing.count > 1 else [_single(thing, scene, rng)] for thing in scene.things]


def _single(thing: Thing, scene: Scene, rng: random.Random) -> Spot:
    model = MODELS[thing.object]
    height = model.height * rng.uniform(0.88, 1.04)
    if scene.ground == "sea" and not model.flies:
        base = rng.uniform(0.8, 0.87)
    else:
        base = rng.uniform(0.57, 0.62) if model.flies else rng.uniform(0.86, 0.92)
    return _spot(CENTRES[thing.place or "middle"] + rng.uniform(-0.025, 0.025), base, height, model)


def _half(thing: Thing, rng: random.Random) -> Spot:
    """One of two things, in its half of the picture."""
    model = MODELS[thing.object]
    height = min(model.height, 0.43 / model.width) * rng.uniform(0.88, 1.0)
    base = rng.uniform(0.54, 0.6) if model.flies else rng.uniform(0.86, 0.92)
    spot = _spot(0.26 if thing.place == "left" else 0.74, base, height, model)
    limit = 0.5 - GAP / 2 - spot.width / 2
    return Spot(min(spot.x, limit) if thing.place == "left" else max(spot.x, 1 - limit), base, height, spot.width)


def _several(thing: Thing, rng: random.Random) -> list[Spot]:
    model = MODELS[thing.object]
    rooms = (IN_THE_SKY if model.flies else ON_LAND)[thing.count]

    def height_in(room: Room) -> float:
        return min(room.height, room.width / model.width, model.height)

    room = max(rooms, key=height_in)
    height = height_in(room) * rng.uniform(0.9, 1.0)
    slack = max(0.0, room.width - height * model.width) / 2
    sway = min(0.02, slack)
    spots = [_spot(x + rng.uniform(-sway, sway), base, height, model) for x, base in room.feet]
    return sorted(spots, key=lambda spot: spot.base)


def _spot(x: float, base: float, height: float, model: Model) -> Spot:
    half = height * model.width / 2
    return Spot(min(max(x, half + EDGE), 1 - EDGE - half), base, height, 2 * half)
