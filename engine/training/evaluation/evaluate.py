"""Draw pictures of one or several checkpoints for the same prompts and seeds, and hold them against real ones.

A generator of events: to stop it, stop asking. Started again in the same folder, it draws only what is missing.
"""

import hashlib
import importlib.metadata
import json
import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from engine.denoise import device as devices
from engine.errors import BadRequest
from engine.library.load import LoadedModel, load
from engine.library.model import ModelFile
from engine.library.scan import Library
from engine.metadata.xmp import in_png
from engine.picture.open import open_safe
from engine.request import read as requests
from engine.request.generation import GenerationRequest
from engine.training.data.augment import on_white
from engine.training.data.folder import allowed, listing
from engine.training.evaluation import extractors, metrics
from engine.training.evaluation.extractors import Clip, Extractor, Features
from engine.training.evaluation.results import FILE, Doing, Done, Evaluation, Judged, Neighbour, Results
from engine.training.material import House
from engine.training.run_folder import read_json, write_whole
from engine.training.sampling import together

TOGETHER = 8  # pictures that share a call of the network
NEAREST = 24  # samples whose nearest real picture is kept
NO_MATTER = {"checkpoints", "extractor", "real", "n"}  # what does not change a picture
PACKAGES = ("torch", "torchmetrics", "torch-fidelity", "diffusers", "transformers")
Event = Doing | Done


def evaluate(asked: Evaluation, house: House, folder: Path, dtype: str = "auto") -> Iterator[Event]:
    """Raises BadRequest before anything is drawn when something is missing."""
    device, number = devices.pick(house.device, dtype)
    library = Library(house.models, house.cache)
    files = [library.find(name) for name in asked.checkpoints]
    size = (asked.size, asked.size) if asked.size else (files[0].width, files[0].height)
    real = pictures_in(asked.real, house.roots) if asked.real else {}
    eye, clip = seeing(asked, house.models / "evaluation", device)
    claim(folder, asked, size)
    contenders = []
    for file in files:
        one = Contender(file, library.hash_of(file), folder, asked.n)
        yield from draw(one, asked, size, lambda file, hash: load(file, device, number, hash))
        contenders.append(one)
    eye = eye or extractors.vae(load(files[0], device, number, contenders[0].hash))
    seen, real_hash = yield from looked_at(eye, list(real.values()), size, "")
    judged = []
    for one in contenders:
        judged.append((yield from judge(one, Bench(asked, size, eye, clip, real, seen))))
    results = Results(
        asked=asked,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        device=devices.name(device),
        dtype=str(number).removeprefix("torch."),
        size=size,
        real=len(real),
        real_hash=real_hash,
        judged=tuple(judged),
        versions={name: importlib.metadata.version(name) for name in PACKAGES},
    )
    write_whole(folder / FILE, results.model_dump_json(indent=1))
    yield Done(results=results)


class Contender:
    """A checkpoint and where its pictures lie. seconds: of drawing one, when some were drawn."""

    def __init__(self, file: ModelFile, hash: str, folder: Path, n: int):
        self.file, self.name, self.hash, self.folder = file, file.name, hash, folder
        plain = re.sub(r"[^\w.-]", "_", file.name)
        self.place = folder / "pictures" / f"{plain}-{hash}"
        self.paths = [self.place / f"{index:05}.png" for index in range(n)]
        self.seconds: float | None = None


@dataclass(frozen=True)
class Bench:
    """What every checkpoint is held against. real: by name; seen: the features of these."""

    asked: Evaluation
    size: tuple[int, int]
    eye: Extractor
    clip: Clip | None
    real: Mapping[str, Path]
    seen: Features


def seeing(asked: Evaluation, folder: Path, device: torch.device) -> tuple[Extractor | None, Clip | None]:
    """What features come from, and a CLIP if there is one. None: from the VAE of the first checkpoint."""
    there = [one for one in (sorted(folder.iterdir()) if folder.is_dir() else []) if (one / "config.json").is_file()]
    clip = extractors.clip(folder, device) if there or asked.extractor == "clip" else None
    match asked.extractor:
        case "inception":
            return extractors.inception(folder, device), clip
        case "clip":
            return clip, clip
        case "vae":
            return None, clip
        case "random":
            return extractors.random_network(device), clip
        case "auto":
            has = extractors.with_hash(folder, extractors.INCEPTION_HASH)
            return extractors.inception(has, device) if has else extractors.random_network(device), clip


def claim(folder: Path, asked: Evaluation, size: tuple[int, int]) -> None:
    """The folder holds pictures of one way of drawing; other checkpoints, more of them or another extractor may follow."""
    wanted = {**asked.model_dump(mode="json", exclude=NO_MATTER), "size": list(size)}
    file = folder / "drawn.json"
    if file.exists() and read_json(file) != wanted:
        raise BadRequest(
            "evaluation.other",
            "This folder holds pictures that were drawn with other prompts or settings.",
            "Choose an empty folder.",
            field="out",
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(file, json.dumps(wanted, indent=1))


# -- drawing


def draw(
    one: Contender, asked: Evaluation, size: tuple[int, int], loads: Callable[[ModelFile, str], LoadedModel]
) -> Iterator[Doing]:
    """What is missing."""
    missing = [index for index, path in enumerate(one.paths) if not path.exists()]
    if not missing:
        return
    yield Doing(doing="loading", model=one.name)
    model, threads = loads(one.file, one.hash), torch.get_num_threads()
    if model.device.type == "cpu":
        weights = sum(weight.numel() for weight in model.unet.parameters())
        devices.use_threads(devices.threads(weights, size[0] * size[1] // 64, threads))
    begun = time.perf_counter()
    try:
        for first in range(0, len(missing), TOGETHER):
            numbers = missing[first : first + TOGETHER]
            for index, made in zip(numbers, together(model, [wanted(asked, size, i) for i in numbers]), strict=True):
                keep(made, one.paths[index], in_png("trainedAlgorithmicMedia"))
            left = max(0, len(missing) - first - TOGETHER)
            yield Doing(doing="drawing", model=one.name, done=asked.n - left, of=asked.n)
    finally:
        devices.use_threads(threads)
    one.seconds = (time.perf_counter() - begun) / len(missing)


def wanted(asked: Evaluation, size: tuple[int, int], index: int) -> GenerationRequest:
    return requests.read(
        {
            "prompt": asked.prompts[index % len(asked.prompts)],
            "negative_prompt": asked.negative,
            "seed": (asked.seed + index) % 2**64,
            "sampler": asked.sampler,
            "steps": asked.steps,
            "guidance": asked.guidance,
            "width": size[0],
            "height": size[1],
        }
    )


def keep(picture: Image.Image, path: Path, note: PngInfo | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    picture.save(part, "PNG", pnginfo=note)
    part.replace(path)


# -- looking


def pictures_in(folder: str, roots: Sequence[Path]) -> dict[str, Path]:
    """By their name below the folder. Raises BadRequest when it may not be read or holds none."""
    place = allowed(folder, roots)
    found = [one.path for one in listing(place, roots).pictures] if place and place.is_dir() else []
    if not place or not found:
        raise BadRequest(
            "evaluation.real",
            f"There are no pictures in “{folder}”, or the studio may not read it.",
            "Name a folder of real pictures to compare with.",
            field="real",
        )
    return {path.relative_to(place).as_posix(): path for path in found}


def looked_at(
    eye: Extractor, paths: Sequence[Path], size: tuple[int, int], model: str
) -> Generator[Doing, None, tuple[Features, str]]:
    """Returns the features, and the hash of all bytes. Real pictures are scaled and cut to the size of the drawn ones."""
    found = [Features(torch.zeros(0, eye.width, dtype=torch.float64))]
    digest = hashlib.sha256()
    for first in range(0, len(paths), extractors.BATCH):
        pictures = []
        for path in paths[first : first + extractors.BATCH]:
            data = path.read_bytes()
            digest.update(hashlib.sha256(data).digest())
            pictures.append(fitted(data, size, path.name))
        found.append(extractors.features(eye, pictures))
        yield Doing(doing="looking", model=model, done=first + len(pictures), of=len(paths))
    logits = [one.logits for one in found if one.logits is not None]
    together = Features(torch.cat([one.values for one in found]), torch.cat(logits) if logits else None)
    return together, digest.hexdigest()[:10]


def judge(one: Contender, bench: Bench) -> Generator[Doing, None, Judged]:
    made, _ = yield from looked_at(bench.eye, one.paths, bench.size, one.name)
    yield Doing(doing="comparing", model=one.name)
    found = metrics.compared(bench.eye, bench.seen, made) if bench.real else []
    found += [m for m in (metrics.inception_score(bench.eye, made), metrics.diversity(bench.eye, made)) if m]
    if clip := bench.clip:
        own = made if clip is bench.eye else (yield from looked_at(clip, one.paths, bench.size, one.name))[0]
        found.append(metrics.clip_score(clip, own, texts(clip, bench.asked)))
    near = neighbours(bench.seen, made, list(bench.real))
    for found_near in near[:NEAREST]:
        picture = fitted(bench.real[found_near.file].read_bytes(), bench.size, found_near.file)
        keep(picture, one.place / "nearest" / f"{found_near.sample:05}.png")
    return Judged(
        name=one.name,
        hash=one.hash,
        metrics=tuple(found),
        nearest=tuple(near),
        pictures=tuple(path.relative_to(one.folder).as_posix() for path in one.paths),
        seconds=one.seconds,
    )


def fitted(data: bytes, size: tuple[int, int], name: str) -> Image.Image:
    try:
        picture = on_white(open_safe(data))
    except BadRequest as error:
        raise BadRequest(
            "evaluation.picture", f"{name}: {error.problem.message}", "Take it out of the folder.", field="real"
        ) from error
    return picture if picture.size == size else ImageOps.fit(picture, size, Image.Resampling.LANCZOS)


def texts(clip: Clip, asked: Evaluation) -> Tensor:
    """The embedding of each picture's prompt."""
    rows = torch.cat([clip.texts(asked.prompts[first : first + 64]) for first in range(0, len(asked.prompts), 64)])
    return rows[[index % len(asked.prompts) for index in range(asked.n)]]


def neighbours(real: Features, made: Features, names: Sequence[str]) -> list[Neighbour]:
    """Of every sample the real picture most like it, the most suspicious first. They are kept beside the samples, as
    they were compared, so that a report needs no other folder."""
    which, distances = metrics.nearest(made, real)
    found = [
        Neighbour(sample=index, file=names[one], distance=distance)
        for index, (one, distance) in enumerate(zip(which, distances, strict=True))
    ]
    return sorted(found, key=lambda one: one.distance)
