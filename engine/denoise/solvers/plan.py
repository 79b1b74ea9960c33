"""A solver written down: for each evaluation of the network, how much of what is known makes the next latents.

Every solver here but one is linear in what it sees, so its formula can be run once with symbols (`Walk`) and leaves
the coefficients behind. Latents are Karras's: x = picture + sigma * noise.
"""

from dataclasses import dataclass, field
from math import sqrt

REACH = 5  # evaluations that a move may look back on, the present one among them


@dataclass(frozen=True)
class Move:
    """next = sum of latents[k] x_k + answers[k] o_k + negatives[k] u_k over the last evaluations, newest first, + noise.

    sigma: the noise level at which the network is asked; step: which of the sampler's steps this belongs to;
    span: the two levels between which a Brownian path is read instead of drawing freely.
    """

    sigma: float
    step: int
    latents: tuple[float, ...]
    answers: tuple[float, ...]
    negatives: tuple[float, ...] = ()
    noise: float = 0.0
    draws: bool = False
    span: tuple[float, float] | None = None


@dataclass
class Plan:
    """stirred: noise that is added before the first evaluation; None draws nothing."""

    moves: list[Move] = field(default_factory=list)
    stirred: float | None = None

    @property
    def steps(self) -> int:
        return self.moves[-1].step + 1 if self.moves else 0


class Linear:
    """A sum of named things: ("x", i) the latents before evaluation i, ("o", i) the network's answer, ("u", i) the
    answer to the negative prompt."""

    def __init__(self, parts: dict[tuple[str, int], float]):
        self.parts = parts

    def __add__(self, other: "Linear") -> "Linear":
        names = {**self.parts, **other.parts}
        return Linear({n: self.parts.get(n, 0.0) + other.parts.get(n, 0.0) for n in names})

    def __mul__(self, factor: float) -> "Linear":
        return Linear({n: value * factor for n, value in self.parts.items()})

    __rmul__ = __mul__

    def __sub__(self, other: "Linear") -> "Linear":
        return self + other * -1.0

    def __truediv__(self, divisor: float) -> "Linear":
        return self * (1 / divisor)


class Walk:
    """Runs a formula with symbols. `ask` is an evaluation, `go` says what becomes of it."""

    def __init__(self, velocity: bool = False):
        self.velocity = velocity
        self.plan = Plan()
        self.asked: list[tuple[float, int]] = []

    def ask(self, sigma: float, step: int) -> tuple[Linear, Linear]:
        """The latents as they are, and the picture that the network sees in them."""
        k = len(self.asked)
        self.asked.append((sigma, step))
        return Linear({("x", k): 1.0}), self.denoised("o")

    def denoised(self, answer: str) -> Linear:
        """The picture by the answer "o" or, to the negative prompt, "u" of the last evaluation."""
        k, sigma = len(self.asked) - 1, self.asked[-1][0]
        keep, share = denoising(sigma, self.velocity)
        return Linear({("x", k): keep, (answer, k): share})

    def go(self, to: Linear, noise: float = 0.0, draws: bool = False, span: tuple[float, float] | None = None) -> None:
        k = len(self.asked) - 1

        def row(kind: str) -> tuple[float, ...]:
            found = [to.parts.get((kind, k - lag), 0.0) for lag in range(REACH)]
            while found and found[-1] == 0:
                found.pop()
            return tuple(found)

        if any(value and index <= k - REACH for (_, index), value in to.parts.items()):
            raise ValueError("the formula looks back further than is remembered")
        sigma, step = self.asked[-1]
        move = Move(sigma, step, row("x"), row("o"), row("u"), noise, draws or noise != 0, span)
        self.plan.moves.append(move)

    def stir(self, noise: float) -> None:
        """Add noise to the latents before the next evaluation."""
        if not self.plan.moves:
            self.plan.stirred = noise
            return
        last = self.plan.moves[-1]
        if last.draws:
            raise ValueError("one move adds noise once")
        self.plan.moves[-1] = Move(
            last.sigma, last.step, last.latents, last.answers, last.negatives, noise, True, last.span
        )


def denoising(sigma: float, velocity: bool) -> tuple[float, float]:
    """picture = first * latents + second * answer; Salimans & Ho 2022, arXiv 2202.00512, for velocity."""
    if velocity:
        return 1 / (sigma**2 + 1), -sigma / sqrt(sigma**2 + 1)
    return 1.0, -sigma
