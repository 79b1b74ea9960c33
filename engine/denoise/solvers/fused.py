"""The steps of many pictures at once: sums of what they remember, by one operation a term instead of one object each."""

from collections.abc import Sequence

import torch

from engine.denoise.conditioning import Guided
from engine.denoise.noise import Noise
from engine.denoise.solvers.plan import Move
from engine.denoise.solvers.solver import Solver

Terms = list[tuple[torch.Tensor, float]]  # tensors and how much of each: their sum is the next latents


def terms(solver: Solver, move: Move, latents: torch.Tensor, guided: Guided, noise: Noise) -> Terms:
    """What the picture's next latents are the sum of. Takes this evaluation into the solver's memory, and draws."""
    solver.memory.appendleft((latents, guided))
    found: Terms = []
    for lag, (then, said) in enumerate(solver.memory):
        if lag < len(move.latents) and move.latents[lag]:
            found.append((then, move.latents[lag]))
        if lag < len(move.answers) and move.answers[lag]:
            found.append((said.output, move.answers[lag]))
        if lag < len(move.negatives) and move.negatives[lag]:
            found.append((said.output if said.negative is None else said.negative, move.negatives[lag]))
    if move.draws:
        drawn = solver.drawn(move, latents, noise)
        if move.noise:
            found.append((drawn, move.noise))
    return found


def total(pictures: Sequence[Terms]) -> list[torch.Tensor]:
    """The sum of each picture's terms. Its bits do not depend on the others: all goes element by element."""
    sums = list(torch._foreach_mul([found[0][0] for found in pictures], [found[0][1] for found in pictures]))
    for place in range(1, max((len(found) for found in pictures), default=0)):
        which = [i for i, found in enumerate(pictures) if len(found) > place]
        shares = torch._foreach_mul([pictures[i][place][0] for i in which], [pictures[i][place][1] for i in which])
        torch._foreach_add_([sums[i] for i in which], list(shares))
    return sums
