"""The detailer: what a detector finds in the finished picture is inpainted, one region after the other, each "only masked"
at the size of the whole picture. Outside the regions and their feather every byte stays.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from PIL import Image, ImageChops, ImageDraw

from engine.denoise.conditioning import Conditioning
from engine.denoise.later import Later
from engine.denoise.loop import Denoising
from engine.denoise.noise import Noise
from engine.denoise.samplers import make
from engine.denoise.start import from_mask, skipped_steps
from engine.library.load import LoadedModel
from engine.picture.mask import Box
from engine.picture.plate import Plate, differing_outside
from engine.request.generation import GenerationRequest
from engine.request.starts import FromMask

Find = Callable[[GenerationRequest, Image.Image], list[Box]]
AT_HAND = "0" * 64  # instead of a file's hash: picture and mask are no files


@dataclass(frozen=True)
class Region(Later):
    """One region. plate: what of the picture is drawn, and where it belongs."""

    plate: Plate = field(kw_only=True)

    @property
    def size(self) -> tuple[int, int]:
        return self.request.size

    @torch.inference_mode()
    def begin(self, drawn: Denoising) -> Denoising:
        """With the seed's own numbers, whatever came before."""
        noise = Noise(self.request.sampling.seed, self.request.noise)
        begun = from_mask(self.model, self.solver, self.plate, self.request, noise)
        return Denoising(
            self.model,
            self.solver,
            begun.latents,
            self.told,
            self.request.sampling.guidance,
            noise,
            index=begun.index,
            alone=self.request.sampling.exact,
            keep=begun.keep,
            beside=begun.beside,
        )


@dataclass
class Detailing:
    """Of one picture. told: what its regions show. It is an Ending of engine.denoise.sources: of the regions."""

    model: LoadedModel
    request: GenerationRequest
    told: Conditioning
    find: Find
    source: Image.Image | None = None  # before the first region
    image: Image.Image | None = None  # as far as it has come
    waiting: list[Box] = field(default_factory=list)
    plate: Plate | None = None
    changing: Image.Image | None = None  # above zero wherever a region was put in

    def take(self, drawn: Image.Image) -> Region | None:
        """drawn: the whole picture, and then each region; what is to be drawn next, or None at the end."""
        if self.source is None:
            self.source = self.image = drawn
            self.waiting = self.find(self.request, drawn)
            self.changing = Image.new("L", drawn.size)
        elif self.plate:
            self.image = self.plate.finished(drawn)
        return self.region(self.waiting.pop(0)) if self.waiting else None

    def region(self, box: Box) -> Region:
        asked, sampling = self.request.detailer, self.request.sampling
        assert self.image
        assert self.changing
        start = FromMask(
            picture=AT_HAND,
            mask=AT_HAND,
            strength=asked.detailer_strength,
            mask_blur=asked.detailer_blur,
            inpaint_area="Only masked",
            masked_padding=asked.detailer_padding,
        )
        mask = Image.new("L", self.image.size)
        ImageDraw.Draw(mask).rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill=255)
        self.plate = Plate.of(start, self.image, mask, self.request.size)
        self.changing = ImageChops.lighter(self.changing, self.plate.changing)
        solver = make(sampling, self.request.tuning, self.model.scheduler_config, self.model.family.key)
        first = solver.begin_at(skipped_steps(sampling.steps, asked.detailer_strength, self.request.tuning.arithmetic))
        told = replace(self.told, step_of=solver.step_of, first=first)
        return Region(self.model, self.request, solver, first, told, plate=self.plate)

    def finished(self, drawn: Image.Image) -> Image.Image:
        return drawn

    def differing(self, file: bytes) -> int | None:
        """Outside all regions, from the picture before them; None where nothing was found."""
        assert self.source
        assert self.changing
        return differing_outside(file, self.source, np.asarray(self.changing)) if self.changing.getbbox() else None
