"""The judge: a small classifier that says what a picture shows, to hold a model's pictures against their prompts."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from recipes.postcard.blur import worn
from recipes.postcard.dataset import METADATA
from recipes.postcard.draw import SIZE, draw
from recipes.postcard.scenes import (
    COLOURS,
    GROUNDS,
    MOST,
    OBJECTS,
    PLACES,
    TIMES,
    Scene,
    furnished,
    random_scene,
    scene_of,
)

Example = tuple[Image.Image, Scene]

HEADS: dict[str, tuple[str, ...]] = {  # what can be asked of a picture, and the answers
    "object": OBJECTS,
    "colour": COLOURS,
    "place": PLACES,
    "count": tuple(str(number) for number in range(1, MOST + 1)),
    "ground": GROUNDS,
    "time": TIMES,
    "left object": OBJECTS,
    "left colour": COLOURS,
    "right object": OBJECTS,
    "right colour": COLOURS,
}
COLUMNS: dict[str, tuple[str, ...]] = {  # a column of the score is right when all these answers are
    **{name: (name,) for name in ("object", "colour", "place", "count", "ground", "time")},
    "pair": ("left object", "right object"),  # in either order
    "order": ("left object", "right object"),
    "colours of two": ("left colour", "right colour"),
}
BATCH = 48


@dataclass(frozen=True, slots=True)
class Score:
    """Shares of right answers. `chance` holds the answers against every other prompt; `ceiling` judges true pictures."""

    accuracy: float
    chance: float
    ceiling: float
    n: int


class Judge(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.seen = nn.Sequential(
            *_block(3, 24, 2), *_block(24, 48, 2), *_block(48, 48, 1), *_block(48, 96, 2), *_block(96, 96, 1),
            *_block(96, 128, 2), *_block(128, 128, 1), nn.Conv2d(128, 48, 1), nn.Flatten(), nn.Dropout(0.1),
            nn.Linear(48 * 8 * 8, 256), nn.ReLU(),
        )  # fmt: skip
        self.heads = nn.ModuleDict({name: nn.Linear(256, len(answers)) for name, answers in HEADS.items()})

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        """pictures: batch x 3 x 128 x 128, 0 to 1."""
        seen = self.seen(pictures * 4 - 2)
        return {name: head(seen) for name, head in self.heads.items()}

    @classmethod
    def train_on(cls, examples: Iterator[Example], steps: int, seed: int) -> Judge:
        """A judge taught by `steps` batches of examples, worn as the pictures of a young model are."""
        torch.manual_seed(seed)
        judge, dice = cls(), torch.Generator().manual_seed(seed)
        optimiser = torch.optim.AdamW(judge.parameters(), 2e-3, weight_decay=0.02)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps, pct_start=0.1)
        judge.train()
        for _ in range(steps):
            pictures, scenes = zip(*islice(examples, BATCH), strict=True)
            answers = judge(worn(_tensor(pictures), dice))
            loss = torch.stack([_loss(answers[name], name, scenes) for name in HEADS]).sum()
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(judge.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        return judge.eval()

    @torch.inference_mode()
    def answers(self, pictures: Sequence[Image.Image]) -> list[dict[str, str]]:
        found: list[dict[str, str]] = []
        self.eval()
        for first in range(0, len(pictures), BATCH):
            logits = self(_tensor(pictures[first : first + BATCH]))
            best = {name: values.argmax(1).tolist() for name, values in logits.items()}
            found += [
                {name: HEADS[name][best[name][i]] for name in HEADS}
                for i in range(len(pictures[first : first + BATCH]))
            ]
        return found

    def score(self, pictures: Sequence[Image.Image], scenes: Sequence[Scene], seed: int = 0) -> dict[str, Score]:
        """How often the pictures show what the scenes ask for, in every column that some of the scenes have."""
        if len(pictures) != len(scenes):
            raise ValueError(f"pictures: {len(pictures)} for {len(scenes)} scenes; give one for each.")
        given, ideal = (
            self.answers(pictures),
            self.answers([_answer(scene, seed + i) for i, scene in enumerate(scenes)]),
        )
        scores: dict[str, Score] = {}
        for column in COLUMNS:
            rows = [i for i, scene in enumerate(scenes) if _asked(column, scene) is not None]
            wanted = [_asked(column, scenes[i]) for i in rows]
            if rows:
                said = [_said(column, given[i]) for i in rows]
                could = [_said(column, ideal[i]) for i in rows]
                right = sum(a == b for a, b in zip(said, wanted, strict=True))
                elsewhere = sum(a == b for a in said for b in wanted) - right
                chance = elsewhere / max(1, len(rows) * (len(rows) - 1))
                ceiling = sum(a == b for a, b in zip(could, wanted, strict=True)) / len(rows)
                scores[column] = Score(right / len(rows), chance, ceiling, len(rows))
        return scores

    def save(self, path: Path) -> None:
        part = path.with_name(f"{path.name}.part")
        save_file(self.state_dict(), part, {"heads": json.dumps(HEADS)})
        os.replace(part, path)

    @classmethod
    def load(cls, path: Path) -> Judge:
        with safe_open(path, "pt") as file:
            heads = json.loads((file.metadata() or {}).get("heads", "{}"))
            if heads != {name: list(answers) for name, answers in HEADS.items()}:
                raise ValueError(f"{path}: this judge knows other answers; train it again.")
            weights = {name: file.get_tensor(name) for name in file.keys()}
        judge = cls()
        judge.load_state_dict(weights)
        return judge.eval()


def rendered(seed: int, size: int = SIZE) -> Iterator[Example]:
    """Endless fresh pictures, with many of several and of two things. A judge may see what a model must not."""
    number = 0
    while True:
        scene = random_scene(random.Random(f"postcard judge {seed} {number}"), JUDGED)
        yield draw(scene, seed * 10_000_000 + number).picture(size), scene
        number += 1


JUDGED = {"one": 0.4, "several": 0.28, "two": 0.32, "none": 0.0}


def folder(path: Path) -> Iterator[Example]:
    """The pictures of a data set, again and again."""
    rows = [json.loads(line) for line in (path / METADATA).read_text("utf-8").splitlines()]
    while True:
        for row in rows:
            with Image.open(path / row["file_name"]) as picture:
                yield picture.convert("RGB"), scene_of(row["scene"])


def truth(scene: Scene) -> dict[str, str]:
    """The right answer of every head that the scene has one for."""
    told = {"ground": scene.ground, "time": scene.time}
    if len(scene.things) == 1:
        thing = scene.things[0]
        told |= {"object": thing.object, "colour": thing.colour, "count": str(thing.count)}
        if thing.place is not None:
            told["place"] = thing.place
    for thing, side in zip(scene.things, ("left", "right"), strict=False):
        if len(scene.things) == 2:
            told |= {f"{side} object": thing.object, f"{side} colour": thing.colour}
    return told


def _asked(column: str, scene: Scene) -> tuple[str, ...] | None:
    told = truth(scene)
    return _said(column, told) if all(head in told for head in COLUMNS[column]) else None


def _said(column: str, answers: dict[str, str]) -> tuple[str, ...]:
    said = tuple(answers[head] for head in COLUMNS[column])
    return tuple(sorted(said)) if column == "pair" else said


def _answer(scene: Scene, seed: int) -> Image.Image:
    """What a perfect model might draw for a scene that says nothing of its backdrop and sky."""
    rng = random.Random(f"postcard ideal {seed}")
    bare = scene.backdrop is None and not scene.sky
    return draw(furnished(scene.things, scene.ground, scene.time, rng) if bare else scene, seed).picture()


def _loss(logits: Tensor, head: str, scenes: Sequence[Scene]) -> Tensor:
    told = [truth(scene).get(head) for scene in scenes]
    labels = torch.tensor([-100 if answer is None else HEADS[head].index(answer) for answer in told])
    total = functional.cross_entropy(logits, labels, reduction="sum", label_smoothing=0.02)
    return total / len(scenes)


def _tensor(pictures: Sequence[Image.Image]) -> Tensor:
    resized = [
        picture if picture.size == (SIZE, SIZE) else picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
        for picture in pictures
    ]
    pixels = np.stack([np.asarray(picture.convert("RGB")) for picture in resized])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last).float() / 255


def _block(before: int, after: int, stride: int) -> list[nn.Module]:
    return [nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
