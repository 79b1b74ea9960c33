"""Comments: from `#` to the end of the line nothing is drawn."""

import re

REST_OF_LINE = re.compile(r"(?<!\\)#[^\n]*")


def strip(text: str) -> str:
    r"""The text without its comments; `\#` is a character like others."""
    if "#" not in text:
        return text
    lines = [REST_OF_LINE.sub("", line) for line in text.split("\n") if not line.lstrip().startswith("#")]
    return "\n".join(lines)
