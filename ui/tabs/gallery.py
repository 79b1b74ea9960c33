"""The tab "Gallery": one piece that shows every stored picture."""

import gradio as gr

from ui.pieces.piece import piece


def gallery() -> gr.HTML:
    return piece("gallery")
