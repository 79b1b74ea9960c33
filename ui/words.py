"""The page's words in English and Chinese: for Gradio's controls and for our own HTML alike."""

import json
from pathlib import Path

import gradio as gr
from gradio.i18n import I18nData

FOLDER = Path(__file__).parent / "words"


def words(language: str) -> dict[str, str]:
    """All files of the language together: one a feature. A key that stands in two of them is an error."""
    found: dict[str, str] = {}
    for file in sorted((FOLDER / language).glob("*.json")):
        texts: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
        if twice := found.keys() & texts.keys():
            raise ValueError(f"{file.name} repeats {sorted(twice)}")
        found |= texts
    return found


LANGUAGES: dict[str, dict[str, str]] = {language: words(language) for language in ("en", "zh-CN")}


def translations() -> gr.I18n:
    """Both "zh" and "zh-CN": browsers ask for either."""
    return gr.I18n(**LANGUAGES, zh=LANGUAGES["zh-CN"])


def word(key: str) -> I18nData:
    """A text that the browser shows in its own language; raises KeyError for a key that nobody translated."""
    LANGUAGES["en"][key]
    return I18nData(key)
