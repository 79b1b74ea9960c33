"""The tab "Verify": one piece; it asks the API, which reads the marks."""

import gradio as gr

from ui.pieces.piece import piece


def verify() -> gr.HTML:
    return piece("verify")
