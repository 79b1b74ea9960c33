"""What the network is told of one picture at each evaluation, and how its answers become one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch

from engine.denoise.wardrobe import Set, Wardrobe
from engine.library.load import LoadedModel
from engine.prompt import composition
from engine.prompt.encode import encode
from engine.prompt.networks import take_out
from engine.prompt.schedule import Timeline, stages
from engine.prompt.vectors import Vectors
from engine.request.generation import GenerationRequest


@dataclass(frozen=True)
class Guided:
    """output: what the solver steps with; negative: the answer to the negative prompt (of an instruct network, without
    the picture), None without guidance."""

    output: torch.Tensor
    negative: torch.Tensor | None = None


@dataclass(frozen=True)
class Stage:
    """What a prompt says up to a step, that one included, steps from 1. context: (tokens, width)."""

    last: int
    text: str
    context: torch.Tensor


@dataclass(frozen=True)
class Track:
    """What one prompt says over time, in order."""

    stages: tuple[Stage, ...]
    weight: float = 1.0

    def at(self, step: int) -> Stage:
        return next((stage for stage in self.stages if step <= stage.last), self.stages[-1])


@dataclass(frozen=True)
class Conditioning:
    """positive: the prompt, or its parts joined by AND; negative: None where there is no guidance, and then the prompt
    is one of weight 1. step_of: the sampling step (from 0) of an evaluation; first: the evaluation that began it."""

    positive: tuple[Track, ...]
    negative: Track | None = None
    step_of: Callable[[int], int] = field(default=lambda index: index)
    first: int = 0
    image_guidance: float | None = None

    @property
    def rows(self) -> int:
        """Rows of the network's input that one evaluation takes."""
        return self.negatives + len(self.positive)

    @property
    def negatives(self) -> int:
        """Rows, from the first, that are told the negative prompt."""
        return 0 if self.negative is None else 1 + self.unshown

    @property
    def unshown(self) -> int:
        """Rows, from the first, that are not shown the picture that an instruct network changes."""
        return int(self.negative is not None and self.image_guidance is not None)

    def at(self, index: int) -> tuple[torch.Tensor, ...]:
        """The contexts of evaluation `index`, the negative ones first."""
        tracks = self.positive if self.negative is None else (*[self.negative] * self.negatives, *self.positive)
        return tuple(track.at(self.step(index)).context for track in tracks)

    def said(self, index: int) -> dict[str, str]:
        """The texts in force at evaluation `index`, in words: of the prompt, and of the negative one where it is heard."""
        step = self.step(index)
        parts = [(track.at(step).text, track.weight) for track in self.positive]
        texts = {"prompt": composition.joined(parts)}
        return texts if self.negative is None else {**texts, "negative_prompt": self.negative.at(step).text}

    def step(self, index: int) -> int:
        """From 1. A picture that begins in the middle counts its own steps, as AUTOMATIC1111 does."""
        return self.step_of(index) - self.step_of(self.first) + 1

    def combine(self, outputs: list[torch.Tensor], guidance: float) -> Guided:
        """outputs: one for each context, in the same order."""
        if self.negative is None:
            return Guided(outputs[0])
        negative, shown = outputs[0], outputs[self.negatives - 1]  # but for instruct networks the same
        # Ho & Salimans 2022, arXiv 2207.12598; several prompts: Liu et al. 2022, arXiv 2206.01714
        output = negative
        for track, positive in zip(self.positive, outputs[self.negatives :], strict=True):
            output = output + guidance * track.weight * (positive - shown)
        if self.image_guidance is not None:  # Brooks et al. 2023, arXiv 2211.09800
            output = output + self.image_guidance * (shown - negative)
        return Guided(output, negative)


class Speaker:
    """Tells the network of the pictures of one job; each text is encoded once.

    wardrobe: of what the words may name; without it they name no LoRA and no embedding.
    """

    def __init__(self, model: LoadedModel, wardrobe: Wardrobe | None = None):
        self.model, self.wardrobe = model, wardrobe
        self.known: dict[tuple[object, ...], torch.Tensor] = {}
        self.vectors: Vectors | None = None

    def conditioning(
        self, request: GenerationRequest, worn: Set = (), timeline: Timeline | None = None
    ) -> Conditioning:
        """Of one picture, whose LoRAs the text encoder wears meanwhile. timeline: of its second pass."""
        timeline = timeline or Timeline(request.sampling.steps)
        if self.wardrobe is None:
            return self.told(request, worn, timeline)
        self.vectors = self.wardrobe.vectors(request)
        with self.wardrobe.text(self.model, worn):
            return self.told(request, worn, timeline)

    def told(self, request: GenerationRequest, worn: Set, timeline: Timeline) -> Conditioning:
        """Without guidance the negative prompt is not looked at, nor paid for."""
        words = request.words
        spoken = composition.split(take_out(words.prompt)[0])
        positive = tuple(self.track(text, request, worn, timeline, weight) for text, weight in spoken)
        alone = request.sampling.guidance <= 1 and len(positive) == 1 and positive[0].weight == 1
        negative = None if alone else self.track(words.negative_prompt, request, worn, timeline)
        return Conditioning(positive, negative, image_guidance=request.image_guidance)

    def track(self, text: str, request: GenerationRequest, worn: Set, timeline: Timeline, weight: float = 1.0) -> Track:
        found = stages(text, timeline)
        return Track(tuple(Stage(last, said, self.encoded(said, request, worn)) for last, said in found), weight)

    def encoded(self, text: str, request: GenerationRequest, worn: Set) -> torch.Tensor:
        how = request.model.clip_skip, request.words.emphasis
        key = (text, *how, worn, request.spent.embedding_hashes)
        if key not in self.known:
            self.known[key] = encode(self.model, text, *how, self.vectors)
        return self.known[key]


def contexts(conditioning: Conditioning) -> Iterator[torch.Tensor]:
    """All that it may ever say."""
    for track in (*conditioning.positive, *([conditioning.negative] if conditioning.negative else [])):
        yield from (stage.context for stage in track.stages)
