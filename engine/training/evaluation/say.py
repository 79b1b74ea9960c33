"""The words of a report: English as the code has it, or the language of whoever asks for it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

HOLE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Say:
    """words: by key, as the page has them; what is missing there is told in English. language: as HTML names it."""

    language: str = "en"
    words: Mapping[str, str] = field(default_factory=dict[str, str])

    def __call__(self, english: str, **values: Any) -> str:
        """What stands under "report.ENGLISH"; {name} in it is a value."""
        return filled(self.words.get(f"report.{english}", english), values)

    def known(self, key: str, english: str, values: Mapping[str, Any] | None = None) -> str:
        """What the page says under a key of its own; `english` when it has none, or a value is missing."""
        text = self.words.get(key)
        if text is None or not set(HOLE.findall(text)) <= (values or {}).keys():
            return english
        return filled(text, values or {})


def filled(text: str, values: Mapping[str, Any]) -> str:
    return HOLE.sub(lambda hole: str(values.get(hole[1], hole[0])), text)


ENGLISH = Say()
