"""A picture of any size through an upscaling network: in tiles that see more than they give, and fade into each other."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from engine.errors import BadRequest, OutOfMemory
from engine.library.load_upscaler import LoadedUpscaler
from engine.memory.relief import out_of_memory
from engine.memory.residency import give_back
from engine.picture.steps.planes import Work

TILE, SMALLEST = 256, 64  # pixels of the source along a tile's side
SEEN, FADE = 32, 16  # how much further a tile sees, and how far it fades into its neighbour
LARGEST = 256_000_000  # pixels that a network may make on the way
Array = NDArray[np.float32]


@dataclass(frozen=True)
class Piece:
    """Along one side, in pixels of the source: read [first, last), give [begin, end)."""

    first: int
    last: int
    begin: int
    end: int

    def weights(self, length: int, scale: int) -> Array:
        """Of what is given, in pixels that come out: those of neighbours add up to 1."""
        made = np.ones((self.end - self.begin) * scale, np.float32)
        ramp = (np.arange(2 * FADE * scale, dtype=np.float32) + 0.5) / (2 * FADE * scale)
        if self.begin > 0:
            made[: len(ramp)] *= ramp
        if self.end < length:
            made[-len(ramp) :] *= ramp[::-1]
        return made


def pieces(length: int, tile: int) -> list[Piece]:
    count = max(1, -(-length // tile))
    edges = [round(at * length / count) for at in range(count + 1)]
    made = []
    for start, stop in pairwise(edges):
        begin, end = max(0, start - FADE), min(length, stop + FADE)
        made.append(Piece(max(0, start - SEEN), min(length, stop + SEEN), begin, end))
    return made


def through(network: LoadedUpscaler, picture: Image.Image, tile: int = TILE) -> Work[Image.Image]:
    """RGB or RGBA; the transparency is resized. Raises BadRequest for a picture that would become too large."""
    width, height, scale = picture.width, picture.height, network.scale
    if width * height * scale**2 > LARGEST:
        raise BadRequest(
            "upscale.network",
            f"{network.name} makes {scale} times as wide, {width * scale} x {height * scale} pixels on the way: too many.",
            "Use Lanczos, or scale the picture down first.",
            width=width,
            height=height,
            scale=scale,
        )
    while True:
        try:
            made = yield from tiles(network, picture, tile)
            break
        except Exception as error:
            if not out_of_memory(error):
                raise
            if tile <= SMALLEST:
                raise OutOfMemory(
                    "memory.upscaler",
                    f"The device has too little memory for {network.name}, even in small tiles.",
                    "Use a smaller network, or Lanczos.",
                    name=network.name,
                ) from None
        give_back()
        tile //= 2
    grown = Image.fromarray(made)
    if picture.mode == "RGBA":
        grown.putalpha(picture.getchannel("A").resize(grown.size, Image.Resampling.LANCZOS))
    return grown


def tiles(network: LoadedUpscaler, picture: Image.Image, tile: int) -> Work[NDArray[np.uint8]]:
    """Row by row of tiles, so that only one row is held as floats."""
    source = np.asarray(picture.convert("RGB"))
    height, width, scale = *source.shape[:2], network.scale
    made = np.empty((height * scale, width * scale, 3), np.uint8)
    rows, columns = pieces(height, tile), pieces(width, tile)
    carried: Array | None = None  # the part of the row before that fades into this one
    overlap, done = 2 * FADE * scale, 0
    for row in rows:
        strip = np.zeros(((row.end - row.begin) * scale, width * scale, 3), np.float32)
        down = row.weights(height, scale)[:, None, None]
        for column, place, part in parts(network, source, row, columns):
            yield done / (len(rows) * len(columns))
            strip[:, place] += part * column.weights(width, scale)[None, :, None] * down
            done += 1
        if carried is not None:
            strip[:overlap] += carried
        last = row is rows[-1]
        full = strip if last else strip[:-overlap]
        made[row.begin * scale : row.begin * scale + len(full)] = np.rint(full * 255).clip(0, 255)
        carried = None if last else strip[-overlap:].copy()
    return made


def parts(
    network: LoadedUpscaler, source: NDArray[np.uint8], row: Piece, columns: list[Piece]
) -> Iterator[tuple[Piece, slice, Array]]:
    """Each tile of a row, where it belongs, and what the network made of it: (height, width, 3) in 0..1."""
    scale = network.scale
    for column in columns:
        part = ask(network, source[row.first : row.last, column.first : column.last])
        top, left = (row.begin - row.first) * scale, (column.begin - column.first) * scale
        part = part[top : top + (row.end - row.begin) * scale, left : left + (column.end - column.begin) * scale]
        yield column, slice(column.begin * scale, column.end * scale), part


@torch.inference_mode()
def ask(network: LoadedUpscaler, pixels: NDArray[np.uint8]) -> Array:
    given = torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None]
    made = network.network((given.to(network.device).to(network.dtype) / 255).contiguous())
    return made[0].permute(1, 2, 0).float().cpu().numpy()
