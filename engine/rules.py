"""What one person may have drawn: the contract with whoever knows roles, asked at every submission.

It must answer at once and for any owner, also for one it does not know. In a studio without such rules everybody is FREE.
"""

from collections.abc import Callable
from dataclasses import dataclass

from engine.prompt.blocked import Blocked

NO_WORDS = Blocked()


@dataclass(frozen=True)
class Rules:
    """blocked: words that no prompt of theirs may have; checked: the safety checker looks at what is drawn for them."""

    blocked: Blocked = NO_WORDS
    checked: bool = False


RulesOf = Callable[[str], Rules]


FREE = Rules()


def free_for_all(owner: str) -> Rules:
    return FREE
