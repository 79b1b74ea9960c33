"""Postcard from nothing, by one command: `python -m recipes.postcard WORK_FOLDER`.

Pictures are drawn, an autoencoder is trained on them, then the text encoder and the UNet, the decoder once more, and a
ControlNet. Each stage is a run of the studio's own trainer: stopped at any moment, the command goes on where it was.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from diffusers import AutoencoderKL

from engine.request.training import TrainingRequest
from engine.training.run_folder import RunFolder
from recipes.postcard import dataset, networks, scale, stages

HOUSE = Path(__file__).resolve().parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m recipes.postcard", description=__doc__)
    parser.add_argument("folder", type=Path, help="for pictures, runs and models; some gigabytes")
    parser.add_argument("--effort", choices=stages.EFFORTS, default="small")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    asked = parser.parse_args()
    made = make(asked.folder.resolve(), asked.effort, asked.device)
    print(f"Postcard is in {made}")
    return 0


def make(folder: Path, effort_name: str, device: str) -> Path:
    """The finished checkpoint's folder."""
    effort, size = stages.EFFORTS[effort_name], networks.SIZES[effort_name]
    pictures, models = folder / "pictures", folder / "models" / "checkpoints"
    order = dataset.Order(effort.pictures, seed=0, size=size.size)
    dataset.write(pictures, order, processes=os.cpu_count() or 1)
    if not (models / "untrained").exists():
        networks.write(models / "untrained", size)

    def stage(name: str, request: Callable[..., TrainingRequest], base: str) -> Path:
        run = RunFolder(folder / "runs" / name)
        if not run.path.exists():
            run.create(request(effort, str(pictures), base))
            house = {"models": models.parent, "cache": folder / "cache", "roots": [pictures], "device": device}
            run.note("house", json.loads(json.dumps(house, default=str)))
        if run.status() != "finished":
            print(f"{name}: {run.path}", flush=True)
            subprocess.run([sys.executable, "-m", "engine.training.worker", str(run.path)], cwd=HOUSE, check=True)
        return run.products / run.request().product.name

    first = stage("autoencoder", stages.autoencoder, "untrained")
    level(first, models / "levelled", sorted(pictures.glob("*.png")))
    second = stage("denoising", stages.denoising, "levelled")
    copy(second, models / "drawing")
    third = stage("decoder", stages.decoder, "drawing")
    copy(third, models / "postcard")
    stage("controlnet", stages.controlnet, "postcard")
    return models / "postcard"


def level(source: Path, target: Path, pictures: list[Path]) -> None:
    if target.exists():
        return
    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(source, part)
    vae = AutoencoderKL.from_pretrained(part / "vae")
    scale.fold(vae, *scale.spread(vae, pictures))
    vae.save_pretrained(part / "vae")
    os.replace(part, target)


def copy(source: Path, target: Path) -> None:
    if not target.exists():
        part = target.with_name(f".{target.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(source, part)
        os.replace(part, target)


if __name__ == "__main__":
    sys.exit(main())
