"""Draws a picture of the gallery once more by its recipe, and says whether it came out the same, and if not, why."""

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from engine.errors import BadRequest, NotFound
from engine.gallery.rows import GalleryImage
from engine.gallery.store import Gallery
from engine.infotext import Reading
from engine.job import Job, JobState
from engine.metadata import read as metadata
from engine.metadata.absent import Models
from engine.picture.open import open_safe
from engine.recipe import Need, Recipe, understood
from engine.request.schema import flat

NEAR = 30.0  # dB, from which on people see the same picture
MOST = 1_000  # reproductions that are remembered


@dataclass(frozen=True)
class Doors:
    """What is needed of the studio. submit: values by name and an owner; job: by id and owner."""

    submit: Callable[[Mapping[str, Any], str], Job]
    job: Callable[[str, str], Job]


@dataclass(frozen=True)
class Cause:
    """what: the name of a fact in `made_with`, "model", or "unknown" where nothing is recorded; before, now: its values."""

    what: str
    before: str = ""
    now: str = ""


@dataclass(frozen=True)
class Verdict:
    """says: "identical" (all pixels), "near" (PSNR of NEAR and more), "different", "held" where the safety checker held one of
    them back, so that there is nothing to compare, or None until it is drawn. psnr: dB. copy: the id of the new picture; None
    when it is identical, as it is not kept twice, or when both were held back."""

    state: JobState
    says: str | None = None
    psnr: float | None = None
    copy: str | None = None
    because: list[Cause] = field(default_factory=list)


class Reproductions:
    def __init__(self, gallery: Gallery, models: Models, inputs: Path, doors: Doors):
        self._gallery, self._models, self._inputs, self._doors = gallery, models, inputs, doors
        self._begun: OrderedDict[str, tuple[str, list[Need]]] = OrderedDict()  # job -> picture, what is not as it was
        self._lock = threading.Lock()

    def recipe(self, image_id: str, whose: str | None) -> Recipe:
        """Of a picture that was drawn here, exact; of another one, as far as its file tells."""
        return understood(self.reading(self._gallery.get(image_id, whose), whose), self._models, self._inputs)

    def reading(self, image: GalleryImage, whose: str | None) -> Reading:
        if image.restored:
            raise BadRequest(
                "recipe.restored",
                "This picture was restored after it was drawn; its recipe tells only half of it.",
                "Reproduce the picture that it was before.",
            )
        if not image.imported:
            return Reading(flat(image.request))
        reading = metadata.settings_of(self._gallery.file(image.id, whose).read_bytes())
        if reading is None or "prompt" not in reading.values:
            raise BadRequest("recipe.none", "This picture carries no recipe.", "Choose one that a studio has made.")
        return reading

    def begin(self, image_id: str, owner: str, whose: str | None) -> tuple[Job | None, Recipe]:
        """The job that draws it again, or None when a file is missing. whose: as the gallery asks; owner: who draws."""
        recipe = self.recipe(image_id, whose)
        if any(need.here == "no" or (need.here == "other" and need.kind != "checkpoint") for need in recipe.needs):
            return None, recipe
        job = self._doors.submit({**recipe.values, "count": 1}, owner)
        with self._lock:
            self._begun[job.id] = image_id, recipe.missing
            while len(self._begun) > MOST:
                self._begun.popitem(last=False)
        return job, recipe

    def verdict(self, image_id: str, job_id: str, owner: str, whose: str | None) -> Verdict:
        """Of a job that `begin` began; the copy of an identical picture is let go."""
        with self._lock:
            begun = self._begun.get(job_id)
        if begun is None or begun[0] != image_id:
            raise NotFound("recipe.job", "This picture is not being reproduced.", "Begin again.")
        job = self._doors.job(job_id, owner)
        copy_id = self._gallery.made(job_id).get(0)
        if job.state is not JobState.DONE or copy_id is None:
            return Verdict(job.state)
        before, now = self._gallery.get(image_id, whose), self._gallery.get(copy_id, owner)
        if before.held or now.held:
            if not (before.held and now.held):
                return Verdict(job.state, "held", copy=copy_id)
            self._let_go(job_id, copy_id, owner)
            return Verdict(job.state, "held")
        psnr = apart(self._opened(before, whose), self._opened(now, owner))
        if psnr is None:
            self._let_go(job_id, copy_id, owner)
            return Verdict(job.state, "identical")
        says = "near" if psnr >= NEAR else "different"
        return Verdict(job.state, says, round(psnr, 2), copy_id, causes(before, now, begun[1]))

    def _let_go(self, job_id: str, copy_id: str, owner: str) -> None:
        self._gallery.delete(copy_id, owner)
        with self._lock:
            self._begun.pop(job_id, None)

    def _opened(self, image: GalleryImage, whose: str | None) -> Image.Image:
        return open_safe(self._gallery.file(image.id, whose).read_bytes())


def apart(a: Image.Image, b: Image.Image) -> float | None:
    """Peak signal-to-noise ratio in dB, 0 for other sizes; None where all pixels are equal."""
    if a.size != b.size:
        return 0.0
    mode = "RGBA" if "A" in (a.mode + b.mode) else "RGB"
    one, two = (np.asarray(picture.convert(mode), dtype=np.int32) for picture in (a, b))
    error = float(np.square(one - two).mean())
    return 10 * math.log10(255**2 / error) if error else None


def causes(before: GalleryImage, now: GalleryImage, missing: list[Need]) -> list[Cause]:
    """What was not the same; the likeliest reason first."""
    found = [
        Cause("model", f"{need.name} [{need.hash}]", now.checkpoint) for need in missing if need.kind == "checkpoint"
    ]
    then, today = before.made_with, now.made_with
    if before.format != "png" or now.format != before.format:
        found.append(Cause("format", before.format, now.format))
    if then is None or today is None:
        return [*found, Cause("unknown")]
    for what in ("studio", "torch", "diffusers", "transformers", "cuda", "device", "dtype", "cores", "rows", "short"):
        one, other = shown(then.get(what)), shown(today.get(what))
        if one != other:
            found.append(Cause(what, one, other))
    return found


def shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
