"""Postcard from nothing, by one command: `python -m recipes.postcard WORK_FOLDER`.

Pictures are drawn, an autoencoder is trained on them, the text encoder learns to read, then the UNet to draw, the decoder
once more, and a ControlNet; then all is measured. All but the reading are runs of the studio's own trainer: stopped at any
moment, the command goes on where it was.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from diffusers import AutoencoderKL

from engine.request.training import TrainingRequest
from engine.training.run_folder import RunFolder
from recipes.postcard import dataset, judge, networks, reader, scale, ship, stages

HOUSE = Path(__file__).resolve().parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m recipes.postcard", description=__doc__)
    parser.add_argument("folder", type=Path, help="for pictures, runs and models; some gigabytes")
    parser.add_argument("--effort", choices=stages.EFFORTS, default="small")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    asked = parser.parse_args()
    made = make(asked.folder.resolve(), asked.effort, asked.device)
    print(f"Postcard is in {made}, and how good it is in {asked.folder / 'evaluation'}")
    return 0


def make(folder: Path, effort_name: str, device: str) -> Path:
    """The finished checkpoint's folder."""
    effort, size = stages.EFFORTS[effort_name], networks.SIZES[effort_name]
    pictures, models = folder / "pictures", folder / "models" / "checkpoints"
    order = dataset.Order(effort.pictures, seed=0, size=size.size, maps=("things", "strokes"))
    dataset.write(pictures, order, processes=os.cpu_count() or 1)
    untrained(models / "untrained", size)
    house = {"models": str(models.parent), "cache": str(folder / "cache"), "roots": [str(pictures)], "device": device}

    def stage(name: str, request: Callable[..., TrainingRequest], base: str) -> Path:
        run = asked_for(folder / "runs" / name, request(effort, str(pictures), base), house)
        if run.status() != "finished":
            print(f"{name}: {run.path}", flush=True)
            subprocess.run([sys.executable, "-m", "engine.training.worker", str(run.path)], cwd=HOUSE, check=True)
        if (status := run.status()) != "finished":
            raise SystemExit(f"{name}: {status}. The same command goes on from here.")
        return run.products / run.request().product.name

    first = stage("autoencoder", stages.autoencoder, "untrained")
    level(first, models / "levelled", [pictures / name for name in dataset.names(pictures)])
    reading(models / "levelled", models / "reading", effort.reading)
    second = stage("denoising", stages.denoising, "reading")
    copy(second, models / "drawing")
    third = stage("decoder", stages.decoder, "drawing")
    copy(third, models / "postcard")
    network = stage("controlnet", stages.controlnet, "postcard")
    copy(network, models.parent / "controlnet" / ship.CONTROLNET)
    assess(folder, effort, device)
    return models / "postcard"


def assess(folder: Path, effort: stages.Effort, device: str) -> None:
    """The judge is taught, then checkpoint and ControlNet are measured, where that has not been done yet."""
    out, taught = folder / "evaluation", folder / "judge.safetensors"
    if not taught.exists():
        judge.Judge.train_on(judge.rendered(0), *effort.judge, seed=0).save(taught)
    common = ["--models", str(folder / "models"), "--out", str(out), "--device", device]
    one, sketches = (str(count) for count in effort.measured)
    if not (out / "postcard.md").exists():
        module("evaluate", "postcard", "--judge", str(taught), "--n", one, *common)
    if not (out / f"{ship.CONTROLNET}.md").exists():
        module("follow", ship.CONTROLNET, "--n", sketches, *common)


def module(name: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", f"recipes.postcard.{name}", *arguments], cwd=HOUSE, check=True)


def untrained(target: Path, size: networks.Size) -> None:
    if not target.exists():
        with whole(target) as part:
            networks.write(part, size)


def asked_for(path: Path, request: TrainingRequest, house: dict[str, Any]) -> RunFolder:
    """As it was asked the first time."""
    if not path.exists():
        with whole(path) as part:
            run = RunFolder(part)
            run.create(request)
            run.note("house", house)
    return RunFolder(path)


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """A folder to fill, which gets its name when all is in it."""
    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    yield part
    os.replace(part, target)


def level(source: Path, target: Path, pictures: list[Path]) -> None:
    if target.exists():
        return
    with whole(target) as part:
        shutil.copytree(source, part)
        vae = AutoencoderKL.from_pretrained(part / "vae")
        scale.fold(vae, *scale.spread(vae, pictures))
        vae.save_pretrained(part / "vae")


def reading(source: Path, target: Path, steps: int) -> None:
    if not target.exists():
        with whole(target) as part:
            shutil.copytree(source, part)
            print(reader.teach(part, steps), flush=True)


def copy(source: Path, target: Path) -> None:
    if not target.exists():
        with whole(target) as part:
            shutil.copytree(source, part)


if __name__ == "__main__":
    sys.exit(main())
