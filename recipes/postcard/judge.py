"""The judge: a small classifier that says what a picture shows, to hold a model's pictures against their prompts."""

from __future__ import annotations

import argparse
import json
import math
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
from recipes.postcard.draw import draw
from recipes.postcard.prompts import count_prompts, furnished_scene, single_prompts, two_prompts
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
JUDGED = {"one": 0.4, "several": 0.28, "two": 0.32, "none": 0.0}
BATCH = 48
EYE = 64  # pixels that the judge looks at: what a young model draws is no sharper


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
            *_block(3, 32, 2),
            *_block(32, 64, 2),
            *_block(64, 64, 1),
            *_block(64, 128, 2),
            *_block(128, 128, 1),
            nn.Conv2d(128, 40, 1),
            nn.Flatten(),
            nn.Dropout(0.1),
            nn.Linear(40 * 8 * 8, 256),
            nn.ReLU(),
        )
        self.heads = nn.ModuleDict({name: nn.Linear(256, len(answers)) for name, answers in HEADS.items()})
        self.to(memory_format=torch.channels_last)

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        """pictures: batch x 3 x 64 x 64, 0 to 1."""
        seen = self.seen(pictures * 4 - 2)
        return {name: head(seen) for name, head in self.heads.items()}

    @classmethod
    def train_on(cls, examples: Iterator[Example], count: int, steps: int, seed: int) -> Judge:
        """A judge taught by `steps` batches from the first `count` examples, worn as the pictures of a young model are."""
        torch.manual_seed(seed)
        judge, dice = cls(), torch.Generator().manual_seed(seed)
        pixels, labels = _learnt(examples, count)
        optimiser = torch.optim.AdamW(judge.parameters(), 4e-3, weight_decay=0.02)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _warm_then_cool(step / steps))
        judge.train()
        for _ in range(steps):
            chosen = torch.randint(len(pixels), (BATCH,), generator=dice)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                answers = judge(worn(_scaled(pixels[chosen]), dice))
            loss = torch.stack([_loss(answers[name].float(), labels[name][chosen]) for name in HEADS]).sum()
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
            logits = self(_scaled(_pixels(pictures[first : first + BATCH])))
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
        save_file(
            {name: value.contiguous() for name, value in self.state_dict().items()}, part, {"heads": json.dumps(HEADS)}
        )
        os.replace(part, path)

    @classmethod
    def load(cls, path: Path) -> Judge:
        with safe_open(path, "pt") as file:
            heads = json.loads((file.metadata() or {}).get("heads", "{}"))
            if heads != {name: list(answers) for name, answers in HEADS.items()}:
                raise ValueError(f"{path}: this judge knows other answers; train it again.")
            names = list(file.keys())
            weights = {name: file.get_tensor(name) for name in names}
        judge = cls()
        judge.load_state_dict(weights)
        return judge.eval()


def rendered(seed: int, size: int = EYE) -> Iterator[Example]:
    """Endless fresh pictures, with many of several and of two things. A judge may see what a model must not."""
    number = 0
    while True:
        scene = random_scene(random.Random(f"postcard judge {seed} {number}"), JUDGED)
        yield draw(scene, seed * 10_000_000 + number).picture(size), scene
        number += 1


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


def _learnt(examples: Iterator[Example], count: int) -> tuple[Tensor, dict[str, Tensor]]:
    """Pictures as bytes, and of every head the number of the right answer (-100: it has none)."""
    pixels: list[Tensor] = []
    labels: dict[str, list[int]] = {name: [] for name in HEADS}
    for picture, scene in islice(examples, count):
        pixels.append(_pixels([picture])[0])
        told = truth(scene)
        for name, answers in HEADS.items():
            labels[name].append(answers.index(told[name]) if name in told else -100)
    return torch.stack(pixels), {name: torch.tensor(some) for name, some in labels.items()}


def _warm_then_cool(share: float) -> float:
    """The learning rate's course over the training: up for a tenth of it, then down along a cosine."""
    return max(share * 10, 0.02) if share < 0.1 else 0.5 + 0.5 * math.cos(math.pi * (share - 0.1) / 0.9)


def _loss(logits: Tensor, labels: Tensor) -> Tensor:
    return functional.cross_entropy(logits, labels, reduction="sum", label_smoothing=0.02) / len(labels)


def _pixels(pictures: Sequence[Image.Image]) -> Tensor:
    resized = [picture.convert("RGB").resize((EYE, EYE), Image.Resampling.BOX) for picture in pictures]
    return torch.from_numpy(np.stack([np.asarray(picture) for picture in resized]))


def _scaled(pixels: Tensor) -> Tensor:
    return pixels.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last).float() / 255


def _block(before: int, after: int, stride: int) -> list[nn.Module]:
    return [nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m recipes.postcard.judge", description=__doc__)
    parser.add_argument("out", type=Path, help="where the judge is written, a .safetensors file")
    parser.add_argument("--count", type=int, default=8_000)
    parser.add_argument("--steps", type=int, default=1_300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    judge = Judge.train_on(rendered(asked.seed), asked.count, asked.steps, asked.seed)
    judge.save(asked.out)
    for name, prompts in (("one", single_prompts()), ("several", count_prompts()), ("two", two_prompts())):
        scenes = [prompt.scene for prompt in prompts]
        pictures = [draw(furnished_scene(prompt), prompt.seed).picture() for prompt in prompts]
        for column, score in judge.score(pictures, scenes).items():
            print(f"{name:8} {column:15} {score.accuracy:.3f} (chance {score.chance:.3f}, n = {score.n})", flush=True)


if __name__ == "__main__":
    main()
