"""Our loop of a LoRA training beside that of diffusers' example script, on the same pictures, weights and chance.

The script itself (examples/text_to_image/train_text_to_image_lora.py) needs the package `datasets`; `example.py` does the
same work in the same order without it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.example import Example
from benchmarks.table import Row, ratio, timed
from engine.library.load import LoadedModel, load
from engine.library.scan import Library
from engine.request.training import TrainingRequest, read
from engine.settings import HOUSE
from engine.training import rng
from engine.training.data.items import Item
from engine.training.feed import Feed
from engine.training.learners.diffusion import shape_of
from engine.training.learners.learner import Chance
from engine.training.learners.table import learner
from engine.training.store import Store
from engine.training.trainer import Trainer, accelerator_for
from tests.engine.library.tiny import write_sd1
from tests.engine.training.making import items, pictures

STEPS = 6  # of one timing
EQUAL = 5
PICTURES = 16
MODELS = {"Postcard at 128 px": ("postcard", 128), "a tiny Stable Diffusion 1 at 128 px": ("tiny", 128)}
WAYS = ("example", "ours without caches", "ours with caches")


def measure(runs: int) -> list[Row]:
    rows: list[Row] = []
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for title, (name, size) in MODELS.items():
            rows.append(equality(title, place / name, name, size))
            ways = {way: stepper(way, place / name, name, size) for way in WAYS}
            wall, processor = interleaved(ways, max(runs, 7))
            for way in WAYS:
                rows.append(timed(f"{title}: {way}", [STEPS / s for s in wall[way]], "steps/s"))
            for way, wanted in (("ours without caches", ">= 1"), ("ours with caches", ">= 1.5")):
                rows.append(ratio(f"{title}: {way} / example", wall["example"], wall[way], wanted))
                rows.append(ratio(f"the same in processor time: {way}", processor["example"], processor[way], wanted))
            for way in WAYS:
                rows.append(timed(f"{title}: {way}, most memory", [peak(way, name, size)], "MiB"))
    rows.append(timed("load of the machine meanwhile", list(os.getloadavg()), f"on {os.cpu_count()} cores"))
    return rows


def interleaved(ways: dict[str, Callable[[], object]], runs: int) -> tuple[dict[str, list[float]], ...]:
    """Seconds by the clock and of the processor, in turn; the first round only warms up."""
    wall: dict[str, list[float]] = {way: [] for way in ways}
    processor: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(runs + 1):
        for way, act in ways.items():
            begun, worked = time.perf_counter(), time.process_time()
            act()
            if number:
                wall[way].append(time.perf_counter() - begun)
                processor[way].append(time.process_time() - worked)
    return wall, processor


def stepper(way: str, place: Path, name: str, size: int) -> Callable[[], object]:
    found, asked, model = work(place, name, size)
    if way == "example":
        example = Example(model, found, asked)
        return lambda: [example.step() for _ in range(STEPS)]
    trainer = made(model, asked, found, Store(place / "cache") if way == "ours with caches" else None)
    return lambda: [trainer.advance() for _ in range(STEPS)]


def work(place: Path, name: str, size: int) -> tuple[list[Item], TrainingRequest, LoadedModel]:
    drawn = place / "pictures"
    if not drawn.exists():
        pictures(drawn, PICTURES, size)
    models = HOUSE / "models"
    if name == "tiny":
        models = place / "models"
        if not models.exists():
            write_sd1(models / "checkpoints" / "tiny.safetensors")
    library = Library(models, place)
    model = load(library.find(name), torch.device("cpu"), torch.float32, name)
    asked = {"resolution": size, "batch": 4, "seed": 5, "length": 10_000, "dropout": 0.0, "lora.rank": 4}
    asked |= {"lora.alpha": 4.0, "learning_rate": 1e-4, "concepts": [{"folder": str(drawn)}]}
    return items(drawn), read(asked), model


def made(model: LoadedModel, asked: TrainingRequest, found: list[Item], store: Store | None) -> Trainer:
    taught = learner(model, asked)
    feed = Feed(model, asked, found, taught.reads, store)
    for _ in feed.prepare():
        pass
    return Trainer(asked, taught, feed, accelerator_for(asked, model.device))


def equality(title: str, place: Path, name: str, size: int) -> Row:
    """The largest difference of five losses, when both get the same weights, pictures and noise."""
    found, asked, model = work(place, name, size)
    ours = made(model, asked, found, None)
    _, _, other = work(place, name, size)
    theirs = Example(other, found, asked)
    theirs.take({key.removeprefix("unet."): weight for key, weight in ours.weights.items()})
    drawn: list[Chance] = []
    real: Callable[..., Chance] = ours.learner.draw

    def draw(batch: Any, seed: int, micro: int) -> Chance:
        """With the timesteps of the example, which draws whole numbers."""
        times = torch.randint(0, 1000, (batch.size,), generator=rng.generator(seed, "benchmark", micro))
        drawn.append(replace(real(batch, seed, micro), times=times))
        return drawn[-1]

    taught: Any = ours.learner
    taught.draw = draw  # the border at which both get the same chance
    differences = []
    for micro in range(EQUAL):
        mine = ours.advance().loss
        batch = ours.feed.batch(micro)
        assert drawn[-1].noise.shape[1:] == shape_of(batch)
        its = theirs.step(list(batch.items), drawn[-1])
        differences.append(abs(mine - its) / abs(its))
    assert max(differences) < 1e-5, differences
    return timed(
        f"{title}: difference of the first {EQUAL} losses", [1e6 * one for one in differences], "millionths", "< 10"
    )


def peak(way: str, name: str, size: int) -> float:
    """MiB that a process of its own needed at most for twice the steps of a timing."""
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.training", way, name, str(size)],
        cwd=HOUSE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        check=True,
    )
    return float(json.loads(told.stdout.splitlines()[-1])["MiB"])


def alone(way: str, name: str, size: int) -> None:
    torch.set_num_threads(1)
    Path("/proc/self/clear_refs").write_text("5")  # the mark is inherited from whoever started this process
    with tempfile.TemporaryDirectory() as folder:
        act = stepper(way, Path(folder), name, size)
        act()
        act()
    status = Path("/proc/self/status").read_text().split()
    print(json.dumps({"MiB": int(status[status.index("VmHWM:") + 1]) / 1024}))


if __name__ == "__main__":
    alone(sys.argv[1], sys.argv[2], int(sys.argv[3]))
