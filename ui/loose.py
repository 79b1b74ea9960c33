"""Controls that hand on what was typed: a bad value is answered by the engine, with a remedy, and not by a toast."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr
from gradio import component_meta


@contextmanager
def without_stubs() -> Iterator[None]:
    """Gradio writes a .pyi file beside every module that derives a component; ours are typed as they are."""
    write = component_meta.create_or_modify_pyi
    component_meta.create_or_modify_pyi = lambda *_: None
    try:
        yield
    finally:
        component_meta.create_or_modify_pyi = write


with without_stubs():

    class Range(gr.Slider):
        def get_block_name(self) -> str:
            return "slider"

        def preprocess(self, payload: Any) -> Any:
            return payload

    class Figure(gr.Number):
        def get_block_name(self) -> str:
            return "number"

        def preprocess(self, payload: Any) -> Any:
            return payload

    class Choice(gr.Dropdown):
        """Besides, the choices of a page that stayed open may be older than the server."""

        def get_block_name(self) -> str:
            return "dropdown"

        def preprocess(self, payload: Any) -> Any:
            return payload
