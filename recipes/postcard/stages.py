"""The runs that make Postcard, one after the other: autoencoder, UNet, decoder, ControlNet; each a request."""

from dataclasses import dataclass
from typing import Any

from engine.request.training import TrainingRequest, read

PROMPTS = (
    "a red house on the left in a green meadow by day, mountains, sun",
    "a yellow boat on the sea at sunset",
    "an orange cat on the beach at dawn, clouds",
    "a blue tent in the snow at night, forest, stars",
    "a white castle in the middle in a green meadow at sunset, hills",
    "a red car on the left and a green tree on the right",
    "three yellow tents in the desert by day",
    "a pink hot air balloon in an autumn field by day, clouds",
)


@dataclass(frozen=True)
class Effort:
    """pictures: drawn for the training; reading: batches for the text encoder; judge: pictures and batches that it is
    taught with; measured: prompts of one thing and sketches that it is measured with; the others: steps of each run."""

    pictures: int
    reading: int
    autoencoder: int
    denoising: int
    decoder: int
    controlnet: int
    judge: tuple[int, int] = (8_000, 1_300)
    measured: tuple[int, int] = (240, 96)
    batch: int = 32
    resolution: int = 128


EFFORTS = {
    "tiny": Effort(64, 5, 20, 20, 10, 10, judge=(64, 5), measured=(10, 4), batch=8, resolution=64),
    "small": Effort(24_000, 1_500, 6_500, 24_000, 12_000, 5_000),
}


def autoencoder(effort: Effort, folder: str, checkpoint: str) -> TrainingRequest:
    return autoencoding(effort, folder, checkpoint, "autoencoder", effort.autoencoder, 1.5e-3, **{"vae.kl": 1e-4})


def decoder(effort: Effort, folder: str, checkpoint: str) -> TrainingRequest:
    """Sharper pictures of the same latents."""
    own = {"vae.encoder": False, "vae.gradients": 0.5}
    return autoencoding(effort, folder, checkpoint, "decoder", effort.decoder, 1e-3, **own)


def autoencoding(
    effort: Effort, folder: str, checkpoint: str, name: str, length: int, learning_rate: float, **own: Any
) -> TrainingRequest:
    return asked(
        effort,
        folder,
        method="vae",
        checkpoint=checkpoint,
        length=length,
        batch=8,
        learning_rate=learning_rate,
        schedule="cosine",
        warmup=100,
        beta2=0.99,
        weight_decay=0.0,
        ema=True,
        hold_out=0.003,
        product={"name": name},
        **{"vae.crop": 64, **own},
    )


def denoising(effort: Effort, folder: str, checkpoint: str) -> TrainingRequest:
    return asked(
        effort,
        folder,
        method="full",
        checkpoint=checkpoint,
        length=effort.denoising,
        batch=effort.batch,
        learning_rate=1e-3,
        schedule="cosine",
        warmup=500,
        beta2=0.99,
        weight_decay=0.01,
        weighting="min-SNR",
        masks=True,
        unmasked_weight=0.3,
        ema=True,
        ema_decay=0.9995,
        dropout=0.1,
        timesteps="stratified",
        hold_out=0.003,
        prompts=PROMPTS,
        **{"full.text_encoder": False},
        product={"name": "denoiser"},
    )


def controlnet(effort: Effort, folder: str, checkpoint: str) -> TrainingRequest:
    return asked(
        effort,
        folder,
        method="controlnet",
        checkpoint=checkpoint,
        length=effort.controlnet,
        batch=effort.batch,
        learning_rate=1e-3,
        schedule="cosine",
        warmup=100,
        ema=True,
        dropout=0.3,
        masks=True,
        unmasked_weight=0.3,
        timesteps="stratified",
        hold_out=0.003,
        **{"controlnet.condition": "files"},
        product={"name": "scribble"},
    )


def asked(effort: Effort, folder: str, product: dict[str, Any], **values: Any) -> TrainingRequest:
    common = {
        "concepts": [{"folder": folder}],
        "resolution": effort.resolution,
        "buckets": False,
        "precision": "bfloat16",
        "seed": 20,
        "save": 250,
        "measure": 500,
        "sample": 1000,
        "log": 10,
        "formats": ("merged",),
        "half": False,
    }
    return read({**common, **values, **product})
