"""The tabs "Inpaint" and "Sketch": the prompt, and the canvas beside it."""

import gradio as gr

from ui.pieces.piece import piece
from ui.words import word


def canvas_tab(name: str, mode: str) -> gr.HTML:
    """name: of the canvas, `atelier.canvas(name)` in JavaScript; mode: "mask" or "sketch"."""
    with gr.Row(elem_classes=["canvas-bench"], equal_height=False):
        with gr.Column(elem_classes=["canvas-words"], min_width=0):
            gr.Textbox(
                label=word(f"{name}.prompt"),
                placeholder=word(f"{name}.prompt.hint"),
                lines=3,
                max_lines=9,
                interactive=True,
                elem_id=f"{name}-prompt",
            )
        with gr.Column(elem_classes=["canvas-easel"], min_width=0):
            return piece("canvas", {"name": name, "mode": mode}, elem_id=f"piece-canvas-{name}", min_width=0)
