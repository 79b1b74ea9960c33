"""PREPROCESSORS: a row for each that needs no weights; engine/request/preprocessors.py holds their names and what can be turned."""

from collections.abc import Callable

import numpy as np

from engine.picture.preprocessors import colours, lines
from engine.picture.preprocessors.edges import Pixels, canny, edges
from engine.request.preprocessors import settings

Preprocessor = Callable[[Pixels, float, float], Pixels]  # (height, width, 3) -> the same, or without the last

PREPROCESSORS: dict[str, Preprocessor] = {
    "none": lambda picture, a, b: picture,
    "invert": lambda picture, a, b: 255 - picture,
    "canny": canny,
    "edges": lambda picture, a, b: edges(picture),
    "scribble": lambda picture, a, b: edges(picture, thick=True),
    "scribble_xdog": lambda picture, a, b: lines.xdog(picture, a),
    "lineart_standard": lambda picture, a, b: lines.lineart(picture),
    "grey": lambda picture, a, b: colours.grey(picture),
    "threshold": lambda picture, a, b: colours.threshold(picture, a),
    "blur_gaussian": lambda picture, a, b: colours.blurred(picture, a),
    "tile_resample": lambda picture, a, b: colours.smaller(picture, a),
    "shuffle": lambda picture, a, b: colours.shuffled(picture),
    "recolor_luminance": lambda picture, a, b: colours.lightness(picture, a),
    "recolor_intensity": lambda picture, a, b: colours.intensity(picture, a),
}


def preprocess(name: str, picture: Pixels, a: float | None = None, b: float | None = None) -> Pixels:
    """picture: height x width x 3. So is the answer; `tile_resample` alone makes it smaller."""
    made = PREPROCESSORS[name](picture, *settings(name, a, b))
    return made if made.ndim == 3 else np.repeat(made[..., None], 3, axis=2)
