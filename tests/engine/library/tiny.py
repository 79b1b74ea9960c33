"""Tiny random checkpoints in every layout, written with the names that the real ones have."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from diffusers.schedulers import DDIMScheduler
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from engine.library import names
from engine.library.families.stable_diffusion import SD1, SD2
from engine.library.names import Places

UNET: dict[str, Any] = {
    "sample_size": 8,
    "block_out_channels": (64, 128),
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
    "layers_per_block": 1,
    "cross_attention_dim": 64,
}
VAE: dict[str, Any] = {
    **SD1.vae,
    "block_out_channels": (32, 64, 64, 64),
    "layers_per_block": 1,
    "sample_size": 64,
}
TEXT: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 1,
    "projection_dim": 64,
}


@dataclass(frozen=True)
class Networks:
    """What was written: float32, eval mode."""

    unet: UNet2DConditionModel
    vae: AutoencoderKL
    text_encoder: CLIPTextModel


def write_sd1(path: Path, seed: int = 0, metadata: dict[str, str] | None = None, in_channels: int = 4) -> Networks:
    """A file in the layout of Stable Diffusion 1, 11 million weights in float16, most of them the vocabulary.

    in_channels: 9 makes an inpainting checkpoint."""
    made = _networks(seed, {**UNET, "attention_head_dim": 8, "in_channels": in_channels}, SD1.text_encoder)
    weights = (
        stored(made.unet, names.ldm_unet) | stored(made.vae, names.ldm_vae) | stored(made.text_encoder, names.ldm_clip)
    )
    weights["cond_stage_model.transformer.text_model.embeddings.position_ids"] = torch.arange(77)[None]
    _write(weights, path, metadata)
    return made


def write_sd2(path: Path, seed: int = 0, metadata: dict[str, str] | None = None) -> Networks:
    """A file in the layout of Stable Diffusion 2: stacked attention, one text layer more than is used."""
    made = _networks(seed, {**UNET, "attention_head_dim": (1, 2), "use_linear_projection": True}, SD2.text_encoder)
    last = TEXT["num_hidden_layers"]
    text = stored(made.text_encoder, names.ldm_open_clip)
    before = f"{names.OPEN_CLIP}transformer.resblocks."
    text |= {
        name.replace(f"{before}0.", f"{before}{last}."): weight
        for name, weight in text.items()
        if f"{before}0." in name
    }
    text |= {f"{names.OPEN_CLIP}text_projection": torch.eye(64), f"{names.OPEN_CLIP}logit_scale": torch.ones(())}
    _write(stored(made.unet, names.ldm_unet) | stored(made.vae, names.ldm_vae) | text, path, metadata)
    return made


def write_folder(path: Path, seed: int = 0, in_channels: int = 4) -> Networks:
    """A diffusers folder as StableDiffusionPipeline saves it, with CLIP's own tokenizer."""
    made = _networks(seed, {**UNET, "attention_head_dim": 8, "in_channels": in_channels}, SD1.text_encoder)
    StableDiffusionPipeline(
        unet=made.unet,
        vae=made.vae,
        text_encoder=made.text_encoder,
        tokenizer=CLIPTokenizer.from_pretrained(str(SD1.tokenizer), local_files_only=True),
        scheduler=DDIMScheduler.from_config(SD1.scheduler),  # type: ignore[arg-type]
        safety_checker=None,  # type: ignore[arg-type]
        feature_extractor=None,  # type: ignore[arg-type]
        requires_safety_checker=False,
    ).save_pretrained(str(path), safe_serialization=True)
    return made


def stored(network: nn.Module, translate: Callable[[Collection[str]], Places]) -> dict[str, Tensor]:
    """The network's weights under the names, and in the shapes, of the original files."""
    weights = network.state_dict()
    found: dict[str, Tensor] = {}
    thirds: dict[str, list[Tensor]] = {}
    for name, place in sorted(translate(weights.keys()).items(), key=lambda item: (item[1].key, item[1].third or 0)):
        weight = weights[name].detach()
        if place.third is not None:
            thirds.setdefault(place.key, []).append(weight)
        elif ".mid.attn_1." in place.key and weight.dim() == 2:
            found[place.key] = weight[:, :, None, None]
        else:
            found[place.key] = weight
    return found | {key: torch.cat(parts) for key, parts in thirds.items()}


def _networks(seed: int, unet: dict[str, Any], text: dict[str, Any]) -> Networks:
    """Rounded to float16, in which they are stored: what is read back must be equal, not nearly."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = Networks(
            unet=UNet2DConditionModel(**unet),
            vae=AutoencoderKL(**VAE),
            text_encoder=CLIPTextModel(CLIPTextConfig(**{**text, **TEXT})),
        )
    for network in (made.unet, made.vae, made.text_encoder):
        network.eval().requires_grad_(False).half().float()
    return made


def _write(weights: dict[str, Tensor], path: Path, metadata: dict[str, str] | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    half = {
        name: weight.half().contiguous() if weight.is_floating_point() else weight for name, weight in weights.items()
    }
    save_file(half, str(path), metadata=metadata)
