"""The tab "Text to image": which controls, in which order, and what happens between them."""

from dataclasses import dataclass

import gradio as gr
from gradio.blocks import Block

from engine.request.schema import PARAMETERS
from ui.form import draw
from ui.pieces.piece import piece
from ui.words import word

GROUPS = {
    "language": ("literal", "emphasis"),
    "variation": (
        "variation_seed",
        "variation_strength",
        "resize_from_width",
        "resize_from_height",
        "noise_source",
        "ensd",
    ),
    "tuning": (
        "eta",
        "s_churn",
        "s_tmin",
        "s_tmax",
        "s_noise",
        "sigma_min",
        "sigma_max",
        "rho",
        "discard_penultimate",
        "sgm_noise",
        "arithmetic",
    ),
    "file": ("format", "quality", "trace"),
}
QUICK, BEST = 12, 30  # steps of the two choices on top

TO_STEPS = f"(quality) => quality === 'quick' ? {QUICK} : {BEST}"
TO_QUALITY = f"(steps) => steps === {QUICK} ? 'quick' : steps === {BEST} ? 'best' : null"
TO_SIZE = "(size) => [size.width, size.height]"


@dataclass
class Text2Img:
    """What page.py connects. form: the controls by parameter name."""

    form: dict[str, Block]
    generate: gr.Button
    stop: gr.Button
    stage: gr.HTML
    models: gr.HTML
    refresh: gr.Button
    quality: gr.Radio
    aspects: gr.HTML
    dice: gr.Button
    last_seed: gr.Button


def txt2img() -> Text2Img:
    form: dict[str, Block] = {}
    with gr.Row(elem_id="workbench", equal_height=False):
        with gr.Column(elem_id="words", min_width=0):
            form["prompt"] = draw(
                "prompt", lines=4, max_lines=9, placeholder=word("prompt.placeholder"), container=True, info=None
            )
            form["styles"] = piece("understood")
            piece("examples")
            form["negative_prompt"] = draw(
                "negative_prompt", lines=1, max_lines=5, placeholder=word("negative.placeholder"), info=None
            )
            with gr.Row(elem_id="go"):
                generate = gr.Button(word("generate"), variant="primary", elem_id="generate", min_width=0, scale=4)
                stop = gr.Button(word("stop"), elem_id="stop", min_width=0, scale=1)
        with gr.Column(elem_id="settings", min_width=0):
            quality = gr.Radio(
                [(word("quality.quick"), "quick"), (word("quality.best"), "best")],
                value=None,
                show_label=False,
                label=word("quality"),
                elem_id="quality",
                interactive=True,
            )
            with gr.Row(elem_classes=["line"]):
                form["checkpoint"] = draw("checkpoint", min_width=0, filterable=False)
                refresh = gr.Button(word("models.refresh"), elem_id="refresh", elem_classes=["iconic"], min_width=0)
            models = piece("models")
            with gr.Row(elem_classes=["line"]):
                form["width"] = draw("width", min_width=0)
                form["height"] = draw("height", min_width=0)
            aspects = piece("aspects")
            with gr.Row(elem_classes=["line"]):
                form["steps"] = draw("steps", min_width=0)
                form["guidance"] = draw("guidance", min_width=0)
            with gr.Row(elem_classes=["line"]):
                form["seed"] = draw("seed", min_width=0)
                dice = gr.Button(word("seed.random"), elem_id="dice", elem_classes=["iconic"], min_width=0)
                last_seed = gr.Button(word("seed.last"), elem_id="last-seed", elem_classes=["iconic"], min_width=0)
            form["sampler"] = draw("sampler", filterable=False)
            with gr.Accordion(word("advanced"), open=False, elem_id="advanced"):
                form["count"] = draw("count")
                form["schedule"] = draw("schedule", filterable=False)
                form["clip_skip"] = draw("clip_skip")
                form["exact"] = draw("exact")
            for group, names in GROUPS.items():
                with gr.Accordion(word(f"group.{group}"), open=False, elem_id=f"group-{group}"):
                    for name in names:
                        form[name] = draw(name, filterable=False) if PARAMETERS[name].choices else draw(name)
        with gr.Column(elem_id="easel", min_width=0):
            stage = piece("stage")
            piece("welcome")
            piece("strip")
    return Text2Img(form, generate, stop, stage, models, refresh, quality, aspects, dice, last_seed)
