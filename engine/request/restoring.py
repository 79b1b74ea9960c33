"""RestoreRequest: pictures that are made larger, cleaner or sharper, without drawing anything."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field

from engine.request.parts import LARGEST_SEED, MOST_PICTURES, Output, Part
from engine.request.shown import Shown
from engine.request.upscalers import PIXEL_UPSCALERS

MOST_STEPS = 12
LONGEST_SIDE = 16384  # pixels
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Upscale(Part):
    """To `factor`, or to a width and a height; smaller too."""

    kind: Literal["upscale"] = "upscale"
    upscaler: Annotated[
        str,
        Field(
            min_length=1,
            max_length=512,
            title="Upscaler",
            description="Lanczos, Nearest, or a network of models/upscalers by its name.",
        ),
        Shown(infotext="Postprocess upscaler"),
    ] = "Lanczos"
    upscaler_hash: Annotated[
        str,
        Field(
            pattern=r"^([0-9a-f]{10})?$",
            title="Upscaler hash",
            description="First ten hexadecimal digits of its SHA-256; the studio fills it in.",
        ),
        Shown(infotext="Postprocess upscaler hash"),
    ] = ""
    factor: Annotated[
        float,
        Field(ge=0.1, le=8, title="Upscale by", description="How many times as wide and as high; below 1 is smaller."),
        Shown(infotext="Postprocess upscale by", step=0.05),
    ] = 2.0
    width: Annotated[
        int | None,
        Field(ge=8, le=LONGEST_SIDE, title="To width", description="Pixels; with it the factor does not count."),
        Shown(step=8),
    ] = None
    height: Annotated[
        int | None,
        Field(
            ge=8,
            le=LONGEST_SIDE,
            title="To height",
            description="Pixels; with only one side given the picture keeps its shape.",
        ),
        Shown(step=8),
    ] = None
    crop: Annotated[
        bool,
        Field(
            title="Crop to fit",
            description="With both sides given: cut off what stands out; otherwise the picture is fitted inside.",
        ),
        Shown(infotext="Postprocess crop to"),
    ] = True


class Faces(Part):
    """Each face that a detector finds is restored by itself, and faded into the picture."""

    kind: Literal["faces"] = "faces"
    restorer: Annotated[
        str,
        Field(
            max_length=512,
            title="Face restorer",
            description="A GFPGAN or RestoreFormer of models/restorers by its name; empty takes the first.",
        ),
        Shown(infotext="Postprocess face restorer"),
    ] = ""
    restorer_hash: Annotated[
        str,
        Field(
            pattern=r"^([0-9a-f]{10})?$",
            title="Face restorer hash",
            description="First ten hexadecimal digits of its SHA-256; the studio fills it in.",
        ),
        Shown(infotext="Postprocess face restorer hash"),
    ] = ""
    detector: Annotated[
        str,
        Field(
            max_length=512,
            title="Face detector",
            description="What finds them: a file of models/detectors; empty takes the first with face in its name.",
        ),
        Shown(infotext="Postprocess face detector"),
    ] = ""
    detector_hash: Annotated[
        str,
        Field(
            pattern=r"^([0-9a-f]{10})?$",
            title="Face detector hash",
            description="First ten hexadecimal digits of its SHA-256; the studio fills it in.",
        ),
        Shown(infotext="Postprocess face detector hash"),
    ] = ""
    visibility: Annotated[
        float,
        Field(ge=0, le=1, title="Visibility", description="How much of a restored face is seen; 0 leaves it as it is."),
        Shown(step=0.05),
    ] = 1.0


class Denoise(Part):
    kind: Literal["denoise"] = "denoise"
    noise: Annotated[
        float | None,
        Field(ge=0.5, le=80, title="Noise", description="Its strength in levels of 255; empty measures it."),
        Shown(step=0.5),
    ] = None
    share: Annotated[
        float,
        Field(
            ge=0, le=1, title="Share", description="How much of the cleaned picture is taken; less keeps some grain."
        ),
        Shown(step=0.05),
    ] = 1.0


class Deblur(Part):
    kind: Literal["deblur"] = "deblur"
    radius: Annotated[
        float,
        Field(ge=0.3, le=8, title="Blur radius", description="How far the blur reaches: its sigma in pixels."),
        Shown(step=0.1),
    ] = 1.5
    rounds: Annotated[
        int,
        Field(ge=1, le=60, title="Rounds", description="More bring back more, and ringing and noise with it."),
        Shown(step=1),
    ] = 15


class Sharpen(Part):
    kind: Literal["sharpen"] = "sharpen"
    radius: Annotated[
        float,
        Field(ge=0.3, le=10, title="Radius", description="How wide the edges are that stand out, in pixels."),
        Shown(step=0.1),
    ] = 1.0
    amount: Annotated[
        float,
        Field(ge=0, le=3, title="Amount", description="How much they stand out."),
        Shown(step=0.05),
    ] = 0.6
    threshold: Annotated[
        float,
        Field(
            ge=0,
            le=50,
            title="Threshold",
            description="Smaller differences stay, in levels of 255: noise is not sharpened.",
        ),
        Shown(step=1),
    ] = 2.0


class Contrast(Part):
    kind: Literal["contrast"] = "contrast"
    levels: Annotated[
        float,
        Field(
            ge=0,
            le=10,
            title="Auto levels",
            description="Percent of the pixels that may become black, and white; 0 leaves the levels.",
        ),
        Shown(step=0.1),
    ] = 0.0
    contrast: Annotated[
        float,
        Field(ge=-1, le=1, title="Contrast", description="Around the picture's own middle; below 0 is flatter."),
        Shown(step=0.02),
    ] = 0.15
    brightness: Annotated[
        float,
        Field(ge=-1, le=1, title="Brightness", description="Bends the middle tones; black and white stay."),
        Shown(step=0.02),
    ] = 0.0
    saturation: Annotated[
        float,
        Field(ge=-1, le=1, title="Saturation", description="-1 is grey, 1 twice as colourful."),
        Shown(step=0.02),
    ] = 0.0


class Grain(Part):
    kind: Literal["grain"] = "grain"
    amount: Annotated[
        float,
        Field(ge=0, le=40, title="Amount", description="The grain's strength in levels of 255, in the middle tones."),
        Shown(step=0.5),
    ] = 6.0
    size: Annotated[
        float,
        Field(ge=0, le=4, title="Grain size", description="Its sigma in pixels; 0 is one pixel by itself."),
        Shown(step=0.1),
    ] = 0.6
    coloured: Annotated[bool, Field(title="Coloured", description="Each colour by itself, as on colour film.")] = False
    seed: Annotated[
        int,
        Field(
            ge=-1, le=LARGEST_SEED, title="Grain seed", description="The same seed makes the same grain; -1 is random."
        ),
    ] = -1


Step = Annotated[Upscale | Faces | Denoise | Deblur | Sharpen | Contrast | Grain, Field(discriminator="kind")]
STEPS: dict[str, type[Part]] = {
    "upscale": Upscale,
    "faces": Faces,
    "denoise": Denoise,
    "deblur": Deblur,
    "sharpen": Sharpen,
    "contrast": Contrast,
    "grain": Grain,
}


def by_network(step: Step) -> bool:
    """Whether a network adds what was not in the picture; the others calculate."""
    return isinstance(step, Faces) or (isinstance(step, Upscale) and step.upscaler not in PIXEL_UPSCALERS)


class RestoreRequest(Part):
    """Frozen. Each picture goes through the steps in their order.

    pictures: SHA-256 of their files, given to the studio before; sizes: of each, (width, height); the studio fills it in.
    """

    pictures: Annotated[tuple[Digest, ...], Field(min_length=1, max_length=MOST_PICTURES, title="Pictures")]
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=MOST_STEPS, title="Steps")]
    sizes: tuple[tuple[int, int], ...] = ()
    output: Output = Output()

    def with_(self, **values: Any) -> Self:
        """A copy with other values, validated."""
        return type(self).model_validate({**self.model_dump(), **values})
