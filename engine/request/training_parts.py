"""The parts of a training request but the method, each parameter with its range, label and help."""

from typing import Annotated, Literal

from pydantic import Field

from engine.request.parts import LONGEST_PROMPT, Part
from engine.request.samplers import SamplerName
from engine.request.shown import Shown

Prediction = Literal["as the model", "epsilon", "v_prediction"]
LossName = Literal["MSE", "MAE", "Huber", "smooth L1", "log-cosh"]
Weighting = Literal["none", "min-SNR", "debiased", "P2"]
Timesteps = Literal["uniform", "stratified", "logit-normal"]
OptimiserName = Literal[
    "AdamW", "Adam", "SGD", "RMSprop", "Adafactor", "Lion", "Prodigy", "schedule-free AdamW", "AdamW 8-bit"
]
LearningRateSchedule = Literal[
    "constant", "linear", "cosine", "cosine with restarts", "polynomial", "REX", "inverse square root"
]
Precision = Literal["float32", "bfloat16", "float16"]
Unit = Literal["steps", "epochs"]
ConceptKind = Literal["train", "validation", "prior"]
ExportFormat = Literal["kohya", "diffusers", "merged"]


class Concept(Part):
    """A folder of pictures with one part to play."""

    folder: Annotated[str, Field(min_length=1, max_length=1024, title="Folder", description="Pictures and captions.")]
    kind: Annotated[
        ConceptKind,
        Field(
            title="Part",
            description="train: what is learned; validation: held out, to measure with; "
            "prior: what the model shall go on drawing as before.",
        ),
    ] = "train"
    repeats: Annotated[
        int, Field(ge=1, le=1000, title="Repeats", description="How often each picture comes in an epoch.")
    ] = 1
    weight: Annotated[
        float, Field(gt=0, le=100, title="Weight", description="What the loss of these pictures counts.")
    ] = 1.0


class Base(Part):
    """The model that the training starts from."""

    checkpoint: Annotated[
        str,
        Field(max_length=512, title="Model", description="The checkpoint to train; empty takes the first one."),
    ] = ""
    checkpoint_hash: Annotated[
        str,
        Field(
            pattern=r"^([0-9a-f]{10})?$",
            title="Model hash",
            description="First ten hexadecimal digits of its SHA-256; the studio fills it in.",
        ),
    ] = ""
    clip_skip: Annotated[
        int, Field(ge=1, le=12, title="CLIP skip", description="2 leaves out the text encoder's last layer.")
    ] = 1


class Data(Part):
    concepts: Annotated[
        tuple[Concept, ...],
        Field(max_length=200, title="Folders", description="The pictures to learn from, to measure with and to keep."),
    ] = ()
    resolution: Annotated[
        int,
        Field(
            ge=64,
            le=2048,
            multiple_of=8,
            title="Resolution",
            description="Side of a square with as many pixels as each picture is given.",
        ),
        Shown(step=8),
    ] = 512
    buckets: Annotated[
        bool,
        Field(title="Buckets", description="Pictures keep about their proportions instead of being cut to squares."),
    ] = True
    bucket_step: Annotated[
        int,
        Field(ge=8, le=256, multiple_of=8, title="Bucket step", description="Sides of buckets are multiples of this."),
    ] = 64
    upscale: Annotated[
        bool, Field(title="Enlarge small pictures", description="Else they go into smaller buckets.")
    ] = True
    hold_out: Annotated[
        float,
        Field(ge=0, le=0.5, title="Hold out", description="Part of the pictures that is kept to measure with."),
    ] = 0.0
    masks: Annotated[
        bool, Field(title="Use masks", description="NAME.mask.png or NAME-masklabel.png: what is black is not learned.")
    ] = False
    unmasked_weight: Annotated[
        float,
        Field(ge=0, le=1, title="Weight outside masks", description="What is black in a mask still counts so much."),
    ] = 0.1
    prior_weight: Annotated[
        float, Field(ge=0, le=10, title="Prior weight", description="What pictures of the part `prior` count.")
    ] = 1.0
    prior_prediction: Annotated[
        bool,
        Field(
            title="Keep the model's own answers",
            description="The target of `prior` pictures is what the untrained model answers, not the picture.",
        ),
    ] = False
    cache: Annotated[bool, Field(title="Cache", description="Keep latents: each is made once, for all runs.")] = True


class Captions(Part):
    trigger: Annotated[
        str,
        Field(
            max_length=200,
            title="Trigger word",
            description="Stands first in every caption that lacks it, but for `prior`.",
        ),
    ] = ""
    prefix: Annotated[str, Field(max_length=1000, title="Before", description="Put before every caption.")] = ""
    suffix: Annotated[str, Field(max_length=1000, title="After", description="Put after every caption.")] = ""
    shuffle: Annotated[
        bool, Field(title="Shuffle tags", description="What stands between commas comes in another order each time.")
    ] = False
    keep: Annotated[
        int, Field(ge=0, le=100, title="Keep first tags", description="So many tags stay where they are.")
    ] = 1
    tag_dropout: Annotated[
        float, Field(ge=0, le=1, title="Tag dropout", description="How often a tag is left out.")
    ] = 0.0
    dropout: Annotated[
        float,
        Field(ge=0, le=1, title="Caption dropout", description="How often the whole caption is: guidance needs that."),
    ] = 0.05


class Augment(Part):
    flip: Annotated[
        float, Field(ge=0, le=1, title="Flip", description="How often a picture is mirrored. Not for faces or writing.")
    ] = 0.0
    crop_jitter: Annotated[
        float,
        Field(ge=0, le=0.5, title="Crop jitter", description="How far crops move, as part of the picture's side."),
    ] = 0.0
    rotate: Annotated[float, Field(ge=0, le=45, title="Rotate", description="Degrees, at most, to either side.")] = 0.0
    colour: Annotated[
        float,
        Field(ge=0, le=0.5, title="Colour jitter", description="How far brightness, contrast and saturation change."),
    ] = 0.0
    variations: Annotated[
        int,
        Field(
            ge=1,
            le=64,
            title="Variations",
            description="Of flip, crop, rotation and colour, drawn once per picture and cached.",
        ),
    ] = 4


class Objective(Part):
    prediction: Annotated[
        Prediction, Field(title="Prediction", description="What the UNet answers with; v needs a model that does.")
    ] = "as the model"
    zero_terminal_snr: Annotated[
        bool,
        Field(
            title="Zero terminal SNR",
            description="The last timestep is pure noise (Lin et al. 2023, arXiv 2305.08891); only with v.",
        ),
    ] = False
    loss: Annotated[LossName, Field(title="Loss", description="How differences are measured.")] = "MSE"
    huber_delta: Annotated[
        float,
        Field(gt=0, le=10, title="Huber delta", description="Up to here Huber and smooth L1 are squares, then lines."),
    ] = 0.1
    weighting: Annotated[
        Weighting,
        Field(
            title="Weighting",
            description="By signal to noise: min-SNR (arXiv 2303.09556), debiased (2310.08442), P2 (2204.00227).",
        ),
    ] = "none"
    gamma: Annotated[
        float,
        Field(gt=0, le=100, title="Gamma of min-SNR", description="From this signal to noise on, steps count less."),
    ] = 5.0
    p2_gamma: Annotated[
        float,
        Field(gt=0, le=10, title="Gamma of P2", description="Its exponent: the more, the less little noise counts."),
    ] = 1.0
    timesteps: Annotated[
        Timesteps,
        Field(title="Timesteps", description="How they are drawn; stratified: evenly over each batch."),
    ] = "uniform"
    min_timestep: Annotated[
        int, Field(ge=0, le=999, title="First timestep", description="The least noise that is trained.")
    ] = 0
    max_timestep: Annotated[
        int, Field(ge=1, le=1000, title="Last timestep", description="The most noise, not included.")
    ] = 1000
    offset_noise: Annotated[
        float,
        Field(
            ge=0, le=1, title="Offset noise", description="Whole channels are shifted: darker darks, brighter lights."
        ),
    ] = 0.0
    pyramid_noise: Annotated[
        int, Field(ge=0, le=10, title="Pyramid noise", description="How many coarser layers of noise are added.")
    ] = 0
    pyramid_discount: Annotated[
        float, Field(gt=0, lt=1, title="Pyramid discount", description="What each coarser layer counts.")
    ] = 0.3
    input_perturbation: Annotated[
        float,
        Field(ge=0, le=1, title="Input perturbation", description="Extra noise in the input (arXiv 2301.11706)."),
    ] = 0.0


class Optimisation(Part):
    optimiser: Annotated[
        OptimiserName, Field(title="Optimiser", description="How the weights follow the gradient.")
    ] = "AdamW"
    learning_rate: Annotated[
        float, Field(gt=0, le=10, title="Learning rate", description="Of the UNet, ControlNet, VAE or new words.")
    ] = 1e-4
    text_encoder_learning_rate: Annotated[
        float, Field(ge=0, le=10, title="Learning rate of the text encoder", description="0 takes the other one.")
    ] = 0.0
    beta1: Annotated[
        float, Field(ge=0, lt=1, title="Beta 1", description="How long gradients are remembered; SGD: momentum.")
    ] = 0.9
    beta2: Annotated[float, Field(ge=0, lt=1, title="Beta 2", description="How long their squares are.")] = 0.999
    epsilon: Annotated[float, Field(gt=0, le=1, title="Epsilon", description="Keeps divisions from zero.")] = 1e-8
    weight_decay: Annotated[
        float, Field(ge=0, le=1, title="Weight decay", description="Pulls weights towards zero at every step.")
    ] = 0.01
    schedule: Annotated[
        LearningRateSchedule, Field(title="Schedule", description="How the learning rate goes on after the warm-up.")
    ] = "constant"
    warmup: Annotated[
        int, Field(ge=0, le=1_000_000, title="Warm-up", description="Steps in which the learning rate rises from zero.")
    ] = 0
    cycles: Annotated[int, Field(ge=1, le=100, title="Cycles", description="Of cosine with restarts.")] = 1
    clip: Annotated[
        float, Field(ge=0, le=1000, title="Clip gradients", description="Longest gradient; 0 clips none.")
    ] = 1.0


class Loop(Part):
    length: Annotated[
        int, Field(ge=1, le=10_000_000, title="Length", description="How many steps or epochs the run has.")
    ] = 1000
    unit: Annotated[Unit, Field(title="Counted in", description="Steps, or epochs: times through all pictures.")] = (
        "steps"
    )
    batch: Annotated[
        int, Field(ge=1, le=1024, title="Batch", description="Pictures at once on each device."), Shown(step=1)
    ] = 1
    accumulation: Annotated[
        int, Field(ge=1, le=256, title="Accumulation", description="Batches that make one step."), Shown(step=1)
    ] = 1
    precision: Annotated[
        Precision,
        Field(title="Precision", description="Of the computation; the trained weights themselves stay float32."),
    ] = "float32"
    checkpointing: Annotated[
        bool, Field(title="Gradient checkpointing", description="Less memory, about a quarter slower.")
    ] = False
    ema: Annotated[
        bool, Field(title="EMA", description="Keep a running mean of the weights; it is what is measured and saved.")
    ] = False
    ema_decay: Annotated[
        float, Field(ge=0, lt=1, title="EMA decay", description="What the mean keeps of itself at each step.")
    ] = 0.999
    seed: Annotated[int, Field(ge=0, le=2**64 - 1, title="Seed", description="The same seed makes the same run.")] = 0
    bad_steps: Annotated[
        int,
        Field(ge=0, le=1000, title="Bad steps", description="Steps without a finite loss that are left out in a row."),
    ] = 3


class Every(Part):
    """In steps; 0 is never."""

    log: Annotated[int, Field(ge=1, le=100_000, title="Log every", description="Steps between two lines.")] = 1
    save: Annotated[
        int, Field(ge=0, le=1_000_000, title="Save every", description="Steps between two states; 0: at the end only.")
    ] = 250
    measure: Annotated[
        int,
        Field(
            ge=0,
            le=1_000_000,
            title="Measure every",
            description="Steps between two measurements of the held-out loss.",
        ),
    ] = 250
    sample: Annotated[
        int, Field(ge=0, le=1_000_000, title="Draw every", description="Steps between two rows of samples.")
    ] = 250
    states: Annotated[
        int, Field(ge=1, le=100, title="Keep states", description="The newest so many; the best is kept besides.")
    ] = 2
    patience: Annotated[
        int,
        Field(
            ge=0, le=100, title="Patience", description="Measurements without improvement that end the run; 0: never."
        ),
    ] = 0


class Samples(Part):
    prompts: Annotated[
        tuple[Annotated[str, Field(max_length=LONGEST_PROMPT)], ...],
        Field(max_length=16, title="Sample prompts", description="Drawn from step 0 on with the same seeds."),
    ] = ()
    negative: Annotated[
        str, Field(max_length=LONGEST_PROMPT, title="Negative prompt", description="What samples should not show.")
    ] = ""
    sample_seed: Annotated[
        int, Field(ge=0, le=2**64 - 1, title="Sample seed", description="Of the first sample; the next counts up.")
    ] = 1
    sampler: Annotated[SamplerName, Field(title="Sampler", description="How samples are drawn.")] = "DPM++ 2M"
    steps: Annotated[int, Field(ge=1, le=150, title="Sample steps", description="Of each sample.")] = 20
    guidance: Annotated[
        float, Field(ge=1, le=30, title="Guidance", description="How closely samples follow the prompt.")
    ] = 5.0


class Product(Part):
    """What comes out."""

    name: Annotated[
        str,
        Field(
            pattern=r"^[\w][\w \-.]{0,99}$", title="Name", description="Of the file: letters, digits, blanks, - and _."
        ),
    ] = "training"
    formats: Annotated[
        tuple[ExportFormat, ...],
        Field(max_length=3, title="Formats", description="kohya opens everywhere; merged is a checkpoint of its own."),
    ] = ("kohya",)
    half: Annotated[bool, Field(title="Half precision", description="Files of half the size.")] = True
