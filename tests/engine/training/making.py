"""Runs made by hand: twelve drawn pictures with captions, the model in the box, and a trainer over both."""

import random
from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageDraw

from engine.library.load import LoadedModel, load
from engine.library.scan import Library
from engine.request.training import TrainingRequest, read
from engine.request.training_parts import Concept
from engine.settings import HOUSE
from engine.training.data.items import Item
from engine.training.feed import Feed
from engine.training.learners.learner import Learner
from engine.training.learners.table import learner
from engine.training.store import Store
from engine.training.trainer import Trainer, accelerator_for

CPU = torch.device("cpu")


def pictures(folder: Path, count: int = 12, size: int = 64, seed: int = 0) -> Path:
    """Purple rings on yellow: nothing that Postcard knows."""
    lots = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        picture = Image.new("RGB", (size, size), (250, 220, 60 + lots.randrange(40)))
        x, y, r = lots.randrange(size), lots.randrange(size), size // 8 + lots.randrange(size // 4)
        ImageDraw.Draw(picture).ellipse((x - r, y - r, x + r, y + r), outline=(120, 20, 160), width=size // 12)
        picture.save(folder / f"{index:02}.png")
        (folder / f"{index:02}.txt").write_text(f"a purple ring, number {index}, on yellow")
    return folder


def items(folder: Path, concept: Concept | None = None) -> list[Item]:
    found = []
    for path in sorted(folder.glob("*.png")):
        with Image.open(path) as picture:
            width, height = picture.size
        text = path.with_suffix(".txt").read_text()
        told = concept or Concept(folder=str(folder))
        found.append(Item(path.stem.ljust(32, "0"), path, width, height, (text,), None, None, told))
    return found


def postcard(dtype: torch.dtype = torch.float32) -> LoadedModel:
    library = Library(HOUSE / "models", Path("/nowhere"))
    return load(library.find("postcard"), CPU, dtype, "postcard")


def asked(folder: Path, **values: Any) -> TrainingRequest:
    small = {"resolution": 64, "batch": 2, "learning_rate": 1e-3, "seed": 5, "length": 6}
    return read({"concepts": [{"folder": str(folder)}], **small, **values})


def trainer(request: TrainingRequest, found: list[Item], store: Store | None = None) -> Trainer:
    model = postcard()
    taught: Learner = learner(model, request)
    feed = Feed(model, request, found, getattr(taught, "reads", False), store)
    for _ in feed.prepare():
        pass
    return Trainer(request, taught, feed, accelerator_for(request, CPU))
