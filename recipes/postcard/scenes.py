"""What a postcard may show: scenes, the tables that say what goes with what, and random scenes."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

COLOURS = ("red", "blue", "green", "yellow", "orange", "purple", "pink", "white", "teal", "black", "brown")
PLACES = ("left", "middle", "right")
GROUNDS = ("meadow", "desert", "snow", "sea", "beach", "autumn field")
TIMES = ("day", "sunset", "night", "dawn")
BACKDROPS = ("mountains", "hills", "forest", "city")
SKY = ("sun", "moon", "stars", "clouds", "birds")
MOST = 4  # things of one kind in a picture

LAND = ("meadow", "desert", "snow", "beach", "autumn field")
GROUNDS_OF: dict[str, tuple[str, ...]] = {
    "house": GROUNDS,  # on the sea these stand on a small island
    "tree": GROUNDS,
    "pine": LAND,
    "boat": ("sea", "beach"),
    "car": LAND,
    "castle": GROUNDS,
    "hot air balloon": GROUNDS,
    "cat": LAND,
    "tent": LAND,
    "lighthouse": GROUNDS,
    "windmill": LAND,
    "flower": LAND,
    "cactus": LAND,
    "snowman": LAND,
}
OBJECTS = tuple(GROUNDS_OF)
BACKDROPS_OF: dict[str, tuple[str, ...]] = {
    "meadow": BACKDROPS,
    "desert": ("mountains", "hills", "city"),
    "snow": BACKDROPS,
    "sea": ("mountains", "hills", "city"),
    "beach": BACKDROPS,
    "autumn field": BACKDROPS,
}
SKY_OF: dict[str, dict[str, float]] = {  # how often each is seen at that time
    "day": {"sun": 0.45, "clouds": 0.5, "birds": 0.25},
    "sunset": {"sun": 0.5, "clouds": 0.4, "birds": 0.25},
    "night": {"moon": 0.5, "stars": 0.6, "clouds": 0.25},
    "dawn": {"sun": 0.4, "clouds": 0.45, "birds": 0.25},
}
KINDS = {"one": 0.6, "several": 0.2, "two": 0.16, "none": 0.04}  # how often a random scene is of each kind
HELD_OUT_PERCENT = 8


@dataclass(frozen=True, slots=True)
class Thing:
    """One or several equal objects. `place` is None for several: they share the picture."""

    object: str
    colour: str
    count: int = 1
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a caption may say of a picture; what it leaves open (sizes, jitter) is the seed's."""

    things: tuple[Thing, ...]
    ground: str
    time: str
    backdrop: str | None = None
    sky: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _one_of("ground", self.ground, GROUNDS)
        _one_of("time", self.time, TIMES)
        if self.backdrop is not None:
            _one_of(f"backdrop behind {self.ground}", self.backdrop, BACKDROPS_OF[self.ground])
        for name in self.sky:
            _one_of(f"sky at {self.time}", name, tuple(SKY_OF[self.time]))
        for thing in self.things:
            _one_of("object", thing.object, OBJECTS)
            _one_of("colour", thing.colour, COLOURS)
            _one_of(f"ground under a {thing.object}", self.ground, GROUNDS_OF[thing.object])
            if not 1 <= thing.count <= MOST:
                raise ValueError(f"count: {thing.count} does not fit; take 1 to {MOST}.")
            if thing.count == 1:
                _one_of("place", thing.place, PLACES)
        if len(self.things) > 1 and [(thing.count, thing.place) for thing in self.things] != [
            (1, "left"),
            (1, "right"),
        ]:
            raise ValueError("things: two of them stand one on the left and one on the right, in this order.")

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def scene_of(fields: dict[str, Any]) -> Scene:
    """The scene that `as_dict` wrote, also when it travelled as JSON."""
    things = tuple(Thing(**thing) for thing in fields["things"])
    return Scene(things, fields["ground"], fields["time"], fields["backdrop"], tuple(fields["sky"]))


def random_scene(rng: random.Random, kinds: Mapping[str, float] = KINDS) -> Scene:
    kind = rng.choices(list(kinds), list(kinds.values()))[0]
    ground, things = rng.choice(GROUNDS), ()
    if kind != "none":
        name = rng.choice(OBJECTS)  # objects are drawn first: each is seen as often as any other
        ground = rng.choice(GROUNDS_OF[name])
        if name == "boat":
            ground = "sea" if rng.random() < 0.75 else "beach"
        if kind == "one":
            things = (Thing(name, rng.choice(COLOURS), 1, rng.choice(PLACES)),)
        elif kind == "several":
            things = (Thing(name, rng.choice(COLOURS), rng.randint(2, MOST)),)
        else:
            things = _two(name, ground, rng)
    return furnished(things, ground, rng.choice(TIMES), rng)


def furnished(things: tuple[Thing, ...], ground: str, time: str, rng: random.Random) -> Scene:
    """A scene with these things, and a random backdrop and sky."""
    backdrop = rng.choice(BACKDROPS_OF[ground]) if rng.random() < 0.6 else None
    sky = tuple(name for name, often in SKY_OF[time].items() if rng.random() < often)
    if any(thing.object == "hot air balloon" and thing.count > 1 for thing in things):
        sky = tuple(name for name in sky if name in ("stars", "birds"))  # the balloons need the sky for themselves
    return Scene(things, ground, time, backdrop, sky)


def training_scenes(seed: int) -> Iterator[Scene]:
    """An endless row of random scenes without the combinations that are held out."""
    number = 0
    while True:
        scene = random_scene(random.Random(f"postcard scene {seed} {number}"))
        if not held_out(scene):
            yield scene
        number += 1


def held_out(scene: Scene) -> bool:
    """Whether training must not see this: it has a thing whose combination the hash has set aside for evaluation."""
    return any(
        set_aside(thing.object, thing.colour, thing.place or str(thing.count), scene.ground, scene.time)
        for thing in scene.things
    )


def set_aside(name: str, colour: str, place: str, ground: str, time: str) -> bool:
    """About one combination in twelve, the same ones for ever. Several things have their number for a place."""
    digest = hashlib.sha256("|".join(("postcard", name, colour, place, ground, time)).encode()).digest()
    return int.from_bytes(digest[:4], "big") % 100 < HELD_OUT_PERCENT


def _two(name: str, ground: str, rng: random.Random) -> tuple[Thing, ...]:
    """Two things that differ in kind and colour, so that a caption can tell which is which."""
    other = rng.choice([other for other in OBJECTS if other != name and ground in GROUNDS_OF[other]])
    names = [name, other]
    rng.shuffle(names)
    first, second = rng.sample(COLOURS, 2)
    return (Thing(names[0], first, 1, "left"), Thing(names[1], second, 1, "right"))


def _one_of(what: str, value: str | None, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{what}: {value!r} is not known; take one of {', '.join(allowed)}.")
