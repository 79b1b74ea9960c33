"""A second pass at a larger size (AUTOMATIC1111's "Hires. fix"): what can be asked of it, and the size that it leads to."""

from typing import Annotated

from pydantic import Field

from engine.request.parts import Part
from engine.request.shown import Shown

LARGEST = 4096  # pixels a side
STEP = 8


class Hires(Part):
    """On as soon as it leads to another size: `scale` above 1, or a width or a height."""

    hires_strength: Annotated[
        float,
        Field(ge=0.01, le=1, title="Hires strength", description="How much the second pass may change."),
        Shown(infotext="Denoising strength", a1111="denoising_strength", step=0.05),
    ] = 0.7
    hires_scale: Annotated[
        float,
        Field(
            ge=1,
            le=4,
            title="Hires upscale",
            description="Draw on at so many times the width and height; 1 is no second pass.",
        ),
        Shown(infotext="Hires upscale", a1111="hr_scale", step=0.05),
    ] = 1.0
    hires_width: Annotated[
        int | None,
        Field(
            ge=64,
            le=LARGEST,
            multiple_of=STEP,
            title="Hires width",
            description="Pixels; with it the factor does not count; empty follows the height.",
        ),
        Shown(a1111="hr_resize_x", step=STEP),
    ] = None
    hires_height: Annotated[
        int | None,
        Field(
            ge=64,
            le=LARGEST,
            multiple_of=STEP,
            title="Hires height",
            description="Pixels; with both sides given, what stands out is cut off.",
        ),
        Shown(a1111="hr_resize_y", step=STEP),
    ] = None
    hires_steps: Annotated[
        int,
        Field(ge=0, le=150, title="Hires steps", description="Steps of the second pass; 0 takes as many as the first."),
        Shown(infotext="Hires steps", a1111="hr_second_pass_steps", step=1),
    ] = 0
    hires_upscaler: Annotated[
        str,
        Field(
            max_length=512,
            title="Hires upscaler",
            description="What enlarges between the passes: latents, pixels, or a network of models/upscalers.",
        ),
        Shown(infotext="Hires upscaler", a1111="hr_upscaler"),
    ] = "Latent"

    @property
    def on(self) -> bool:
        return self.hires_scale > 1 or self.hires_width is not None or self.hires_height is not None

    def size(self, first: tuple[int, int]) -> tuple[int, int]:
        """first: (width, height) of the first pass. In steps of 8."""
        across, down = self.hires_width, self.hires_height
        if across and down:
            return across, down
        width, height = first
        scale = across / width if across else down / height if down else self.hires_scale
        return across or stepped(width * scale), down or stepped(height * scale)

    def steps(self, first: int) -> int:
        """Of the second pass; first: those of the first."""
        return self.hires_steps or first

    def schedule(self, first: int) -> int:
        """Of how many steps the second pass draws the last `steps`: so many more as its strength is below 1.

        As AUTOMATIC1111's setup_img2img_steps, which is asked for a number of steps there too."""
        return int(self.steps(first) / min(self.hires_strength, 0.999))


def stepped(side: float) -> int:
    """Cut off to steps of 8, as AUTOMATIC1111's latents do."""
    return max(64, int(side) // STEP * STEP)


def cover(first: tuple[int, int], wanted: tuple[int, int]) -> tuple[int, int]:
    """The size in the shape of `first` that covers `wanted`, in steps of 8."""
    scale = max(wanted[0] / first[0], wanted[1] / first[1])
    return max(wanted[0], stepped(first[0] * scale)), max(wanted[1], stepped(first[1] * scale))
