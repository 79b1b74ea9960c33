"""The tab "Training": one piece; what it shows comes from the training API, so that all browsers see the same."""

import gradio as gr

from ui.pieces.piece import piece


def training() -> gr.HTML:
    return piece("training")
