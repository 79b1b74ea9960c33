"""Control: pictures that the drawing is to follow, each read by a ControlNet of its own."""

from typing import Annotated, Literal

from pydantic import Field

from engine.request.parts import Part
from engine.request.preprocessors import PreprocessorName
from engine.request.shown import Shown

MOST_UNITS = 10
SMALLEST, LARGEST = 64, 2048  # pixels of a preprocessor's shorter side

ControlMode = Literal["Balanced", "My prompt is more important", "ControlNet is more important"]
Fit = Literal["Just Resize", "Crop and Resize", "Resize and Fill"]


class ControlUnit(Part):
    """Values have the names and the ranges of sd-webui-controlnet."""

    picture: Annotated[
        str,
        Field(
            pattern=r"^([0-9a-f]{64})?$",
            title="Control picture",
            description="SHA-256 of the picture's file, given to the studio before; empty takes the starting picture.",
        ),
        Shown(a1111="image"),
    ] = ""
    preprocessor: Annotated[
        PreprocessorName,
        Field(title="Preprocessor", description="What is made of the picture before the ControlNet sees it."),
        Shown(infotext="Module", a1111="module"),
    ] = "none"
    model: Annotated[
        str,
        Field(
            min_length=1,
            max_length=512,
            title="ControlNet",
            description="The ControlNet, T2I-Adapter or IP-Adapter that reads the map, by name, or name and hash.",
        ),
        Shown(infotext="Model", a1111="model"),
    ]
    model_hash: Annotated[
        str,
        Field(
            pattern=r"^([0-9a-f]{8}|[0-9a-f]{10})?$",
            title="ControlNet hash",
            description="First hexadecimal digits of its SHA-256; the studio fills it in.",
        ),
    ] = ""
    encoder_hash: Annotated[
        str,
        Field(
            pattern=r"^([0-9a-f]{10})?$",
            title="Image encoder hash",
            description="Of the image encoder that an IP-Adapter sees through; the studio fills it in.",
        ),
        Shown(infotext="Image Encoder"),
    ] = ""
    weight: Annotated[
        float,
        Field(ge=0, le=2, title="Control weight", description="How strongly the picture follows; 0 is not at all."),
        Shown(infotext="Weight", a1111="weight", step=0.05),
    ] = 1.0
    resize_mode: Annotated[
        Fit,
        Field(title="Resize mode", description="How the map gets the picture's size: stretched, cut off, or filled."),
        Shown(infotext="Resize Mode", a1111="resize_mode"),
    ] = "Crop and Resize"
    resolution: Annotated[
        int,
        Field(
            ge=SMALLEST,
            le=LARGEST,
            title="Preprocessor resolution",
            description="Pixels of the shorter side while it is preprocessed, unless pixel perfect.",
        ),
        Shown(infotext="Processor Res", a1111="processor_res", step=8),
    ] = 512
    threshold_a: Annotated[
        float | None,
        Field(ge=0, le=255, title="Threshold A", description="The preprocessor's first value; empty takes its own."),
        Shown(infotext="Threshold A", a1111="threshold_a", step=1),
    ] = None
    threshold_b: Annotated[
        float | None,
        Field(ge=0, le=255, title="Threshold B", description="The preprocessor's second value; empty takes its own."),
        Shown(infotext="Threshold B", a1111="threshold_b", step=1),
    ] = None
    start: Annotated[
        float,
        Field(ge=0, le=1, title="Control start", description="From which part of the steps on it counts."),
        Shown(infotext="Guidance Start", a1111="guidance_start", step=0.01),
    ] = 0.0
    end: Annotated[
        float,
        Field(ge=0, le=1, title="Control end", description="Up to which part of the steps it counts."),
        Shown(infotext="Guidance End", a1111="guidance_end", step=0.01),
    ] = 1.0
    pixel_perfect: Annotated[
        bool,
        Field(title="Pixel perfect", description="Preprocess at the size at which the map is used."),
        Shown(infotext="Pixel Perfect", a1111="pixel_perfect"),
    ] = True
    mode: Annotated[
        ControlMode,
        Field(title="Control mode", description="Whether prompt or control prevails where they disagree."),
        Shown(infotext="Control Mode", a1111="control_mode"),
    ] = "Balanced"


Control = Annotated[tuple[ControlUnit, ...], Field(max_length=MOST_UNITS)]
