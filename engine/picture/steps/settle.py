"""A request to restore, looked at before it is accepted: pictures there, sizes bearable, networks by hash, seeds drawn."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.additions import Addition, Shelf, Shelves, here
from engine.errors import BadRequest
from engine.picture.inputs import input_bytes
from engine.picture.open import upright
from engine.picture.steps.resize import after
from engine.request.restoring import Faces, Grain, RestoreRequest, Step, Upscale
from engine.request.upscalers import PIXEL_UPSCALERS

FACE = "face"  # in the names of detectors of faces


def settled(asked: RestoreRequest, inputs: Path, library: Shelves, draw_seed: Callable[[], int]) -> RestoreRequest:
    """A settled request settles to itself. Raises NotFound or BadRequest for what cannot be made."""
    steps = tuple(settled_step(step, at, library, draw_seed) for at, step in enumerate(asked.steps))
    sizes = tuple(upright(input_bytes(inputs, picture, "pictures")) for picture in asked.pictures)
    for size in sizes:
        after(size, steps)
    return asked.with_(steps=[step.model_dump() for step in steps], sizes=sizes)


def settled_step(step: Step, at: int, library: Shelves, draw_seed: Callable[[], int]) -> Step:
    match step:
        case Upscale(upscaler=name) if name not in PIXEL_UPSCALERS:
            found = here(library.upscalers, name, step.upscaler_hash, "upscaler", f"steps.{at}.upscaler")
            told = {"upscaler": found.name, "upscaler_hash": library.upscalers.hash_of(found)}
            return step.model_copy(update=told)
        case Faces():
            restorer, detector = restorer_of(step, at, library.restorers), detector_of(step, at, library.detectors)
            told = {"restorer": restorer.name, "restorer_hash": library.restorers.hash_of(restorer)}
            told |= {"detector": detector.name, "detector_hash": library.detectors.hash_of(detector)}
            return step.model_copy(update=told)
        case Grain(seed=seed) if seed < 0:
            return step.model_copy(update={"seed": draw_seed()})
        case _:
            return step


def restorer_of(step: Faces, at: int, restorers: Shelf[Any]) -> Addition:
    """The one that is named, or the first. Raises BadRequest."""
    if step.restorer or step.restorer_hash:
        return here(restorers, step.restorer, step.restorer_hash, "face restorer", f"steps.{at}.restorer")
    if found := first(restorers):
        return found
    raise BadRequest(
        "restorer.none",
        "There is no face restorer.",
        "Put a GFPGAN or RestoreFormer (.pth or .safetensors) into models/restorers.",
        field=f"steps.{at}.restorer",
    )


def detector_of(step: Faces, at: int, detectors: Shelf[Any]) -> Addition:
    """The one that is named, or the first that calls itself one of faces: others find hands or persons."""
    if step.detector or step.detector_hash:
        return here(detectors, step.detector, step.detector_hash, "detector", f"steps.{at}.detector")
    if found := first(detectors, FACE):
        return found
    raise BadRequest(
        "detector.faces",
        "There is no detector that finds faces.",
        "Put one (YuNet's or a YOLOv8's .onnx, with face in its name) into models/detectors, or choose another there.",
        field=f"steps.{at}.detector",
    )


def first(shelf: Shelf[Any], word: str = "") -> Addition | None:
    """Of those that can be used and have the word in their name."""
    shelf.refresh()
    return next((one for one in shelf.all() if not one.problem and word in one.name.casefold()), None)
