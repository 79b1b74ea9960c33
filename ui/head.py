"""What the page's head carries: style sheets, words, the form's defaults and the code that all pieces share."""

import json
from dataclasses import asdict
from typing import Any

from engine.picture.open import LARGEST_FILE
from engine.policy import WHOLE, Policy
from engine.request.control import MOST_UNITS
from engine.request.preprocessors import PREPROCESSOR_FACTS
from engine.request.schema import CONTROLS, PARAMETERS, STARTS, Parameter
from engine.request.starts import IMAGE_GUIDANCE
from ui.form import BEST, FORM, QUICK, shown
from ui.pieces.piece import source
from ui.tabs.workbench import GROUPS
from ui.theme import styles
from ui.units import empty
from ui.words import LANGUAGES

# In this order: each may use those before it.
SHARED = (
    "studio.js",
    "held.js",
    "form.js",
    "fields.js",
    "bench.js",
    "units.js",
    "detail.js",
    "sketch.js",
    "reset.js",
    "keys.js",
    "belongings.js",
    "account.js",
    "people.js",
    "queue.js",
    "presets.js",
    "loras.js",
    "shelf.js",
    "marks.js",
    "pinboards.js",
    "camera.js",
    "lineage.js",
    "again.js",
    "viewer.js",
    "compare.js",
    "made.js",
    "hints.js",
    "copies.js",
    "reproduce.js",
    "restore-steps.js",
    "restore-cards.js",
    "gallery-grid.js",
    "gallery-filters.js",
    "gallery-select.js",
    "gallery-import.js",
    "canvas-raster.js",
    "canvas-layer.js",
    "canvas-png.js",
    "canvas-open.js",
    "canvas-store.js",
    "canvas-view.js",
    "canvas-hand.js",
    "canvas-numbers.js",
    "canvas-tools.js",
    "canvas-again.js",
    "canvas-board.js",
    "canvas-keys.js",
    "training-plot.js",
    "training-plan.js",
    "training-fields.js",
    "training-upload.js",
    "training-tags.js",
    "training-pictures.js",
    "training-check.js",
    "training-goal.js",
    "training-ready.js",
    "training-samples.js",
    "training-curves.js",
    "training-run.js",
)


FILES = {"picture", "mask"}  # told by the piece itself
USUAL = {"image_guidance": {"default": IMAGE_GUIDANCE}}  # that resolving fills in


def head(policy: Policy = WHOLE) -> str:
    """Nothing here comes from a visitor; `</` is broken up so that no word can end the element it is in."""
    return "\n".join(
        [
            '<link rel="icon" href="data:,">',
            f"<style>{styles()}</style>",
            data("atelier-words", LANGUAGES),
            data("atelier-form", form()),
            data("atelier-starts", starts()),
            data("atelier-control", control()),
            data("atelier-limits", limits(policy)),
            f"<script>{''.join(source(name) for name in SHARED)}</script>",
        ]
    )


def limits(policy: Policy) -> dict[str, Any]:
    """file: bytes of an upload; closed: tabs that are not there; demo: what one picture may be."""
    bounds = policy.bounds
    demo = {"side": bounds.side, "steps": bounds.steps} if policy.demo else None
    return {"file": policy.upload or LARGEST_FILE, "closed": policy.closed, "demo": demo}


def form() -> dict[str, Any]:
    """The default of each control, which of them a group holds, and the steps that the two choices on top set."""
    defaults = {name: shown(name, known.default) for name, known in FORM.items() if name != "checkpoint_hash"}
    groups = {**GROUPS, "group-control": ("control",)}
    return {"defaults": defaults, "groups": groups, "quality": [QUICK, BEST]}


def starts() -> dict[str, list[dict[str, Any]]]:
    """The parameters of each kind of start, but the pictures themselves: begin.js draws them."""
    return {
        kind: [
            told(PARAMETERS[name]) | USUAL.get(name, {})
            for name in holder.model_fields
            if name in PARAMETERS and name not in FILES
        ]
        for kind, holder in STARTS.items()
    }


def control() -> dict[str, Any]:
    """A control unit's values and preprocessors: control.js draws them."""
    return {
        "most": MOST_UNITS,
        "values": {name: told(known) | {"default": empty(known)} for name, known in CONTROLS.items()},
        "preprocessors": {name: asdict(facts) for name, facts in PREPROCESSOR_FACTS.items()},
    }


def told(known: Parameter) -> dict[str, Any]:
    words = ("name", "default", "low", "high", "step", "choices")
    return {"type": known.type.__name__, **{word: getattr(known, word) for word in words}}


def data(name: str, content: Any) -> str:
    text = json.dumps(content, ensure_ascii=False).replace("</", "<\\/")
    return f'<script type="application/json" id="{name}">{text}</script>'
