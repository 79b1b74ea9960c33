"""The look: quiet greys without a tint, so that only pictures have colour, and one accent, cinnabar."""

from pathlib import Path

import gradio as gr
from gradio.themes.utils.colors import Color

from ui.pieces.piece import FOLDER, source

CINNABAR = Color(
    name="cinnabar",
    c50="#fdf4f1",
    c100="#fbe6df",
    c200="#f6cbbe",
    c300="#efa793",
    c400="#e88a72",
    c500="#d4604a",
    c600="#b9452f",
    c700="#9a3827",
    c800="#7e3023",
    c900="#682b21",
    c950="#38130d",
)
GREY = Color(
    name="grey",
    c50="#fafaf9",
    c100="#f3f3f1",
    c200="#e5e5e2",
    c300="#d0d0cc",
    c400="#a5a5a0",
    c500="#7a7a75",
    c600="#595955",
    c700="#3d3d3a",
    c800="#292927",
    c900="#1c1c1b",
    c950="#131312",
)
SANS = (
    "Inter",
    "ui-sans-serif",
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "Roboto",
    "PingFang SC",
    "Microsoft YaHei",
    "Noto Sans CJK SC",
    "sans-serif",
)


def theme() -> gr.themes.Base:
    """System fonts only: the page must not ask another server for anything."""
    return gr.themes.Base(
        primary_hue=CINNABAR,
        neutral_hue=GREY,
        spacing_size="sm",
        radius_size="md",
        text_size="sm",
        font=SANS,
        font_mono=("ui-monospace", "SF Mono", "Menlo", "Consolas", "monospace"),
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color="*neutral_900",
        body_text_color_dark="*neutral_100",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        background_fill_primary="white",
        background_fill_primary_dark="*neutral_900",
        background_fill_secondary="*neutral_100",
        background_fill_secondary_dark="*neutral_900",
        border_color_primary="*neutral_200",
        border_color_primary_dark="*neutral_800",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_border_width_dark="0px",
        block_padding="0px",
        block_shadow="none",
        block_label_text_color="*neutral_600",
        block_label_text_color_dark="*neutral_400",
        block_title_text_color="*neutral_600",
        block_title_text_color_dark="*neutral_400",
        block_title_text_weight="500",
        block_title_text_size="12px",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_400",
        input_background_fill="white",
        input_background_fill_dark="*neutral_900",
        input_background_fill_focus="white",
        input_background_fill_focus_dark="*neutral_900",
        input_border_color="*neutral_300",
        input_border_color_dark="*neutral_700",
        input_border_color_focus="*primary_500",
        input_border_color_focus_dark="*primary_500",
        input_border_width="1px",
        input_shadow="none",
        input_shadow_focus="0 0 0 3px color-mix(in srgb, *primary_500 22%, transparent)",
        input_placeholder_color="*neutral_600",
        input_placeholder_color_dark="*neutral_400",
        input_padding="8px 10px",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_700",
        button_primary_text_color="white",
        button_primary_text_color_dark="white",
        button_primary_border_color="transparent",
        button_primary_border_color_dark="transparent",
        button_secondary_background_fill="white",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_background_fill_dark="*neutral_900",
        button_secondary_background_fill_hover_dark="*neutral_800",
        button_secondary_text_color="*neutral_800",
        button_secondary_text_color_dark="*neutral_200",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="*neutral_700",
        slider_color="*primary_600",
        slider_color_dark="*primary_500",
        color_accent="*primary_600",
        color_accent_soft="*primary_50",
        color_accent_soft_dark="*neutral_800",
        checkbox_background_color_selected="*primary_600",
        checkbox_background_color_selected_dark="*primary_600",
        checkbox_border_color_selected="*primary_600",
        checkbox_border_color_selected_dark="*primary_600",
        panel_background_fill="transparent",
        panel_background_fill_dark="transparent",
    )


def styles() -> str:
    """All own style sheets. They travel in the head: what Gradio calls `css` it rewrites to reach its own tree only."""
    page = (Path(__file__).parent / "theme.css").read_text(encoding="utf-8")
    return "\n".join([page, *(source(file.name) for file in sorted(FOLDER.glob("*.css")))])
