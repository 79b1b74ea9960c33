"""The names of preprocessors, as sd-webui-controlnet writes them where it has them, and what each lets one turn.

engine/picture/preprocessors holds what they do.
"""

from dataclasses import dataclass
from typing import Literal, get_args

PreprocessorName = Literal[
    "none",
    "invert",
    "canny",
    "edges",
    "scribble",
    "scribble_xdog",
    "lineart_standard",
    "grey",
    "threshold",
    "blur_gaussian",
    "tile_resample",
    "shuffle",
    "recolor_luminance",
    "recolor_intensity",
]
PREPROCESSORS: tuple[str, ...] = get_args(PreprocessorName)


@dataclass(frozen=True)
class Slider:
    """What `threshold_a` or `threshold_b` means to a preprocessor."""

    label: str
    default: float
    low: float
    high: float
    step: float = 1


@dataclass(frozen=True)
class PreprocessorFacts:
    about: str
    a: Slider | None = None
    b: Slider | None = None


PREPROCESSOR_FACTS: dict[str, PreprocessorFacts] = {
    "none": PreprocessorFacts("The picture as it is: it is a map already."),
    "invert": PreprocessorFacts("Dark lines on white become white lines on black."),
    "canny": PreprocessorFacts(
        "Thin edges (Canny 1986).",
        Slider("Low threshold", 100, 1, 255),
        Slider("High threshold", 200, 1, 255),
    ),
    "edges": PreprocessorFacts("Broad edges, as trainings with the condition edges see them."),
    "scribble": PreprocessorFacts("Few thick lines, as a hand draws: trainings with the condition scribble see them."),
    "scribble_xdog": PreprocessorFacts("A drawing by differences of Gaussians.", Slider("Threshold", 32, 1, 64)),
    "lineart_standard": PreprocessorFacts("Soft lines where the picture is darker than its surroundings."),
    "grey": PreprocessorFacts("Without colour, as trainings with the condition grey see it."),
    "threshold": PreprocessorFacts(
        "White where it is brighter than this, black elsewhere.", Slider("Level", 127, 0, 255)
    ),
    "blur_gaussian": PreprocessorFacts("Blurred.", Slider("Sigma", 9, 0.01, 64, 0.01)),
    "tile_resample": PreprocessorFacts("Smaller by this factor, for tile models.", Slider("Factor", 1, 1, 8, 0.01)),
    "shuffle": PreprocessorFacts("Its colours, moved about until no shape is left."),
    "recolor_luminance": PreprocessorFacts("Perceived lightness (CIE L*).", Slider("Gamma", 1, 0.1, 2, 0.001)),
    "recolor_intensity": PreprocessorFacts("The brightest of the three colours.", Slider("Gamma", 1, 0.1, 2, 0.001)),
}


def settings(name: str, a: float | None, b: float | None) -> tuple[float, float]:
    """What counts of two thresholds: the preprocessor's own where none is given, and 0 where it has none.

    What is out of its range counts as not given, as in sd-webui-controlnet."""
    facts = PREPROCESSOR_FACTS[name]

    def of(slider: Slider | None, given: float | None) -> float:
        if slider is None:
            return 0.0
        return given if given is not None and slider.low <= given <= slider.high else slider.default

    return of(facts.a, a), of(facts.b, b)
