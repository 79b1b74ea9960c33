"""What the page's head carries: style sheets, words and the code that all pieces share."""

import json

from ui.pieces.piece import source
from ui.theme import styles
from ui.words import LANGUAGES

# In this order: each may use those before it.
SHARED = (
    "studio.js",
    "shelf.js",
    "marks.js",
    "camera.js",
    "viewer.js",
    "compare.js",
    "made.js",
    "gallery-grid.js",
    "gallery-filters.js",
    "gallery-select.js",
    "gallery-import.js",
)


def head() -> str:
    """Nothing here comes from a visitor; `</` is broken up so that no word can end the element it is in."""
    words = json.dumps(LANGUAGES, ensure_ascii=False).replace("</", "<\\/")
    return "\n".join(
        [
            '<link rel="icon" href="data:,">',
            f"<style>{styles()}</style>",
            f'<script type="application/json" id="atelier-words">{words}</script>',
            f"<script>{chr(10).join(map(source, SHARED))}</script>",
        ]
    )
