"""What the page's head carries: style sheets, words and the code that all pieces share."""

import json

from ui.pieces.piece import source
from ui.theme import styles
from ui.words import LANGUAGES


def head() -> str:
    """Nothing here comes from a visitor; `</` is broken up so that no word can end the element it is in."""
    words = json.dumps(LANGUAGES, ensure_ascii=False).replace("</", "<\\/")
    return "\n".join(
        [
            '<link rel="icon" href="data:,">',
            f"<style>{styles()}</style>",
            f'<script type="application/json" id="atelier-words">{words}</script>',
            f"<script>{source('studio.js')}\n{source('details.js')}\n{source('made.js')}</script>",
        ]
    )
