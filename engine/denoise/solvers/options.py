"""What a formula may be told beside its noise levels."""

from dataclasses import dataclass
from math import inf, sqrt


@dataclass(frozen=True)
class Options:
    """eta: fresh noise at each step; the rest is churn: algorithm 2 of Karras et al. 2022, arXiv 2206.00364."""

    eta: float = 0.0
    s_churn: float = 0.0
    s_tmin: float = 0.0
    s_tmax: float = inf
    s_noise: float = 1.0

    def stirred(self, sigma: float, steps: int) -> float:
        """The level that churn lifts `sigma` to."""
        within = self.s_tmin <= sigma <= self.s_tmax
        return sigma * (1 + (min(self.s_churn / steps, sqrt(2) - 1) if within else 0.0))


def ancestral(sigma: float, to: float, eta: float) -> tuple[float, float]:
    """How far to go down, and how much noise to add, so that the level is `to` afterwards."""
    up = min(to, eta * sqrt(max(0.0, to**2 * (sigma**2 - to**2) / sigma**2)))
    return sqrt(max(0.0, to**2 - up**2)), up
