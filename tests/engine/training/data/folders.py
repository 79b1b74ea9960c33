"""Real files for the tests: pictures of every kind, and the scan of the folder they lie in."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
from PIL import Image

from engine.request.training_parts import Captions, Concept, ConceptKind, Data
from engine.training.data.findings import Finding
from engine.training.data.gathered import Around
from engine.training.data.items import Item
from engine.training.data.scan import Report, finished, scan

ORIENTATION = 0x0112


def painting(seed: int, size: tuple[int, int] = (64, 64), mode: str = "RGB") -> Image.Image:
    """Blots, other ones for each seed: near duplicates of nothing."""
    blots = numpy.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=numpy.uint8)
    return Image.fromarray(blots).resize(size, Image.Resampling.BICUBIC).convert(mode)


def saved(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def put(path: Path, content: bytes | str | Image.Image) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = saved(content) if isinstance(content, Image.Image) else content
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def fill(folder: Path, count: int, size: tuple[int, int] = (64, 64), start: int = 0) -> list[Path]:
    """Captioned pictures without a finding at a resolution of 64."""
    paths = [put(folder / f"{number}.png", painting(number, size)) for number in range(start, start + count)]
    for number, path in enumerate(paths, start):
        path.with_suffix(".txt").write_text(f"thing {number}, {'red' if number % 2 else 'blue'}\n")
    return paths


def data_of(*folders: Path | str, kind: ConceptKind = "train", **values: Any) -> Data:
    concepts = tuple(Concept(folder=str(folder), kind=kind) for folder in folders)
    return Data(**{"concepts": concepts, "resolution": 64, "bucket_step": 16} | values)


def scanned(
    root: Path, data: Data | None = None, captions: Captions | None = None, batch: int = 1,
    counts: Callable[[str], int] | None = None,
) -> Report:  # fmt: skip
    around = Around((root,), batch=batch, counts=counts)
    return finished(scan(data or data_of(root), captions or Captions(), around))


def codes(report: Report) -> set[str]:
    return {one.code.removeprefix("dataset.") for one in report.findings}


def one(report: Report, code: str) -> Finding:
    return next(found for found in report.findings if found.code == f"dataset.{code}")


def item_of(name: str, captions: tuple[str, ...] = (), **values: Any) -> Item:
    made = {"id": name, "path": Path(name), "width": 64, "height": 64, "captions": captions, "mask": None}
    return Item(**made | {"control": None, "concept": Concept(folder="x")} | values)
