"""Where a picture begins: noise, another picture, or a picture of which a part is redrawn."""

import math
from collections.abc import Callable
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from engine.request.parts import Part
from engine.request.shown import Shown

# AUTOMATIC1111's names, which stand in pictures' texts.
ResizeMode = Literal["Just resize", "Crop and resize", "Resize and fill", "Just resize (latent upscale)"]
MaskMode = Literal["Inpaint masked", "Inpaint not masked"]
MaskedContent = Literal["original", "fill", "latent noise", "latent nothing"]
InpaintArea = Literal["Whole picture", "Only masked"]
Curve = Literal["Aggressive", "Linear", "Lazy"]
# How much of the way from the first strength to the last a turn has come, by how many of the turns are over.
CURVES: dict[Curve, Callable[[float], float]] = {
    "Aggressive": lambda part: math.sin(part * math.pi / 2),
    "Linear": lambda part: part,
    "Lazy": lambda part: 1 - math.cos(part * math.pi / 2),
}
MOST_LOOPS = 16
IMAGE_GUIDANCE = 1.5  # of instruct models, where none is said
MOST_ADDED = 2048  # pixels at one edge


class FromNoise(Part):
    """Text to image."""

    kind: Literal["noise"] = "noise"


class WithPicture(Part):
    """What all starts from a picture are asked."""

    picture: Annotated[
        str,
        Field(
            pattern=r"^[0-9a-f]{64}$",
            title="Starting picture",
            description="SHA-256 of the picture's file, given to the studio before.",
        ),
        Shown(infotext="Init image hash"),
    ]
    strength: Annotated[
        float,
        Field(gt=0, le=1, title="Strength", description="How much may change: 1 redraws all of it."),
        Shown(infotext="Denoising strength", a1111="denoising_strength", step=0.05),
    ] = 0.75
    image_guidance: Annotated[
        float | None,
        Field(
            ge=0,
            le=10,
            title="Image guidance",
            description="How closely an instruct model keeps to the picture; empty takes 1.5. Other models have none.",
        ),
        Shown(infotext="Image CFG scale", a1111="image_cfg_scale", step=0.05),
    ] = None


class FromPicture(WithPicture):
    """Image to image: the picture is encoded and noised up to `strength`."""

    kind: Literal["picture"] = "picture"
    resize_mode: Annotated[
        ResizeMode,
        Field(title="Resize mode", description="How a picture of another shape comes to the size that is drawn."),
        Shown(infotext="Resize mode", a1111="resize_mode"),
    ] = "Just resize"
    colour_correction: Annotated[
        bool,
        Field(title="Colour correction", description="Give the drawn picture the colours of the starting picture."),
        Shown(infotext="Color correction"),
    ] = False
    loops: Annotated[
        int,
        Field(
            ge=1,
            le=MOST_LOOPS,
            title="Loopback",
            description="How often in all: each result is the next start, with the next seed.",
        ),
        Shown(infotext="Loopback", step=1),
    ] = 1
    final_strength: Annotated[
        float | None,
        Field(
            gt=0,
            le=1,
            title="Final strength",
            description="Of a loopback's last turn, to which the strength goes from turn to turn; empty keeps it.",
        ),
        Shown(infotext="Final denoising strength", step=0.05),
    ] = None
    strength_curve: Annotated[
        Curve,
        Field(title="Strength curve", description="How the strength of a loopback's turns goes to the last one's."),
        Shown(infotext="Denoising curve"),
    ] = "Linear"

    def strengths(self) -> tuple[float, ...]:
        """Of each turn, as in AUTOMATIC1111's script."""
        last, bend = self.final_strength, CURVES[self.strength_curve]
        if last is None or self.loops == 1:
            return (self.strength,) * self.loops
        parts = [bend(turn / (self.loops - 1)) for turn in range(self.loops)]
        # Rounded, since steps are cut off: 0.19999999999999996 of ten would be one.
        return tuple(round(self.strength + (last - self.strength) * part, 9) for part in parts)


def added(edge: str) -> tuple[object, Shown]:
    """An edge at which the picture may grow."""
    about = f"Pixels that are added at the {edge} and drawn."
    field = Field(ge=0, le=MOST_ADDED, title=f"Outpaint {edge}", description=about)
    return field, Shown(infotext=f"Outpaint {edge}", step=8)


class FromMask(WithPicture):
    """Inpainting and outpainting: what the mask covers is redrawn, and all else stays to the byte.

    The result has the picture's own size, and what is added at the edges, whatever size it is drawn at.
    """

    kind: Literal["mask"] = "mask"
    mask: Annotated[
        str,
        Field(
            pattern=r"^([0-9a-f]{64})?$",
            title="Mask",
            description="SHA-256 of the mask's file: white is redrawn; empty only where the picture grows.",
        ),
        Shown(infotext="Mask hash"),
    ] = ""
    mask_mode: Annotated[
        MaskMode,
        Field(title="Mask mode", description="Whether the white of the mask is redrawn, or the black."),
        Shown(infotext="Mask mode", a1111="inpainting_mask_invert"),
    ] = "Inpaint masked"
    mask_blur: Annotated[
        int,
        Field(ge=0, le=64, title="Mask blur", description="How softly the redrawn goes over into the kept, in pixels."),
        Shown(infotext="Mask blur", a1111="mask_blur", step=1),
    ] = 4
    masked_content: Annotated[
        MaskedContent,
        Field(title="Masked content", description="What stands under the mask before drawing begins."),
        Shown(infotext="Masked content", a1111="inpainting_fill"),
    ] = "original"
    inpaint_area: Annotated[
        InpaintArea,
        Field(title="Inpaint area", description="Draw the whole picture, or only around the mask in full resolution."),
        Shown(infotext="Inpaint area", a1111="inpaint_full_res"),
    ] = "Whole picture"
    masked_padding: Annotated[
        int,
        Field(
            ge=0, le=512, title="Masked area padding", description="How much around the mask is drawn along, in pixels."
        ),
        Shown(infotext="Masked area padding", a1111="inpaint_full_res_padding", step=4),
    ] = 32
    soft_inpainting: Annotated[
        bool,
        Field(
            title="Soft inpainting",
            description="The mask's greys say how much may change: the darker, the later a pixel is set free.",
        ),
        Shown(infotext="Soft inpainting"),
    ] = False
    match_seam: Annotated[
        bool,
        Field(title="Match the seam", description="Bring the redrawn to the colours of the kept where they meet."),
        Shown(infotext="Seam match"),
    ] = True
    outpaint_left: Annotated[int, *added("left")] = 0
    outpaint_top: Annotated[int, *added("top")] = 0
    outpaint_right: Annotated[int, *added("right")] = 0
    outpaint_bottom: Annotated[int, *added("bottom")] = 0

    @property
    def frame(self) -> tuple[int, int, int, int]:
        """Pixels added left, top, right and bottom."""
        return self.outpaint_left, self.outpaint_top, self.outpaint_right, self.outpaint_bottom

    @model_validator(mode="after")
    def something_to_draw(self) -> Self:
        if not self.mask and not any(self.frame):
            raise PydanticCustomError("mask.needed", "neither a mask nor a frame")
        return self


Start = Annotated[FromNoise | FromPicture | FromMask, Field(discriminator="kind")]
