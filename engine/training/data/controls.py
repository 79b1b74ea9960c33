"""Conditions of a ControlNet, made from the picture itself: drawn edges, a scribble, grey; or the file beside it."""

import numpy as np

from engine.errors import BadRequest
from engine.picture.preprocessors.table import preprocess
from engine.request.training_methods import Condition
from engine.training.data.augment import Arrays
from engine.training.data.items import Item


def condition(kind: Condition, arrays: Arrays, item: Item) -> np.ndarray:
    """height x width x 3 bytes, white lines on black for edges and scribble."""
    if kind == "files":
        if arrays.control is None:
            raise BadRequest(
                "training.control",
                f"{item.path.name} has no picture of its name in the folder `control`.",
                "Add it, or let the condition be made from the pictures.",
                field="controlnet.condition",
                name=item.path.name,
            )
        return arrays.control
    return preprocess(kind, arrays.picture)
