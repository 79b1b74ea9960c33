"""Evaluations made by hand: the model in the box at one step."""

from typing import Any

from engine.settings import HOUSE
from engine.training.evaluation.results import Evaluation

MODELS = HOUSE / "models"
PROMPTS = ("a red house by day", "a yellow boat on the sea at sunset")


def asked(**values: Any) -> Evaluation:
    return Evaluation(**{"checkpoints": ("postcard",), "prompts": PROMPTS, "steps": 1, **values})
