"""Postcard before it has learned anything: three networks with random weights, written as a folder that loads."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel

from engine.training.export.folder import INDEX
from recipes.postcard.tokens import POSITIONS, tokenizer

SCHEDULE = {
    "_class_name": "DDIMScheduler",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
    "clip_sample": False,
    "set_alpha_to_one": False,
    "steps_offset": 1,
    "prediction_type": "v_prediction",
}
WORDS_APART = 0.5
CONSTANT = 3.0  # held by two channels of the VAE, so that its last norm does not depend on the picture


@dataclass(frozen=True)
class Size:
    """size: pixels along a side. The width of the text is that of the cross-attention."""

    size: int
    unet: tuple[int, ...]
    heads: tuple[int, ...]
    text: int
    layers: int
    vae: tuple[int, ...]


SIZES = {
    "tiny": Size(64, (16, 32, 32), (1, 1, 1), 32, 1, (8, 8, 16, 16)),  # for tests: minutes
    "small": Size(128, (64, 128, 176), (2, 4, 4), 192, 3, (32, 64, 96, 128)),  # for a CPU: hours
    "large": Size(256, (64, 128, 192), (2, 4, 6), 256, 4, (32, 64, 128, 128)),  # for a CUDA GPU
}


def write(folder: Path, size: Size, seed: int = 0) -> Path:
    torch.manual_seed(seed)
    words = tokenizer(seed)
    vae = autoencoder(size)
    text = text_encoder(size, words)
    network = unet(size)
    (folder / "scheduler").mkdir(parents=True, exist_ok=True)
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(SCHEDULE, indent=2))
    words.save_pretrained(str(folder / "tokenizer"))
    for name, part in (("unet", network), ("vae", vae), ("text_encoder", text)):
        part.save_pretrained(folder / name)
    card = {"title": "Postcard (untrained)", "width": size.size, "height": size.size}
    (folder / "atelier.json").write_text(json.dumps(card))
    (folder / "model_index.json").write_text(json.dumps(INDEX, indent=2))
    return folder


def unet(size: Size) -> UNet2DConditionModel:
    config: dict[str, Any] = {
        "sample_size": size.size // 8,
        "block_out_channels": size.unet,
        "attention_head_dim": size.heads,
        "layers_per_block": 1,
        "cross_attention_dim": size.text,
        "norm_num_groups": 16,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    }
    made = UNet2DConditionModel(**config)
    nn.init.zeros_(made.conv_out.weight)  # begins with the mean answer
    return made


def text_encoder(size: Size, words: Any) -> CLIPTextModel:
    """Its words begin far apart. With CLIP's small embeddings (0.02) the attention drowns them: after 165,000 pictures a
    red and a blue house differed by 0.4 % to the UNet (22 % at the beginning), and colours were chance."""
    made = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(words),
            hidden_size=size.text,
            intermediate_size=size.text * 3,
            projection_dim=size.text,
            num_hidden_layers=size.layers,
            num_attention_heads=max(1, size.text // 64),
            max_position_embeddings=POSITIONS,
            bos_token_id=words.bos_token_id,
            eos_token_id=words.eos_token_id,
            pad_token_id=words.pad_token_id,
        )
    )
    nn.init.normal_(made.get_input_embeddings().weight, std=WORDS_APART)  # pyright: ignore
    return made


def autoencoder(size: Size) -> AutoencoderKL:
    """One group in every norm: with flat pictures, norms over few channels wipe out absolute colour."""
    config: dict[str, Any] = {
        "block_out_channels": size.vae,
        "down_block_types": ("DownEncoderBlock2D",) * len(size.vae),
        "up_block_types": ("UpDecoderBlock2D",) * len(size.vae),
        "layers_per_block": 1,
        "latent_channels": 4,
        "norm_num_groups": 1,
        "mid_block_add_attention": False,
        "sample_size": size.size,
        "scaling_factor": 1.0,
    }
    made = AutoencoderKL(**config)
    low_pass(made)
    return made


@torch.no_grad()
def low_pass(vae: AutoencoderKL) -> None:
    """Begin as a blur: colour and its negative travel along the residual stream, means go down, copies go up.

    silu(x) - silu(-x) = x, so the last activation passes them through unchanged.
    """
    for module in vae.modules():
        if hasattr(module, "conv2") and hasattr(module, "norm2"):  # a residual block adds nothing yet
            nn.init.zeros_(module.conv2.weight)  # pyright: ignore
            nn.init.zeros_(module.conv2.bias)  # pyright: ignore
            if module.conv_shortcut is not None:
                identity(module.conv_shortcut)  # pyright: ignore
    encoder, decoder = vae.encoder, vae.decoder
    opposites(encoder.conv_in)
    for block in encoder.down_blocks:
        for down in block.downsamplers or ():  # pyright: ignore
            average(down.conv)
    for block in decoder.up_blocks:
        for up in block.upsamplers or ():  # pyright: ignore
            identity(up.conv)
    differences(encoder.conv_out)
    identity(vae.quant_conv, keep=True)
    identity(vae.post_quant_conv, keep=True)
    opposites(decoder.conv_in)
    differences(decoder.conv_out)


def centre(conv: nn.Conv2d) -> int:
    return conv.kernel_size[0] // 2


def identity(conv: Any, keep: bool = False) -> None:
    nn.init.zeros_(conv.bias)
    if not keep:
        conv.weight.mul_(0.1)
    else:
        conv.weight.zero_()
    middle = centre(conv)
    for channel in range(min(conv.in_channels, conv.out_channels)):
        conv.weight[channel].zero_()
        conv.weight[channel, channel, middle, middle] = 1


def average(conv: Any) -> None:
    """diffusers pads to the right and below: the first four of nine are the pixels that become one."""
    conv.weight.mul_(0.1)
    nn.init.zeros_(conv.bias)
    for channel in range(conv.out_channels):
        conv.weight[channel].zero_()
        conv.weight[channel, channel, :2, :2] = 0.25


def opposites(conv: Any) -> None:
    """Three colours, their negatives, and two constants of opposite sign."""
    middle = centre(conv)
    for channel in range(3):
        for offset, sign in ((0, 1.0), (3, -1.0)):
            conv.weight[channel + offset].zero_()
            conv.bias[channel + offset] = 0
            conv.weight[channel + offset, channel, middle, middle] = sign
    for channel, sign in ((6, 1.0), (7, -1.0)):
        conv.weight[channel].zero_()
        conv.bias[channel] = sign * CONSTANT


def differences(conv: Any) -> None:
    """Colour from what the norm has made of it; CONSTANT says by how much that was."""
    channels = conv.in_channels
    scale = (2 * CONSTANT**2 / channels) ** 0.5
    middle = centre(conv)
    for channel in range(3):
        conv.weight[channel].zero_()
        conv.bias[channel] = 0
        conv.weight[channel, channel, middle, middle] = scale
        conv.weight[channel, channel + 3, middle, middle] = -scale
