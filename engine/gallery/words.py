"""What is written about a picture as words to find it by, and what a person types as a question about words.

SQLite's unicode61 makes words of letters and digits; it knows no word borders in Chinese, Japanese and Korean, so each
of their characters is made a word, and a run of them a phrase: that finds any part of a text, one character as well.
(Its trigram tokenizer finds nothing shorter than three characters, most Chinese words, and takes three times the room.)
"""

import re
import unicodedata
from collections.abc import Iterator

UNSPACED = re.compile("([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff])")
ASKED = re.compile(r'(-?)"([^"]*)"?|(\S+)')
WORD = re.compile(r"[^\W_]+")
LONGEST_TEXT = 100_000  # characters of one picture that can be found
LONGEST_QUESTION = 4_000
MOST_WORDS = 64  # of a question; what comes after them is not looked for


def findable(*texts: str) -> str:
    """The text to be indexed; parts that are in another one already are left out."""
    kept: list[str] = []
    for text in sorted(texts, key=len, reverse=True):
        if text and not any(text in other for other in kept):
            kept.append(text)
    return spaced("\n".join(kept)[:LONGEST_TEXT])


def spaced(text: str) -> str:
    """Wide and narrow forms made equal, half surrogate pairs and NUL gone, characters without word borders set apart."""
    text = text.encode("utf-8", "replace").decode().replace("\0", " ")
    return UNSPACED.sub(r" \1 ", unicodedata.normalize("NFKC", text))


def asked(question: str) -> tuple[str, str]:
    """Two expressions of FTS5, either may be empty: what must be there, and what must not.

    Words are joined by AND; "a phrase" stays together; -word leaves out; the last word may go on.
    """
    wanted: dict[str, None] = {}
    unwanted: dict[str, None] = {}
    room = MOST_WORDS
    for minus, text, open_end in parts(question[:LONGEST_QUESTION]):
        phrase = spaced(text).replace('"', " ")
        words = list(WORD.finditer(phrase))[:room]
        if words:
            room -= len(words)
            quoted = f'"{phrase[: words[-1].end()]}"'
            (unwanted if minus else wanted)[quoted + (" *" if open_end else "")] = None
    return " AND ".join(wanted), " OR ".join(unwanted)


def parts(question: str) -> Iterator[tuple[bool, str, bool]]:
    """(left out?, text, may the last word go on?)"""
    question = question.rstrip("\0")
    for match in ASKED.finditer(question):
        word = match[3]
        if word is None:
            yield bool(match[1]), match[2], False
        else:
            minus = word.startswith("-")
            yield minus, word[minus:], match.end() == len(question) and not minus
