"""The parts of a generation request, each parameter with its range, label and help."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.request.samplers import SamplerName, ScheduleName
from engine.request.shown import Shown

LONGEST_PROMPT = 20_000  # characters; some hundred chunks of 75 tokens
LARGEST_SEED = 2**64 - 1


class Part(BaseModel):
    """Frozen, without unknown keys, NaN or infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Words(Part):
    prompt: Annotated[
        str,
        Field(max_length=LONGEST_PROMPT, title="Prompt", description="What the picture shows."),
        Shown(a1111="prompt"),
    ] = ""
    negative_prompt: Annotated[
        str,
        Field(max_length=LONGEST_PROMPT, title="Negative prompt", description="What the picture should not show."),
        Shown(a1111="negative_prompt"),
    ] = ""


class Model(Part):
    checkpoint: Annotated[
        str,
        Field(max_length=512, title="Model", description="The checkpoint that draws; empty takes the first one."),
        Shown(infotext="Model", a1111="sd_model_checkpoint"),
    ] = ""
    checkpoint_hash: Annotated[
        str,
        Field(
            pattern=r"^([0-9a-f]{10})?$",
            title="Model hash",
            description="First ten hexadecimal digits of the checkpoint's SHA-256; the studio fills it in.",
        ),
        Shown(infotext="Model hash"),
    ] = ""
    clip_skip: Annotated[
        int,
        Field(ge=1, le=12, title="CLIP skip", description="2 leaves out the text encoder's last layer."),
        Shown(infotext="Clip skip", a1111="CLIP_stop_at_last_layers", step=1),
    ] = 1


class Canvas(Part):
    width: Annotated[
        int | None,
        Field(ge=64, le=2048, multiple_of=8, title="Width", description="Pixels; empty takes the model's own size."),
        Shown(a1111="width", step=8),
    ] = None
    height: Annotated[
        int | None,
        Field(ge=64, le=2048, multiple_of=8, title="Height", description="Pixels; empty takes the model's own size."),
        Shown(a1111="height", step=8),
    ] = None


class Sampling(Part):
    sampler: Annotated[
        SamplerName,
        Field(title="Sampler", description="How noise becomes a picture."),
        Shown(infotext="Sampler", a1111="sampler_name"),
    ] = "DPM++ 2M"
    schedule: Annotated[
        ScheduleName,
        Field(title="Schedule", description="How the noise falls from step to step."),
        Shown(infotext="Schedule type", a1111="scheduler"),
    ] = "Automatic"
    steps: Annotated[
        int,
        Field(ge=1, le=150, title="Steps", description="More steps: finer and slower."),
        Shown(infotext="Steps", a1111="steps", step=1),
    ] = 20
    guidance: Annotated[
        float,
        Field(ge=1, le=30, title="Guidance", description="How closely the picture follows the prompt (CFG scale)."),
        Shown(infotext="CFG scale", a1111="cfg_scale", step=0.5),
    ] = 5.0
    seed: Annotated[
        int,
        Field(ge=-1, le=LARGEST_SEED, title="Seed", description="The same seed draws the same picture; -1 is random."),
        Shown(infotext="Seed", a1111="seed"),
    ] = -1
    exact: Annotated[
        bool,
        Field(
            title="Exact",
            description="Draw alone, without sharing steps with others: the same bits every time on this machine.",
        ),
        Shown(infotext="Exact"),
    ] = False


class Output(Part):
    count: Annotated[
        int,
        Field(ge=1, le=16, title="Pictures", description="How many, with the seed counted up."),
        Shown(infotext="Batch size", a1111="batch_size", step=1),
    ] = 1


class FromNoise(Part):
    """Text to image."""

    kind: Literal["noise"] = "noise"


class FromPicture(Part):
    """Image to image: the picture is encoded and noised up to `strength`."""

    kind: Literal["picture"] = "picture"
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


Start = Annotated[FromNoise | FromPicture, Field(discriminator="kind")]
