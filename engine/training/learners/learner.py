"""The words between the loop and what is trained: a batch, the chance of its losses, and the learner itself."""

from abc import abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from engine.library.load_control import LoadedControl


@dataclass(frozen=True)
class Batch:
    """Pictures of one size as the networks take them; what a method has no use for is None.

    items: their ids. mean, std: (n, channels, h, w) of the latents, not scaled. tokens: (n, length) ids; context:
    (n, length, width), when the text encoder is not trained. mask: (n, 1, h, w) what each place counts; control, pixels:
    (n, 3, height, width) in 0..1. counts: (n,) what each picture's loss counts. prior: (n,) those whose target is what
    the untrained model answers.
    """

    items: tuple[str, ...]
    counts: Tensor
    prior: Tensor
    mean: Tensor | None = None
    std: Tensor | None = None
    tokens: Tensor | None = None
    context: Tensor | None = None
    mask: Tensor | None = None
    control: Tensor | None = None
    pixels: Tensor | None = None

    def to(self, device: torch.device) -> Self:
        if device.type == "cpu":
            return self
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        moved = {n: v.to(device, non_blocking=True) for n, v in values.items() if isinstance(v, Tensor)}
        return replace(self, **moved)

    @property
    def size(self) -> int:
        return len(self.items)


@dataclass(frozen=True)
class Chance:
    """All that is random in the losses of one batch. posterior, noise, extra: (n, channels, h, w); times: (n,)."""

    posterior: Tensor
    times: Tensor
    noise: Tensor
    extra: Tensor | None = None  # what input perturbation adds to the noise of the input


@dataclass(frozen=True)
class Group:
    """Weights with one learning rate, by the names under which they are kept."""

    name: str
    weights: dict[str, nn.Parameter]
    learning_rate: float


class Learner(nn.Module):
    """`forward(batch, chance)` gives the loss of each picture, (n,) float32, already weighted."""

    probes = 8  # looks at each picture when it is measured

    @property
    def reads(self) -> bool:
        """Whether captions are encoded anew in each step, because their encoder learns."""
        return False

    @abstractmethod
    def groups(self) -> list[Group]: ...

    @abstractmethod
    def draw(self, batch: Batch, seed: int, micro_step: int) -> Chance: ...

    @abstractmethod
    def probe(self, batch: Batch, seed: int, look: int) -> Chance:
        """Look `look` of `probes` at each picture: the same in every measurement, whatever the batch."""

    @abstractmethod
    def plain(self, batch: Batch, chance: Chance) -> Tensor:
        """(n,) the loss without the weights of pictures and timesteps, to measure with."""

    @abstractmethod
    def product(self, folder: Path, name: str, about: Mapping[str, str]) -> list[Path]:
        """Write what the training is for, in the formats that were asked for, and check that it reads back alike."""

    def knowing(self) -> AbstractContextManager[None]:
        """The networks know all that was learned, for as long as it lasts: what is drawn meanwhile shows it."""
        return nullcontext()

    def said(self, prompt: str) -> str:
        """A prompt as the tokenizer must read it."""
        return prompt

    def follower(self) -> LoadedControl | None:
        """A copy of the ControlNet that is trained, to draw samples with; None where none is."""
        return None

    def weights(self) -> dict[str, nn.Parameter]:
        """All that is trained, by name."""
        return {name: weight for group in self.groups() for name, weight in group.weights.items()}

    def mode(self, training: bool) -> Any:
        """Dropout on or off, in the networks that are trained."""
        return self.train(training)
