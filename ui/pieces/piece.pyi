"""A piece of own HTML: an empty element that its JavaScript file fills, once, when the page first shows it."""

from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

FOLDER = Path(__file__).parent

@cache
def source(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")

from gradio.events import Dependency

class Piece(gr.HTML):
    """The template never changes, so the DOM survives new values; texts enter by textContent only, as templates execute.

    In the file: `element`, `props`, `watch("value", ...)` and `trigger("input")`, and `window.atelier` of studio.js.
    """

    def __init__(self, name: str, value: dict[str, Any] | None = None, **layout: Any):
        super().__init__(
            value=value or {},  # pyright: ignore[reportArgumentType]
            html_template="<div></div>",
            js_on_load=f"const atelier = window.atelier; const root = element.firstElementChild ?? element;\n{source(f'{name}.js')}",
            apply_default_css=False,
            elem_id=layout.pop("elem_id", f"piece-{name}"),
            **layout,
        )

    def api_info(self) -> dict[str, Any]:
        return {"type": "object"}
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component
