"""What the network is told of one picture at each evaluation, and how its answers become one."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Guided:
    """output: what the solver steps with; negative: the answer to the negative prompt, None without guidance."""

    output: torch.Tensor
    negative: torch.Tensor | None = None


@dataclass(frozen=True)
class Conditioning:
    """contexts: (tokens, width) each, the negative prompt first, or the prompt alone when there is no guidance."""

    contexts: tuple[torch.Tensor, ...]

    @property
    def rows(self) -> int:
        """Rows of the network's input that one evaluation takes, at most."""
        return len(self.contexts)

    def at(self, index: int) -> tuple[torch.Tensor, ...]:
        """The contexts of evaluation `index`."""
        return self.contexts

    def combine(self, outputs: list[torch.Tensor], guidance: float) -> Guided:
        """outputs: one for each context, in the same order."""
        if len(outputs) == 1:
            return Guided(outputs[0])
        negative, positive = outputs
        # Ho & Salimans 2022, arXiv 2207.12598
        return Guided(negative + guidance * (positive - negative), negative)
