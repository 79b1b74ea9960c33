"""Restoring faces: each that is found is cut out as a square, asked for at the network's size, and faded into the picture.

Wang et al. 2021, Towards Real-World Blind Face Restoration with Generative Facial Prior (GFPGAN);
Wang et al. 2022, RestoreFormer. Outside the squares every byte stays.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from engine.errors import OutOfMemory
from engine.library.load_upscaler import LoadedUpscaler
from engine.memory.relief import out_of_memory
from engine.memory.residency import give_back
from engine.picture.mask import Box
from engine.picture.steps.planes import Plane, Work, picture_of
from engine.request.restoring import Faces

SIDE = 512  # pixels of the squares that both kinds were trained on
ROOM = 0.2  # of a face's longer side, around it: hair, chin and ears are seen along, and the feather lies there
CONFIDENCE, MOST = 0.5, 32  # how sure the detector must be, and how many faces are restored
LANCZOS = Image.Resampling.LANCZOS
Find = Callable[[Image.Image, float, int], list[Box]]  # picture, least confidence, most regions
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Restorer:
    """find: where the faces are."""

    network: LoadedUpscaler
    find: Find


def restore_faces(picture: Image.Image, asked: Faces, restorer: Restorer) -> Work[Image.Image]:
    """picture: RGB or RGBA; so is what comes out, of the same size. A picture without faces stays as it is."""
    yield 0.0
    boxes = restorer.find(picture, CONFIDENCE, MOST) if asked.visibility else []
    if not boxes:
        return picture
    pixels = np.asarray(picture.convert("RGB")).astype(np.float32)
    height, width = pixels.shape[:2]
    for done, box in enumerate(boxes):
        left, top, side = square_around(box)
        face = cut(pixels, left, top, side)
        made = ask(restorer.network, Image.fromarray(np.rint(face).astype(np.uint8)).resize((SIDE, SIDE), LANCZOS))
        restored = np.asarray(Image.fromarray(made).resize((side, side), LANCZOS), np.float32)
        mixed = face + feather(side)[..., None] * asked.visibility * (restored - face)
        rows, columns = slice(max(0, top), min(height, top + side)), slice(max(0, left), min(width, left + side))
        within = slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left)
        pixels[rows, columns] = mixed[within]
        yield (done + 1) / len(boxes)
    return picture_of(pixels, picture)


def square_around(box: Box) -> tuple[int, int, int]:
    """Left, top and side; it may stand out of the picture."""
    left, top, right, bottom = box
    side = max(1, round(max(right - left, bottom - top) * (1 + 2 * ROOM)))
    return round((left + right - side) / 2), round((top + bottom - side) / 2), side


def cut(pixels: NDArray[np.float32], left: int, top: int, side: int) -> NDArray[np.float32]:
    """The picture's edge goes on where the square stands out of it."""
    height, width = pixels.shape[:2]
    rows, columns = np.arange(top, top + side).clip(0, height - 1), np.arange(left, left + side).clip(0, width - 1)
    return pixels[rows[:, None], columns]


def feather(side: int) -> Plane:
    """1 over the face itself, falling to nothing at the square's edge."""
    length = max(1.0, side * ROOM / (1 + 2 * ROOM))
    along = np.arange(side, dtype=np.float32)
    ramp = (np.minimum(along, side - 1 - along) / length).clip(0, 1)
    ramp = ramp * ramp * (3 - 2 * ramp)
    return ramp[:, None] * ramp[None]


@torch.inference_mode()
def ask(loaded: LoadedUpscaler, face: Image.Image) -> Pixels:
    """face: RGB, SIDE x SIDE; so is what comes out."""
    given = torch.from_numpy(np.array(face)).permute(2, 0, 1)[None].to(loaded.device).to(loaded.dtype) / 255
    call = ASKED.get(loaded.network.architecture.id, plainly)
    try:
        made = call(loaded.network, given.contiguous())
    except Exception as error:
        if not out_of_memory(error):
            raise
        give_back()
        raise OutOfMemory(
            "memory.restorer",
            f"The device has too little memory for {loaded.name}.",
            "Try again when less is drawn, or choose another restorer.",
            name=loaded.name,
        ) from None
    made = made.float().clamp(0, 1)
    return (made[0].permute(1, 2, 0) * 255).round().to(torch.uint8).cpu().numpy()


def plainly(network: Any, face: Tensor) -> Tensor:
    """0 to 1 in and out: what spandrel does for most."""
    return network(face)


def gfpgan(network: Any, face: Tensor) -> Tensor:
    """spandrel gives GFPGAN 0 to 1, though it was trained with -1 to 1, and new noise each time; its file brings its own."""
    made, _ = network.model(face * 2 - 1, return_rgb=False, randomize_noise=False)
    return (made + 1) / 2


ASKED: dict[str, Callable[[Any, Tensor], Tensor]] = {"GFPGAN": gfpgan}
