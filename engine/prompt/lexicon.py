"""The words of an installation: its styles and its wildcards, which prompts may name."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from engine.prompt.styles import Styles
from engine.prompt.wildcards import Wildcards


@dataclass(frozen=True)
class Lexicon:
    styles: Styles
    wildcards: Wildcards

    @classmethod
    def of(cls, data: Path) -> Self:
        """The data folder's own: styles.csv and the folder wildcards, whether they are there or not."""
        return cls(Styles(data / "styles.csv"), Wildcards(data / "wildcards"))
