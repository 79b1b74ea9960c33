"""What one person may ask of the queue: their share of the device, their work in a day, and how much may wait.

The contract with whoever keeps accounts: the studio asks `TermsOf` for an owner at every job that is submitted, so a
change holds from the next job on; what waits already keeps its place. It must answer at once and for any owner, also
for one it does not know (Terms() then). In a studio without accounts everybody has Terms().
"""

from collections.abc import Callable
from dataclasses import dataclass

LIGHTEST, HEAVIEST = 0.01, 100.0


@dataclass(frozen=True)
class Terms:
    """weight: who has 2 gets twice the work of who has 1, from 0.01 to 100; cost_per_day: million pixel-steps in any 24
    hours (a picture of 512 x 512 with 20 steps is 5.2), None for as many as one likes; waiting: jobs, paused ones too."""

    weight: float = 1.0
    cost_per_day: float | None = None
    waiting: int = 100

    def __post_init__(self) -> None:
        if not LIGHTEST <= self.weight <= HEAVIEST:
            raise ValueError(f"a weight is from {LIGHTEST} to {HEAVIEST}")
        if self.waiting < 0 or (self.cost_per_day is not None and not self.cost_per_day >= 0):
            raise ValueError("a quota is not negative")


TermsOf = Callable[[str], Terms]


USUAL = Terms()


def same_for_all(owner: str) -> Terms:
    return USUAL
