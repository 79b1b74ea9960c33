"""What is trained: a union, each method with its own parameters."""

import re
from typing import Annotated, Literal

from pydantic import Field

from engine.request.parts import Part
from engine.request.shown import Shown

Algorithm = Literal["LoRA", "DoRA", "LoHa", "LoKr"]
Targets = Literal["attention", "attention and feed-forward", "all linear", "all linear and convolutions"]
Architecture = Literal["as the model", "tiny", "small", "medium"]
Condition = Literal["edges", "scribble", "grey", "files"]


class LoRA(Part):
    """Small matrices beside the model's own (Hu et al. 2021, arXiv 2106.09685): megabytes instead of gigabytes."""

    kind: Literal["lora"] = "lora"
    algorithm: Annotated[
        Algorithm,
        Field(
            title="Algorithm",
            description="LoRA; DoRA learns length and direction apart; LoHa and LoKr spend fewer weights.",
        ),
    ] = "LoRA"
    rank: Annotated[
        int, Field(ge=1, le=256, title="Rank", description="Width of the small matrices: how much they can hold."),
        Shown(step=1),
    ] = 16  # fmt: skip
    alpha: Annotated[
        float,
        Field(gt=0, le=512, title="Alpha", description="Strength: the weights are scaled by alpha / rank."),
    ] = 16.0
    targets: Annotated[Targets, Field(title="Layers", description="Which layers of the UNet get them.")] = "attention"
    dropout: Annotated[
        float, Field(ge=0, le=0.9, title="LoRA dropout", description="Part of the inputs left out at each step.")
    ] = 0.0
    text_encoder: Annotated[
        bool, Field(title="Train the text encoder", description="Its attention layers get small matrices too.")
    ] = False


class TextualInversion(Part):
    """New words for the text encoder, the networks stay as they are (Gal et al. 2022, arXiv 2208.01618)."""

    kind: Literal["textual_inversion"] = "textual_inversion"
    token: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9<>_\-]{1,40}$",
            title="New word",
            description="What is learned is called so in prompts.",
        ),
    ] = "<concept>"
    vectors: Annotated[
        int, Field(ge=1, le=32, title="Vectors", description="How many tokens the word takes in a prompt."),
        Shown(step=1),
    ] = 2  # fmt: skip
    initial: Annotated[
        str, Field(max_length=100, title="Starts as", description="A word that comes near, to begin with.")
    ] = ""

    @property
    def tokens(self) -> list[str]:
        """What the tokenizer knows the vectors by."""
        return [self.token, *(f"{self.token}_{number}" for number in range(1, self.vectors))]

    def spelled(self, text: str) -> str:
        """The word, wherever it stands as a whole one and whatever its letters' size, as all its tokens."""
        word = rf"(?<!\w){re.escape(self.token)}(?!\w)"
        return re.sub(word, lambda _: " ".join(self.tokens), text, flags=re.IGNORECASE)


class Full(Part):
    """All weights of the UNet and, where wanted, of the text encoder; with an architecture of its own from nothing."""

    kind: Literal["full"] = "full"
    architecture: Annotated[
        Architecture,
        Field(
            title="From nothing",
            description="as the model: go on from its weights; else begin with random weights of this size.",
        ),
    ] = "as the model"
    unet: Annotated[bool, Field(title="Train the UNet", description="The network that draws.")] = True
    text_encoder: Annotated[
        bool, Field(title="Train the text encoder", description="The network that reads the prompt.")
    ] = False


class ControlNet(Part):
    """A copy of the UNet's encoder that listens to a picture (Zhang et al. 2023, arXiv 2302.05543)."""

    kind: Literal["controlnet"] = "controlnet"
    condition: Annotated[
        Condition,
        Field(
            title="Condition",
            description="edges, scribble, grey: made from each picture; files: NAME in the folder `control` beside it.",
        ),
    ] = "edges"


class VAE(Part):
    """The autoencoder between pictures and latents."""

    kind: Literal["vae"] = "vae"
    architecture: Annotated[
        Architecture,
        Field(
            title="From nothing",
            description="as the model: go on from its weights; else begin with random weights of this size.",
        ),
    ] = "as the model"
    encoder: Annotated[
        bool,
        Field(title="Train the encoder", description="Else only the decoder learns, and latents stay what they are."),
    ] = True
    crop: Annotated[
        int, Field(ge=32, le=1024, multiple_of=8, title="Crop", description="Pixels along a side of what is looked at.")
    ] = 64
    kl: Annotated[
        float,
        Field(ge=0, le=1, title="KL weight", description="How strongly the latents are kept near a normal spread."),
    ] = 4e-5
    gradients: Annotated[
        float,
        Field(ge=0, le=10, title="Edge weight", description="What differences between neighbouring pixels count."),
    ] = 1.0


Method = Annotated[LoRA | TextualInversion | Full | ControlNet | VAE, Field(discriminator="kind")]
