"""The detailer: regions that a detector finds in the finished picture are redrawn, each at full resolution."""

from typing import Annotated

from pydantic import Field

from engine.request.parts import LONGEST_PROMPT, Part
from engine.request.shown import Shown


class Detailer(Part):
    """On as soon as a detector is named. The names in pictures' texts are those of the extension ADetailer."""

    detailer_model: Annotated[
        str,
        Field(max_length=512, title="Detector", description="What finds the regions: a file of models/detectors."),
        Shown(infotext="ADetailer model"),
    ] = ""
    detailer_strength: Annotated[
        float,
        Field(ge=0.01, le=1, title="Detailer strength", description="How much of a region may change."),
        Shown(infotext="ADetailer denoising strength", step=0.05),
    ] = 0.4
    detailer_confidence: Annotated[
        float,
        Field(ge=0.05, le=1, title="Least confidence", description="How sure the detector must be of a region."),
        Shown(infotext="ADetailer confidence", step=0.05),
    ] = 0.3
    detailer_most: Annotated[
        int,
        Field(ge=1, le=16, title="Most regions", description="Of more, those that the detector is surest of."),
        Shown(infotext="ADetailer mask only top k", step=1),
    ] = 8
    detailer_padding: Annotated[
        int,
        Field(
            ge=0, le=512, title="Detailer padding", description="How much around a region is drawn along, in pixels."
        ),
        Shown(infotext="ADetailer inpaint padding", step=4),
    ] = 32
    detailer_blur: Annotated[
        int,
        Field(
            ge=0, le=64, title="Detailer blur", description="How softly a region goes over into the picture, in pixels."
        ),
        Shown(infotext="ADetailer mask blur", step=1),
    ] = 4
    detailer_prompt: Annotated[
        str,
        Field(
            max_length=LONGEST_PROMPT,
            title="Detailer prompt",
            description="What the regions show; empty is as the prompt.",
        ),
        Shown(infotext="ADetailer prompt"),
    ] = ""
    detailer_negative_prompt: Annotated[
        str,
        Field(
            max_length=LONGEST_PROMPT,
            title="Detailer negative prompt",
            description="What the regions should not show; empty is as the negative prompt.",
        ),
        Shown(infotext="ADetailer negative prompt"),
    ] = ""
    detailer_only: Annotated[
        bool,
        Field(
            title="Only detail",
            description="Image to image: the picture stays as it is, and only what the detector finds is redrawn.",
        ),
        Shown(infotext="ADetailer skip img2img"),
    ] = False

    @property
    def on(self) -> bool:
        return bool(self.detailer_model)
