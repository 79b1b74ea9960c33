"""Every object with its drawing and its measure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from recipes.postcard.objects import buildings, living, vehicles
from recipes.postcard.palette import Paint
from recipes.postcard.shapes import Shape


@dataclass(frozen=True, slots=True)
class Model:
    draw: Callable[[Paint], list[Shape]]
    width: float  # in its own heights
    height: float  # in heights of the picture, when it stands alone
    flies: bool = False


MODELS: dict[str, Model] = {
    "house": Model(buildings.house, 1.2, 0.42),
    "tree": Model(living.tree, 0.82, 0.5),
    "pine": Model(living.pine, 0.78, 0.52),
    "boat": Model(vehicles.boat, 1.22, 0.44),
    "car": Model(vehicles.car, 2.06, 0.26),
    "castle": Model(buildings.castle, 1.28, 0.44),
    "hot air balloon": Model(vehicles.balloon, 0.78, 0.5, flies=True),
    "cat": Model(living.cat, 0.98, 0.44),
    "tent": Model(buildings.tent, 1.62, 0.34),
    "lighthouse": Model(buildings.lighthouse, 0.72, 0.56),
    "windmill": Model(buildings.windmill, 0.98, 0.5),
    "flower": Model(living.flower, 0.68, 0.48),
    "cactus": Model(living.cactus, 0.74, 0.48),
    "snowman": Model(living.snowman, 0.9, 0.48),
}
