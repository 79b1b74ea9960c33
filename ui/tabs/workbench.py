"""The workbench that the drawing tabs share: which controls, in which order, and what happens between them."""

from dataclasses import dataclass

import gradio as gr
from gradio.blocks import Block

from ui.form import BEST, FORM, QUICK, draw
from ui.pieces.piece import piece
from ui.words import word

# What is folded, two controls a line.
GROUPS = {
    "group-hires": (
        *("hires_scale", "hires_strength", "hires_steps", "hires_upscaler", "hires_width", "hires_height"),
    ),
    "group-detailer": (
        *("detailer_model", "detailer_strength", "detailer_confidence", "detailer_most"),
        *("detailer_padding", "detailer_blur", "detailer_prompt", "detailer_negative_prompt", "detailer_only"),
    ),
    "advanced": ("clip_skip", "ensd", "noise_source", "arithmetic", "exact"),
    "group-language": ("literal", "emphasis"),
    "group-variation": ("variation_strength", "variation_seed", "resize_from_width", "resize_from_height"),
    "group-tuning": (
        *("eta", "s_noise", "s_churn", "rho", "s_tmin", "s_tmax", "sigma_min", "sigma_max"),
        *("discard_penultimate", "sgm_noise"),
    ),
    "group-file": ("format", "quality", "trace"),
}

CANVASES = {"inpaint": "mask", "sketch": "sketch"}  # by the tab that shows them
TO_STEPS = f"(quality) => quality === 'quick' ? {QUICK} : {BEST}"
TO_QUALITY = f"(steps) => steps === {QUICK} ? 'quick' : steps === {BEST} ? 'best' : null"
TO_SIZE = "(size) => [size.width, size.height]"


@dataclass
class Workbench:
    """What page.py connects. form: the controls by parameter name; begin: what a picture starts from;
    live: the switch for looks at a sketch while it is drawn."""

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
    begin: gr.HTML
    live: gr.HTML


FULL = {"elem_classes": ["field", "full"]}  # not shown in the simple mode


def workbench() -> Workbench:
    form: dict[str, Block] = {}
    with gr.Row(elem_id="workbench", equal_height=False):
        with gr.Column(elem_id="words", min_width=0):
            form["prompt"] = draw(
                "prompt", lines=3, max_lines=9, placeholder=word("prompt.placeholder"), container=True, info=None
            )
            piece("history")
            form["styles"] = piece("understood")
            piece("examples")
            form["negative_prompt"] = draw(
                "negative_prompt", lines=1, max_lines=5, placeholder=word("negative.placeholder"), info=None, **FULL
            )
            begin = piece("begin")
            live = piece("live")
            with gr.Row(elem_id="go"):
                generate = gr.Button(word("generate"), variant="primary", elem_id="generate", min_width=0, scale=4)
                piece("forever", min_width=0)
                stop = gr.Button(word("stop"), elem_id="stop", min_width=0, scale=1)
        with gr.Column(elem_id="settings", min_width=0):
            piece("mode")
            quality = gr.Radio(
                [(word("quality.quick"), "quick"), (word("quality.best"), "best")],
                value="best",  # as the default number of steps is
                show_label=False,
                label=word("quality"),
                elem_id="quality",
                interactive=True,
            )
            with gr.Row(elem_classes=["line", "models"]):
                form["checkpoint"] = draw("checkpoint", min_width=0, filterable=False)
                refresh = gr.Button(word("models.refresh"), elem_id="refresh", elem_classes=["iconic"], min_width=0)
            models = piece("models")
            with gr.Row(elem_classes=["line", "full"]):
                form["width"] = draw("width", min_width=0)
                form["height"] = draw("height", min_width=0)
                piece("size", min_width=0)
            aspects = piece("aspects")
            with gr.Row(elem_classes=["line", "full"]):
                form["steps"] = draw("steps", min_width=0)
                form["guidance"] = draw("guidance", min_width=0)
            with gr.Row(elem_classes=["line", "full"]):
                form["sampler"] = draw("sampler", filterable=False, min_width=0)
                form["schedule"] = draw("schedule", filterable=False, min_width=0)
            with gr.Row(elem_classes=["line", "full"]):
                form["seed"] = draw("seed", min_width=0)
                dice = gr.Button(word("seed.random"), elem_id="dice", elem_classes=["iconic"], min_width=0)
                last_seed = gr.Button(word("seed.last"), elem_id="last-seed", elem_classes=["iconic"], min_width=0)
            with gr.Row(elem_classes=["line"]):
                form["count"] = draw("count", min_width=0)
                form["batches"] = draw("batches", min_width=0, **FULL)
            with gr.Accordion(
                word("group.control"), open=False, elem_id="group-control", elem_classes=["group", "full"]
            ):
                form["control"] = piece("control")
            for group, names in GROUPS.items():
                with gr.Accordion(
                    word(group.replace("-", ".")), open=False, elem_id=group, elem_classes=["group", "full"]
                ):
                    for pair in batched(names):
                        with gr.Row(elem_classes=["line"]):
                            for name in pair:
                                form[name] = fold(name)
            piece("further")
        with gr.Column(elem_id="easel", min_width=0):
            for name, mode in CANVASES.items():
                piece(
                    "canvas",
                    {"name": name, "mode": mode},
                    elem_id=f"piece-canvas-{name}",
                    elem_classes=["canvas-place"],
                )
            stage = piece("stage")
            piece("welcome")
            piece("strip")
    return Workbench(form, generate, stop, stage, models, refresh, quality, aspects, dice, last_seed, begin, live)


def fold(name: str) -> Block:
    layout = {"filterable": False} if FORM[name].choices else {}
    return draw(name, min_width=0, **layout)


def batched(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Two by two; a switch has a line of its own, since its name is long."""
    lines: list[tuple[str, ...]] = []
    for name in names:
        alone = FORM[name].type is bool
        if not alone and lines and len(lines[-1]) == 1 and FORM[lines[-1][0]].type is not bool:
            lines[-1] += (name,)
        else:
            lines.append((name,))
    return lines
