"""Puts together the pages to sign in and to make the first admin: small, without Gradio, for any screen."""

import json
from pathlib import Path

from ui.words import LANGUAGES

FOLDER = Path(__file__).parent
PAGES = {"/sign-in": "sign-in", "/set-up": "set-up"}


def pages() -> dict[str, str]:
    """HTML by path."""
    return {path: page(kind) for path, kind in PAGES.items()}


def page(kind: str) -> str:
    """Nothing here comes from a visitor; `</` is broken up so that no word can end the element it is in."""
    wanted = ("entrance.", "error.people.", "error.unreachable", "error.requests.", "language.")
    words = {
        name: {key: text for key, text in texts.items() if key.startswith(wanted)} for name, texts in LANGUAGES.items()
    }
    data = json.dumps({"kind": kind, "words": words}, ensure_ascii=False).replace("</", "<\\/")
    script = (FOLDER / "entrance.js").read_text("utf-8").replace('"{data}"', data)
    style = (FOLDER / "entrance.css").read_text("utf-8")
    return (FOLDER / "entrance.html").read_text("utf-8").replace("{style}", style).replace("{script}", script)
