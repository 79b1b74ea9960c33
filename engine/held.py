"""Why a picture was held back by the safety checker; its text says it in the line of settings, from where it is read again."""

import re
from typing import Self

from pydantic import BaseModel, ConfigDict

KEY = "Safety checker"
SAID = re.compile(KEY + r": held back \(concepts? ([\d and]{1,160})(?:; special care ([\d and]{1,40}))?\)")


class Held(BaseModel):
    """concepts: which of the checker's concepts the picture came too near to, counted from 1; what they are called was never
    made public. special: those of its "special care" concepts that made it stricter."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    concepts: tuple[int, ...]
    special: tuple[int, ...] = ()

    @property
    def told(self) -> str:
        """The pair for a picture's line of settings."""
        care = f"; special care {listed(self.special)}" if self.special else ""
        return f"{KEY}: held back (concept{'s' * (len(self.concepts) > 1)} {listed(self.concepts)}{care})"

    @classmethod
    def read(cls, text: str) -> Self | None:
        """What `told` wrote into a picture's text."""
        found = SAID.search(text)
        return cls(concepts=numbers(found[1]), special=numbers(found[2] or "")) if found else None


def listed(some: tuple[int, ...]) -> str:
    return " and ".join(map(str, some))


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d{1,3}", text))
