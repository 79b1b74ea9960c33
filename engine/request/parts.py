"""The parts of a generation request, each parameter with its range, label and help."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.request.samplers import SamplerName, ScheduleName
from engine.request.shown import Shown

LONGEST_PROMPT = 20_000  # characters; some hundred chunks of 75 tokens
LARGEST_SEED = 2**64 - 1


Arithmetic = Literal["diffusers", "AUTOMATIC1111"]
NoiseSource = Literal["CPU", "NV"]
FileFormat = Literal["PNG", "JPEG", "WebP"]
Emphasis = Literal["Original", "No norm", "Ignore", "None"]
MOST_PICTURES = 16


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
    styles: Annotated[
        tuple[Annotated[str, Field(max_length=200)], ...],
        Field(max_length=50, title="Styles", description="Named pieces of prompt, put in one after the other."),
        Shown(infotext="Style names", a1111="styles"),
    ] = ()
    literal: Annotated[
        bool,
        Field(title="Literal", description="Draw braces, __names__ and # as they stand."),
        Shown(infotext="Literal"),
    ] = False
    emphasis: Annotated[
        Emphasis,
        Field(title="Emphasis", description="How (weights:1.2) in the prompt are applied."),
        Shown(infotext="Emphasis", a1111="emphasis"),
    ] = "Original"


PromptText = Annotated[str, Field(max_length=LONGEST_PROMPT)]


class Spent(Part):
    """What `resolve` fills in: words before they were spent, and the files that they name."""

    template: Annotated[
        PromptText,
        Field(title="Template", description="The prompt before its wildcards were drawn; the studio fills it in."),
        Shown(infotext="Template"),
    ] = ""
    negative_template: Annotated[
        PromptText,
        Field(
            title="Negative template",
            description="The negative prompt before its wildcards were drawn; the studio fills it in.",
        ),
        Shown(infotext="Negative Template"),
    ] = ""
    prompts: Annotated[
        tuple[PromptText, ...],
        Field(
            max_length=MOST_PICTURES,
            title="Prompts",
            description="Each picture's own prompt, where they differ; the studio fills it in.",
        ),
        Shown(infotext="Prompts"),
    ] = ()
    negative_prompts: Annotated[
        tuple[PromptText, ...],
        Field(
            max_length=MOST_PICTURES,
            title="Negative prompts",
            description="Each picture's own negative prompt, where they differ; the studio fills it in.",
        ),
        Shown(infotext="Negative prompts"),
    ] = ()
    lora_hashes: Annotated[
        str,
        Field(
            max_length=LONGEST_PROMPT,
            title="Lora hashes",
            description="The LoRAs of the prompt, each with its hash; the studio fills it in.",
        ),
        Shown(infotext="Lora hashes"),
    ] = ""
    embedding_hashes: Annotated[
        str,
        Field(
            max_length=LONGEST_PROMPT,
            title="TI hashes",
            description="The embeddings of the prompts, each with its hash; the studio fills it in.",
        ),
        Shown(infotext="TI hashes"),
    ] = ""
    detailer_hash: Annotated[
        str,
        Field(
            pattern=r"^([0-9a-f]{10})?$",
            title="Detector hash",
            description="First ten hexadecimal digits of the detector's SHA-256; the studio fills it in.",
        ),
        Shown(infotext="ADetailer model hash"),
    ] = ""
    hires_upscaler_hash: Annotated[
        str,
        Field(
            pattern=r"^([0-9a-f]{10})?$",
            title="Hires upscaler hash",
            description="First ten hexadecimal digits of its file's SHA-256; the studio fills it in.",
        ),
        Shown(infotext="Hires upscaler hash"),
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
        Field(
            ge=64,
            le=2048,
            multiple_of=8,
            title="Width",
            description="Pixels; empty takes the starting picture's size, or the model's own.",
        ),
        Shown(a1111="width", step=8),
    ] = None
    height: Annotated[
        int | None,
        Field(
            ge=64,
            le=2048,
            multiple_of=8,
            title="Height",
            description="Pixels; empty takes the starting picture's size, or the model's own.",
        ),
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


class Tuning(Part):
    """How the sampler walks, for those who want to know; the defaults are every sampler's own."""

    eta: Annotated[
        float | None,
        Field(
            ge=0,
            le=1,
            title="Eta",
            description="Fresh noise at each step: 0 is none, 1 all; empty takes the sampler's own.",
        ),
        Shown(infotext="Eta", a1111="eta", step=0.05),
    ] = None
    s_churn: Annotated[
        float,
        Field(ge=0, le=100, title="Sigma churn", description="Noise stirred in before a step (Euler, Heun, DPM2)."),
        Shown(infotext="Sigma churn", a1111="s_churn", step=0.5),
    ] = 0.0
    s_tmin: Annotated[
        float,
        Field(ge=0, le=10, title="Sigma tmin", description="Below this noise level nothing is stirred in."),
        Shown(infotext="Sigma tmin", a1111="s_tmin", step=0.01),
    ] = 0.0
    s_tmax: Annotated[
        float,
        Field(
            ge=0, le=999, title="Sigma tmax", description="Above this noise level nothing is stirred in; 0 is no limit."
        ),
        Shown(infotext="Sigma tmax", a1111="s_tmax", step=0.1),
    ] = 0.0
    s_noise: Annotated[
        float,
        Field(ge=0, le=1.1, title="Sigma noise", description="How strong the noise is that a sampler adds."),
        Shown(infotext="Sigma noise", a1111="s_noise", step=0.001),
    ] = 1.0
    sigma_min: Annotated[
        float,
        Field(ge=0, le=10, title="Lowest sigma", description="Where the schedule ends; 0 takes the model's own."),
        Shown(infotext="Schedule min sigma", step=0.01),
    ] = 0.0
    sigma_max: Annotated[
        float,
        Field(ge=0, le=60, title="Highest sigma", description="Where the schedule begins; 0 takes the model's own."),
        Shown(infotext="Schedule max sigma", step=0.1),
    ] = 0.0
    rho: Annotated[
        float,
        Field(
            ge=0, le=10, title="Rho", description="Bend of the Karras and Polyexponential schedules; 0 takes their own."
        ),
        Shown(infotext="Schedule rho", step=0.1),
    ] = 0.0
    discard_penultimate: Annotated[
        bool,
        Field(title="Discard penultimate sigma", description="Leave out the last noise level before zero."),
        Shown(infotext="Discard penultimate sigma"),
    ] = False
    sgm_noise: Annotated[
        bool,
        Field(
            title="SGM noise multiplier",
            description="Begin with noise as Stability's own code scales it.",
        ),
        Shown(infotext="SGM noise multiplier"),
    ] = False
    arithmetic: Annotated[
        Arithmetic,
        Field(title="Arithmetic", description="Whose rounding of steps, noise and colours: to match old pictures."),
        Shown(infotext="Arithmetic"),
    ] = "diffusers"


class Noise(Part):
    """Where the random numbers come from, beside the seed."""

    variation_seed: Annotated[
        int,
        Field(ge=-1, le=LARGEST_SEED, title="Variation seed", description="A second seed to mix in; -1 is random."),
        Shown(infotext="Variation seed", a1111="subseed"),
    ] = -1
    variation_strength: Annotated[
        float,
        Field(ge=0, le=1, title="Variation strength", description="0 is the seed's picture, 1 the variation seed's."),
        Shown(infotext="Variation seed strength", a1111="subseed_strength", step=0.01),
    ] = 0.0
    resize_from_width: Annotated[
        int | None,
        Field(
            ge=64,
            le=2048,
            multiple_of=8,
            title="Seed width",
            description="Begin as the seed would at this width; empty takes the picture's.",
        ),
        Shown(a1111="seed_resize_from_w", step=8),
    ] = None
    resize_from_height: Annotated[
        int | None,
        Field(
            ge=64,
            le=2048,
            multiple_of=8,
            title="Seed height",
            description="Begin as the seed would at this height; empty takes the picture's.",
        ),
        Shown(a1111="seed_resize_from_h", step=8),
    ] = None
    ensd: Annotated[
        int,
        Field(
            ge=0,
            le=2**32,
            title="Eta noise seed delta",
            description="Added to the seed for noise after the first; 31337 in many old pictures.",
        ),
        Shown(infotext="ENSD", a1111="eta_noise_seed_delta", step=1),
    ] = 0
    noise_source: Annotated[
        NoiseSource,
        Field(title="Noise source", description="CPU, or the numbers that NVIDIA's GPUs draw (NV)."),
        Shown(infotext="RNG", a1111="randn_source"),
    ] = "CPU"


class Output(Part):
    count: Annotated[
        int,
        Field(ge=1, le=MOST_PICTURES, title="Pictures", description="How many, with the seed counted up."),
        Shown(infotext="Batch size", a1111="batch_size", step=1),
    ] = 1
    format: Annotated[
        FileFormat,
        Field(title="File format", description="PNG keeps every bit; JPEG and WebP are smaller."),
        Shown(infotext="Format", a1111="samples_format"),
    ] = "PNG"
    quality: Annotated[
        int,
        Field(ge=1, le=100, title="File quality", description="Of JPEG and WebP; more is finer and larger."),
        Shown(infotext="Quality", a1111="jpeg_quality", step=1),
    ] = 90
    trace: Annotated[
        bool,
        Field(title="Keep every step", description="Store how the picture was made, to watch it afterwards."),
        Shown(infotext="Steps kept"),
    ] = False
