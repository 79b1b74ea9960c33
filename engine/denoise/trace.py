"""How a picture was made: what each evaluation met and what it changed, kept as one JSON file."""

import base64
import json
from collections.abc import Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from engine.denoise.conditioning import Guided
from engine.denoise.preview import Matrix, coloured
from engine.picture.veil import veiled

VERSION = 1
FRAMES = 150  # at most, evenly over the evaluations; the numbers are kept of all
SIDE = 128  # pixels of a frame's longer side
Latents = NDArray[np.float32]


class Solves(Protocol):
    """What is asked of a solver here."""

    def sigma(self, index: int) -> float: ...
    def denoised(self, output: torch.Tensor, index: int, latents: torch.Tensor) -> torch.Tensor: ...


@dataclass(frozen=True)
class Sight:
    """One evaluation. latents: before its step; guess: the finished latents as the network saw them, both (channels,
    h, w); pull: how far guidance moved the guess away from the negative prompt's, relative to the guess; said: the texts
    in force, "prompt" and "negative_prompt"."""

    sigma: float
    latents: Latents
    guess: Latents
    pull: float | None
    said: Mapping[str, str]


def see(solver: Solves, index: int, latents: torch.Tensor, guided: Guided, said: Mapping[str, str]) -> Sight:
    guess = plain(solver.denoised(guided.output, index, latents))
    pull = None
    if guided.negative is not None:
        pull = apart(guess, plain(solver.denoised(guided.negative, index, latents)))
    return Sight(solver.sigma(index), plain(latents), guess, pull, said)


class Trace:
    """of: evaluations to come. Frames are drawn by the executor that `keep` is given."""

    def __init__(self, of: int):
        self.every = max(1, -(-of // FRAMES))
        self.steps: list[dict[str, Any]] = []
        self.frames: dict[int, tuple[Future[str], Future[str]]] = {}
        self.last: Latents | None = None
        self.said: list[Mapping[str, str]] = []

    def anew(self) -> None:
        """Another size begins: what was seen before is compared with nothing."""
        self.last = None

    def keep(self, sight: Sight, matrix: Matrix, executor: Executor, veil: bool = False) -> None:
        """veil: frames tell only colours."""
        at = len(self.steps)
        change = None if self.last is None else apart(sight.guess, self.last)
        self.steps.append({"sigma": rounded(sight.sigma), "pull": rounded(sight.pull), "change": rounded(change)})
        self.last = sight.guess
        self.said.append(sight.said)
        if at % self.every == 0:
            guess, latents = (executor.submit(frame, seen, matrix, veil) for seen in (sight.guess, sight.latents))
            self.frames[at] = guess, latents

    def file(self) -> bytes:
        """Waits for the last frames. Steps between two frames have none of their own."""
        for at, (guess, latents) in self.frames.items():
            self.steps[at] |= {"guess": guess.result(), "latents": latents.result()}
        texts = self.tell()
        return json.dumps({"version": VERSION, "texts": texts, "steps": self.steps}, allow_nan=False).encode()

    def tell(self) -> list[str]:
        """A prompt that changes on the way is named in the first step and wherever it changes, by its place in the list."""
        texts: dict[str, int] = {}
        for kind in ("prompt", "negative_prompt"):
            heard = [said.get(kind) for said in self.said]
            if len(set(heard)) > 1:
                for at, text in enumerate(heard):
                    if text is not None and (at == 0 or text != heard[at - 1]):
                        self.steps[at][kind] = texts.setdefault(text, len(texts))
        return list(texts)


def plain(latents: torch.Tensor) -> Latents:
    return latents[0].float().cpu().numpy()


def apart(one: Latents, other: Latents) -> float:
    """The distance between both, relative to the first."""
    return float(np.linalg.norm(one - other) / max(1e-6, float(np.linalg.norm(one))))


def rounded(value: float | None) -> float | None:
    """Six digits; None for what is no number, which JSON does not know."""
    return float(f"{value:.6g}") if value is not None and np.isfinite(value) else None


def frame(latents: Latents, matrix: Matrix, veil: bool = False) -> str:
    """A small WebP as a data URL."""
    picture = coloured(latents, matrix)
    picture = veiled(picture) if veil else picture
    scale = SIDE / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    buffer = BytesIO()
    picture.resize(size, Image.Resampling.BICUBIC).save(buffer, "WEBP", quality=65, method=2)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
