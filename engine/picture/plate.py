"""A picture of which a part is redrawn: what the network gets to see, and how its drawing is put back."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.picture.fill import seam_matched, smoothly_filled
from engine.picture.fit import LANCZOS, framed, on_paper
from engine.picture.mask import COVERED, Box, Size, brought, changing, feathered, greys, region_around
from engine.picture.open import open_safe
from engine.request.starts import FromMask

BOX = Image.Resampling.BOX
EVERYTHING = 255


@dataclass(frozen=True)
class Plate:
    """canvas: the source with what is added at its edges, RGB or RGBA; mask, feather, changing: greys of the same
    size (changing: how much of a pixel is taken from the drawing); region: what of the canvas is drawn, at `size`."""

    start: FromMask
    size: Size
    canvas: Image.Image
    mask: Image.Image
    feather: Image.Image
    changing: Image.Image
    region: Box

    @classmethod
    def of(cls, start: FromMask, source: Image.Image, mask: Image.Image | None, size: Size) -> "Plate":
        """source: RGB or RGBA, upright; mask: any picture of the same shape. Raises BadRequest for another shape."""
        canvas = framed(source, start.frame)
        covered = Image.new("L", source.size)
        if mask is not None:
            covered = brought(greys(mask), source.size)
            if start.mask_mode == "Inpaint not masked":
                covered = covered.point([EVERYTHING - level for level in range(256)])
        whole = Image.new("L", canvas.size, EVERYTHING)
        whole.paste(covered, start.frame[:2])
        feather = feathered(whole, start.mask_blur)
        moving = changing(whole, feather, start.soft_inpainting)
        only = start.inpaint_area == "Only masked"
        region = region_around(moving, start.masked_padding, size) if only else (0, 0, *canvas.size)
        return cls(start, size, canvas, whole, feather, moving, region)

    @cached_property
    def kept(self) -> Image.Image:
        """RGB of the region as the source has it, at the size that is drawn."""
        return self.scaled(on_paper(self.canvas), LANCZOS)

    @cached_property
    def picture(self) -> Image.Image:
        """As `kept`, filled smoothly where nothing was and, if that is asked for, under the mask."""
        unknown = self.scaled(self.changing if self.start.masked_content == "fill" else self.added, BOX)
        return smoothly_filled(self.kept, unknown)

    @property
    def added(self) -> Image.Image:
        """White where the source had no pixels."""
        left, top, right, bottom = self.start.frame
        edge = Image.new("L", self.canvas.size, EVERYTHING)
        edge.paste(0, (left, top, edge.width - right, edge.height - bottom))
        return edge

    @property
    def covered(self) -> Image.Image:
        """Above zero where any pixel is covered, without the feather, at the size that is drawn."""
        return self.scaled(self.mask.point(COVERED), BOX)

    @property
    def greys(self) -> Image.Image:
        """The mask with its feather, at the size that is drawn."""
        return self.scaled(self.feather, BOX)

    def scaled(self, picture: Image.Image, how: Image.Resampling) -> Image.Image:
        part = picture if self.region == (0, 0, *picture.size) else picture.crop(self.region)
        return part if part.size == self.size else part.resize(self.size, how)

    def finished(self, drawn: Image.Image) -> Image.Image:
        """The canvas with the drawing in it: where nothing changes, its own pixels to the bit."""
        if self.start.match_seam:
            drawn = seam_matched(drawn, self.kept, self.scaled(self.changing, BOX))
        left, top, right, bottom = self.region
        if drawn.size != (right - left, bottom - top):
            drawn = drawn.resize((right - left, bottom - top), LANCZOS)
        made, share = self.canvas.copy(), self.changing.crop(self.region)
        made.paste(drawn.convert(made.mode), (left, top), share)  # an RGB drawing is opaque
        return made

    def differing(self, file: bytes) -> int:
        """Bytes of a finished file's pixels, outside the mask and its feather, that are not the source's."""
        return differing_outside(file, self.canvas, np.asarray(self.changing))


def differing_outside(file: bytes, source: Image.Image, changing: NDArray[np.uint8]) -> int:
    """Bytes of a file's pixels that are not the source's where `changing`, greys of the same size, is zero."""
    made = open_safe(file)
    if made.size != source.size:
        raise ValueError("the file is of another picture")
    mode = "RGBA" if "RGBA" in (made.mode, source.mode) else "RGB"
    ours, theirs = (np.asarray(picture.convert(mode)) for picture in (made, source))
    return int(np.count_nonzero((ours != theirs)[changing == 0]))
