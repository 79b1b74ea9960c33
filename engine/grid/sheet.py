"""A grid as one labelled picture, bounded: a large one is made smaller, and says by how much."""

import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

from PIL import Image, ImageDraw, ImageFont

from engine.grid.page import Picture, axis_name
from engine.metadata.xmp import SourceType, in_png

MOST = 64_000_000  # pixels
SMALLEST = 16  # of a cell's side
GROUND, INK, QUIET, MAT = (255, 255, 255), (28, 28, 27), (89, 89, 85), (239, 238, 236)
CHINESE = ("NotoSansCJK-Regular.ttc", "NotoSansSC-Regular.otf", "msyh.ttc", "PingFang.ttc", "wqy-zenhei.ttc")
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True)
class Sheet:
    """scale: 1 where the pictures have kept their size."""

    file: IO[bytes]
    scale: float
    size: tuple[int, int]

    def chunks(self) -> Iterator[bytes]:
        with self.file:
            while data := self.file.read(2**16):
                yield data


@dataclass(frozen=True)
class Measures:
    """In pixels: a cell, the gap between cells, the room for labels above and at the left."""

    cell: tuple[int, int]
    gap: int
    top: int
    left: int
    text: int

    def size(self, columns: int, rows: int, pages: int) -> tuple[int, int]:
        width = self.left + columns * (self.cell[0] + self.gap) + self.gap
        return width, pages * (self.top + rows * (self.cell[1] + self.gap)) + self.gap


def measure(largest: tuple[int, int], columns: int, rows: int, pages: int) -> tuple[Measures, float]:
    """The largest cells with which the whole stays within MOST, and their scale."""
    scale = 1.0
    while True:
        found = measures(largest, scale)
        width, height = found.size(columns, rows, pages)
        if width * height <= MOST or min(found.cell) <= SMALLEST:
            return found, scale
        scale *= min(0.98, math.sqrt(MOST / (width * height)))


def measures(largest: tuple[int, int], scale: float) -> Measures:
    cell = (max(SMALLEST, int(largest[0] * scale)), max(SMALLEST, int(largest[1] * scale)))
    text = min(40, max(11, cell[0] // 14))
    return Measures(cell, max(2, cell[0] // 64), text * 4, min(max(120, text * 9), 400), text)


def sheet(axes: Sequence[dict[str, Any]], pictures: Sequence[Picture], infotext: str, source: SourceType) -> Sheet:
    """pictures: X fastest; infotext: what the picture's text says; source: how its pictures came about."""
    xs, ys, zs = [*(axis["points"] for axis in axes), [""], [""]][:3]
    names = [*(axis_name(axis["what"]) for axis in axes), "", ""][:3]
    at, scale = measure(largest_of(pictures), len(xs), len(ys), len(zs))
    image = Image.new("RGB", at.size(len(xs), len(ys), len(zs)), GROUND)
    pen = ImageDraw.Draw(image)
    for z, page_label in enumerate(zs):
        above = z * (at.top + len(ys) * (at.cell[1] + at.gap))
        if names[2]:
            write(pen, (at.gap, above + at.gap), f"{names[2]}: {page_label}", at, at.left - 2 * at.gap, QUIET)
        write(pen, (at.left, above + at.gap), names[0], at, at.size(len(xs), 1, 1)[0] - at.left, QUIET)
        write(pen, (at.gap, above + at.top - at.text * 2), names[1], at, at.left - 2 * at.gap, QUIET)
        for x, label in enumerate(xs):
            left = at.left + x * (at.cell[0] + at.gap)
            write(pen, (left, above + at.top - at.text * 2), label, at, at.cell[0], INK)
        for y, label in enumerate(ys):
            top = above + at.top + y * (at.cell[1] + at.gap)
            write(pen, (at.gap, top + at.cell[1] // 2 - at.text), label, at, at.left - 2 * at.gap, INK)
            for x in range(len(xs)):
                left = at.left + x * (at.cell[0] + at.gap)
                paste(image, pen, (left, top), pictures[(z * len(ys) + y) * len(xs) + x], at)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it has been sent
    note = in_png(source)
    note.add_itxt("parameters", infotext)
    image.save(file, "PNG", pnginfo=note, compress_level=3)
    file.seek(0)
    return Sheet(file, scale, image.size)


def largest_of(pictures: Sequence[Picture]) -> tuple[int, int]:
    """The widest and the highest; only the files' headers are read."""
    sizes = []
    for path in {picture.file for picture in pictures if picture.file}:
        try:
            with Image.open(path) as opened:
                sizes.append(opened.size)
        except OSError:
            continue
    return (max((w for w, _ in sizes), default=128), max((h for _, h in sizes), default=128))


def paste(image: Image.Image, pen: ImageDraw.ImageDraw, place: tuple[int, int], picture: Picture, at: Measures) -> None:
    (left, top), (width, height) = place, at.cell
    try:
        if picture.file is None:
            raise FileNotFoundError
        with Image.open(picture.file) as opened:
            small = opened.convert("RGB")
            small.thumbnail(at.cell, Image.Resampling.LANCZOS)
        image.paste(small, (left + (width - small.width) // 2, top + (height - small.height) // 2))
    except OSError:
        pen.rectangle((left, top, left + width - 1, top + height - 1), MAT)
        write(pen, (left + at.gap, top + height // 2 - at.text), picture.state, at, width - 2 * at.gap, QUIET)


def write(
    pen: ImageDraw.ImageDraw, place: tuple[int, int], text: str, at: Measures, room: int, colour: tuple[int, int, int]
) -> None:
    """In one line, cut to `room` pixels."""
    text = " ".join(text.split())[:200]
    font = font_for(text, at.text)
    while text and pen.textlength(text, font) > room:
        text = text[:-2].rstrip("… ") + "…" if len(text) > 2 else ""
    pen.text(place, text, colour, font)


def font_for(text: str, size: int) -> Font:
    if not text.isascii():
        for name in CHINESE:
            try:
                return ImageFont.truetype(name, size)
            except OSError:
                continue
    return ImageFont.load_default(size)
