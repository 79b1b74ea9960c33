"""The tab "Upscale & restore": one piece; what it shows comes from the API, so that a reload finds the job."""

from typing import Any

import gradio as gr

from engine.request.restoring_read import STEP_PARAMETERS
from engine.request.schema import Parameter
from ui.pieces.piece import piece

ELSEWHERE = {"upscaler_hash", "restorer_hash", "detector_hash"}  # the studio fills it in


def restore() -> gr.HTML:
    return piece("restore", {"steps": steps()})


def steps() -> dict[str, list[dict[str, Any]]]:
    """What can be asked of each step, for JavaScript, in the order in which they are best taken."""
    return {
        kind: [told(known) for name, known in parameters.items() if name not in ELSEWHERE]
        for kind, parameters in STEP_PARAMETERS.items()
    }


def told(known: Parameter) -> dict[str, Any]:
    words = ("name", "default", "low", "high", "step", "optional")
    return {"type": known.type.__name__, **{word: getattr(known, word) for word in words}}
