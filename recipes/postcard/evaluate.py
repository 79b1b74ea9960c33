"""How good a Postcard is: what the judge sees, what its autoencoder keeps, how far its pictures are from drawn ones.

python -m recipes.postcard.evaluate postcard --judge data/postcard-judge.safetensors --out data/evaluation
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from engine.denoise.decode import decode
from engine.denoise.device import pick
from engine.library.load import LoadedModel, load
from engine.library.scan import Library
from engine.request.read import read
from engine.settings import HOUSE, prepare_environment
from engine.training.evaluation import extractors
from engine.training.evaluation.metrics import compared
from engine.training.evaluation.results import Metric
from engine.training.sampling import together
from recipes.postcard.draw import draw
from recipes.postcard.judge import Judge, Score, truth
from recipes.postcard.preview import sheet
from recipes.postcard.prompts import Prompt, count_prompts, furnished_scene, single_prompts, two_prompts
from recipes.postcard.scenes import furnished

KINDS = {"one": single_prompts, "several": count_prompts, "two": two_prompts}
SHARED = {"one": 1.0, "several": 0.4, "two": 0.4}  # of n: 240, 96 and 96 prompts
SHOWN = 28  # pictures in a grid
PSNR_OF = 64  # pictures that go through the autoencoder and back
TOGETHER = 8  # pictures that share a call of the network


@dataclass(frozen=True)
class Asked:
    n: int = 240
    steps: int = 20
    guidance: float = 5.0
    sampler: str = "DPM++ 2M"


@dataclass(frozen=True)
class Found:
    """scores: by kind of prompts and column; all: share of pictures in which every answer is right. distances: to drawn
    pictures of the same prompts; floor: of other drawn pictures of them to those. psnr: dB, mean and standard error."""

    checkpoint: str
    hash: str
    asked: Asked
    size: int
    scores: dict[str, dict[str, Score]]
    all: dict[str, float]
    distances: list[Metric]
    floor: list[Metric]
    psnr: tuple[float, float]
    seconds: float
    cpu_seconds: float
    where: str


def evaluate(model: LoadedModel, judge: Judge, asked: Asked) -> tuple[Found, dict[str, list[Image.Image]]]:
    """The numbers, and all pictures by kind of prompts."""
    prompts = {kind: make(max(1, round(asked.n * SHARED[kind]))) for kind, make in KINDS.items()}
    begun, cpu = time.perf_counter(), time.process_time()
    pictures = {kind: drawn(model, asked, kind, some) for kind, some in prompts.items()}
    count = sum(len(some) for some in pictures.values())
    seconds, cpu = (time.perf_counter() - begun) / count, (time.process_time() - cpu) / count
    scores = {kind: judge.score(pictures[kind], [one.scene for one in prompts[kind]]) for kind in prompts}
    ones = prompts["one"]
    real = [draw(furnished_scene(prompt), prompt.seed).picture(model.width) for prompt in ones]
    other = [another(prompt, model.width) for prompt in ones]
    eye = extractors.random_network()
    seen = [extractors.features(eye, some) for some in (real, pictures["one"], other)]
    found = Found(
        checkpoint=model.name,
        hash=model.hash,
        asked=asked,
        size=model.width,
        scores=scores,
        all={kind: all_right(judge, pictures[kind], prompts[kind]) for kind in prompts},
        distances=compared(eye, seen[0], seen[1]),
        floor=compared(eye, seen[0], seen[2]),
        psnr=autoencoded(model, real[:PSNR_OF]),
        seconds=seconds,
        cpu_seconds=cpu,
        where=f"{platform.machine()} {model.device.type}, {torch.get_num_threads()} thread(s), {model.dtype}, "
        f"torch {torch.__version__}",
    )
    return found, pictures


def drawn(model: LoadedModel, asked: Asked, kind: str, prompts: Sequence[Prompt]) -> list[Image.Image]:
    made: list[Image.Image] = []
    for first in range(0, len(prompts), TOGETHER):
        made += together(model, [wanted(model, asked, prompt) for prompt in prompts[first : first + TOGETHER]])
        print(f"\r{kind}: {len(made)} of {len(prompts)} ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return made


def wanted(model: LoadedModel, asked: Asked, prompt: Prompt) -> Any:
    return read(
        {
            "prompt": prompt.text,
            "seed": prompt.seed,
            "sampler": asked.sampler,
            "steps": asked.steps,
            "guidance": asked.guidance,
            "width": model.width,
            "height": model.height,
        }
    )


def another(prompt: Prompt, size: int) -> Image.Image:
    """A second drawing of the same prompt, with another backdrop and sky."""
    scene = prompt.scene
    again = furnished(scene.things, scene.ground, scene.time, random.Random(f"postcard another {prompt.seed}"))
    return draw(again, prompt.seed + 500_000).picture(size)


def all_right(judge: Judge, pictures: Sequence[Image.Image], prompts: Sequence[Prompt]) -> float:
    answers = judge.answers(pictures)
    right = [
        all(said[head] == told for head, told in truth(prompt.scene).items())
        for said, prompt in zip(answers, prompts, strict=True)
    ]
    return sum(right) / len(right)


@torch.inference_mode()
def autoencoded(model: LoadedModel, pictures: Sequence[Image.Image]) -> tuple[float, float]:
    """PSNR of 8-bit pictures after the way into latents and back: mean over pictures, and its standard error."""
    vae: Any = model.vae
    found = []
    for picture in pictures:
        pixels = extractors.pixels([picture]).float().to(model.device, model.dtype) / 127.5 - 1
        latents = vae.encode(pixels).latent_dist.mode() * vae.config["scaling_factor"]
        back = np.asarray(decode(model, latents.float()), np.float64)
        error = np.mean((back - np.asarray(picture.convert("RGB"), np.float64)) ** 2)
        found.append(10 * np.log10(255**2 / max(error, 1e-9)))
    return float(np.mean(found)), float(np.std(found, ddof=1) / len(found) ** 0.5) if len(found) > 1 else 0.0


# -- words


def markdown(found: Found) -> str:
    asked = found.asked
    lines = [
        f"Checkpoint `{found.checkpoint}` [{found.hash}], {found.size} x {found.size}; {asked.steps} steps of "
        f"{asked.sampler}, guidance {asked.guidance:g}; held-out prompts, a fixed seed for each.",
        "",
        "| Prompts | Column | Right | Chance | Ceiling | n |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for kind, columns in found.scores.items():
        for column, score in columns.items():
            if (kind, column) != ("one", "count"):  # always one: says nothing
                cells = [f"{share:.1%}" for share in (score.accuracy, score.chance, score.ceiling)]
                lines.append(f"| {kind} | {column} | {' | '.join(cells)} | {score.n} |")
        lines.append(f"| {kind} | all of them | {found.all[kind]:.1%} | | | {next(iter(columns.values())).n} |")
    lines += ["", "| | Pictures of the model | Other drawings of the same prompts | n |", "|---|---:|---:|---:|"]
    for metric, floor in zip(found.distances, found.floor, strict=True):
        note = f" ({metric.weak})" if metric.weak else ""
        lines.append(f"| {metric.label}{note} | {shown(metric)} | {shown(floor)} | {metric.n} |")
    eye = found.distances[0] if found.distances else None
    lines += [
        "",
        f"Extractor: {eye.extractor} [{eye.hash}], {eye.width} features, against {eye.real} drawings." if eye else "",
        f"Autoencoder: PSNR {found.psnr[0]:.2f} ± {found.psnr[1]:.2f} dB on {min(PSNR_OF, asked.n)} held-out drawings.",
        f"{found.seconds:.2f} s a picture ({found.cpu_seconds:.2f} s of CPU time), {TOGETHER} together; {found.where}.",
        "",
    ]
    return "\n".join(lines)


def shown(metric: Metric) -> str:
    return f"{metric.value:.4f}" + (f" ± {metric.spread:.4f}" if metric.spread is not None else "")


def write(folder: Path, found: Found, pictures: dict[str, list[Image.Image]]) -> None:
    """NAME.md, NAME.json, and a grid of each kind as NAME-KIND.webp."""
    folder.mkdir(parents=True, exist_ok=True)
    name = found.checkpoint.replace("/", "-")
    (folder / f"{name}.md").write_text(markdown(found), "utf-8")
    told = asdict(found) | {
        "distances": [one.model_dump() for one in found.distances],
        "floor": [one.model_dump() for one in found.floor],
    }
    (folder / f"{name}.json").write_text(json.dumps(told, indent=1), "utf-8")
    for kind, made in pictures.items():
        texts = [prompt.text for prompt in KINDS[kind](len(made))]
        cells = [([picture], text) for picture, text in zip(made[:SHOWN], texts, strict=False)]
        sheet(cells, 7).save(folder / f"{name}-{kind}.webp", quality=80, method=6)


def main() -> None:
    prepare_environment()
    parser = argparse.ArgumentParser(prog="python -m recipes.postcard.evaluate", description=__doc__)
    parser.add_argument("checkpoint", help="its name in models/checkpoints")
    parser.add_argument("--judge", type=Path, required=True, help="trained by python -m recipes.postcard.judge")
    parser.add_argument("--out", type=Path, required=True, help="a folder for the table and the grids")
    parser.add_argument("--models", type=Path, default=HOUSE / "models")
    parser.add_argument("--n", type=int, default=240, help="prompts of one thing; those of several and two: 0.4 n")
    parser.add_argument("--steps", type=int, default=Asked.steps)
    parser.add_argument("--guidance", type=float, default=Asked.guidance)
    parser.add_argument("--sampler", default=Asked.sampler)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    library = Library(given.models, given.out / "cache")
    file = library.find(given.checkpoint)
    device, _ = pick(given.device, "float32")
    model = load(file, device, torch.float32, library.hash_of(file))
    asked = Asked(given.n, given.steps, given.guidance, given.sampler)
    found, pictures = evaluate(model, Judge.load(given.judge), asked)
    write(given.out, found, pictures)
    print(markdown(found))


if __name__ == "__main__":
    main()
