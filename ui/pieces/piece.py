"""A piece of own HTML: an empty element that its JavaScript file fills, once, when the page first shows it."""

from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

FOLDER = Path(__file__).parent


@cache
def source(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def piece(name: str, value: dict[str, Any] | None = None, **layout: Any) -> gr.HTML:
    """The template never changes, so the DOM survives new values; texts enter by textContent only, as templates execute.

    A piece that is there twice needs an `elem_id` for each. In the file: `root`, `props`, `watch("value", ...)` and `trigger("input")`, and `atelier` of studio.js.
    """
    return gr.HTML(
        value=value or {},
        html_template="<div></div>",
        js_on_load=f"const atelier = window.atelier, root = element.firstElementChild;\n{source(f'{name}.js')}",
        apply_default_css=False,
        **{"elem_id": f"piece-{name}", **layout},
    )
