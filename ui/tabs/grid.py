"""The tab "Grid": one piece; its base values are the present ones of "Text to image"."""

import itertools
import logging
from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.blocks import Block

from engine.errors import INTERNAL, AtelierError
from engine.request.schema import PARAMETERS
from engine.studio import Studio
from ui.actions import asked
from ui.form import FORM
from ui.pieces.piece import piece

log = logging.getLogger("atelier.ui")
NO_AXIS = {"prompt", "count", "trace", "checkpoint_hash"}  # the whole prompt has a kind of axis of its own


def grid() -> gr.HTML:
    return piece("grid", {"parameters": axes_to_choose()})


def axes_to_choose() -> list[dict[str, Any]]:
    """The parameters that an axis may vary, for JavaScript."""
    return [
        {
            "name": name,
            "kind": "choice" if known.choices else known.type.__name__,
            "choices": list(known.choices),
            "low": known.low,
            "high": str(known.high) if name.endswith("seed") else known.high,
            "default": known.default,
        }
        for name, known in PARAMETERS.items()
        if known.start is None and name not in NO_AXIS
    ]


def connect_grid(
    table: gr.HTML, form: dict[str, Block], studio: Studio, visitor: Callable[[gr.Request], str], plain: dict[str, Any]
) -> None:
    turn = itertools.count(1)  # makes two equal answers differ, so that JavaScript sees both

    def reply(request: gr.Request, message: Any, *values: Any) -> dict[str, Any]:
        given = message if isinstance(message, dict) else {}
        base = asked(dict(zip(form, values, strict=True)))
        answer = answered(given, base, studio, visitor(request))
        return {
            "reply": {**answer, "ask": given.get("ask"), "base": told(base), "to": given.get("turn")},
            "turn": next(turn),
        }

    table.input(reply, inputs=[table, *form.values()], outputs=[table], **plain)


def answered(given: dict[str, Any], base: dict[str, Any], studio: Studio, owner: str) -> dict[str, Any]:
    """An estimate, the id of a grid that has begun, or the problem."""
    plan = {"values": base, "axes": given.get("axes"), "fresh_seeds": given.get("fresh_seeds") is True}
    try:
        if given.get("ask") == "start":
            return {"grid": studio.grids.create(plan, owner)}
        return {"plan": studio.grids.estimate(plan)} if plan["axes"] else {}
    except AtelierError as error:
        return {"problem": error.problem.model_dump()}
    except Exception:
        log.exception("a grid could not be planned")
        return {"problem": INTERNAL.model_dump()}


def told(base: dict[str, Any]) -> dict[str, Any]:
    """The prompt, and what differs from the defaults."""
    changed = {
        name: value
        for name, value in base.items()
        if name not in ("prompt", "checkpoint") and value != FORM[name].default and str(value) not in ("", "-1")
    }
    return {"prompt": base.get("prompt") or "", "checkpoint": base.get("checkpoint") or "", "changed": changed}
