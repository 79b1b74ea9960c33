"""Single-file checkpoints in the original (LDM) layout: one safetensors file holds all three networks.

Such a file carries no configuration. The family supplies it, and widths and depths are read off the shapes, so that
distilled variants load through the same path as the full-size models.
"""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from engine.library import names
from engine.library.families.family import Family
from engine.library.header import Header, read_header
from engine.library.identify import channels_of, said_prediction
from engine.library.names import CLIP, OPEN_CLIP, UNET, VAE, Place, Places
from engine.library.parts import Part, Parts

OPEN_CLIP_LAYERS = "transformer.resblocks."


def parts_of_file(path: Path, family: Family) -> Parts:
    header = read_header(path)
    open_clip = bool(header.below(OPEN_CLIP))
    text = open_clip_config(header, family) if open_clip else clip_config(header, family)
    text_places = _open_clip_places if open_clip else _clip_places
    prediction = said_prediction(header) or said_beside(path)
    return Parts(
        unet=Part("UNet", unet_config(header, family), path, _unet_places),
        vae=Part("VAE", vae_config(header, family), path, _vae_places),
        text_encoder=Part("text encoder", text, path, text_places),
        scheduler=dict(family.scheduler),
        prediction=prediction or ("epsilon" if family.key == "sd1" else None),
        tokenizer=family.tokenizer,
        pad_token=family.pad_token,
    )


def said_beside(path: Path) -> str | None:
    """The configuration of the original code, NAME.yaml, says it when the network predicts v."""
    try:
        text = path.with_suffix(".yaml").read_text("utf-8")[: 2**20]
    except (OSError, ValueError):
        return None
    v = re.search(r"^\s*parameterization\s*:\s*[\"']?v[\"']?\s*(#.*)?$", text, re.MULTILINE)
    return "v_prediction" if v else "epsilon"


def unet_config(header: Header, family: Family, prefix: str = UNET) -> dict[str, Any]:
    """The input blocks tell it: a level ends with its downsampler (`op`). prefix: of the tensors' names."""
    channels: list[int] = []
    layers: list[int] = []
    depths: list[int] = []  # transformer layers; 0 where the level does not attend
    cross, block, new_level = 0, 1, True
    while found := _level_of(header, f"{prefix}input_blocks.{block}."):
        width, depth, context = found
        if width == 0:
            new_level = True
        elif new_level:
            channels.append(width)
            layers.append(1)
            depths.append(depth)
            new_level = False
        else:
            layers[-1] += 1
        cross = max(cross, context)
        block += 1
    attends = [depth > 0 for depth in depths]
    heads = family.unet["attention_head_dim"]
    first = next((level for level, depth in enumerate(depths) if depth), 0)
    blocks = sum(layers[:first]) + first + 1
    return {
        **family.unet,
        "in_channels": channels_of(header),
        "block_out_channels": tuple(channels),
        "layers_per_block": max(layers, default=1),
        "transformer_layers_per_block": tuple(max(1, depth) for depth in depths),
        "down_block_types": tuple("CrossAttnDownBlock2D" if yes else "DownBlock2D" for yes in attends),
        "up_block_types": tuple("CrossAttnUpBlock2D" if yes else "UpBlock2D" for yes in reversed(attends)),
        "cross_attention_dim": cross or family.unet["cross_attention_dim"],
        "use_linear_projection": len(header.shape(f"{prefix}input_blocks.{blocks}.1.proj_in.weight")) == 2,
        # SD2 has heads of 64 channels, SD1 has 8 heads; diffusers calls both attention_head_dim.
        "attention_head_dim": heads if isinstance(heads, int) else tuple(max(1, width // 64) for width in channels),
    }


def vae_config(header: Header, family: Family) -> dict[str, Any]:
    levels = _depth(header, rf"{re.escape(VAE)}encoder\.down\.(\d+)\.")
    channels = tuple(
        (header.shape(f"{VAE}encoder.down.{level}.block.0.conv1.weight") or (1,))[0] for level in range(levels)
    )
    latents = header.shape(f"{VAE}decoder.conv_in.weight")
    return {
        **family.vae,
        "block_out_channels": channels,
        "down_block_types": ("DownEncoderBlock2D",) * levels,
        "up_block_types": ("UpDecoderBlock2D",) * levels,
        "layers_per_block": _depth(header, rf"{re.escape(VAE)}encoder\.down\.0\.block\.(\d+)\."),
        "latent_channels": latents[1] if len(latents) == 4 else 4,
        "mid_block_add_attention": bool(header.below(f"{VAE}encoder.mid.attn_1.")),
    }


def clip_config(header: Header, family: Family) -> dict[str, Any]:
    prefix = _clip_prefix(header)
    return _text_config(
        family,
        words=header.shape(f"{prefix}embeddings.token_embedding.weight"),
        positions=header.shape(f"{prefix}embeddings.position_embedding.weight"),
        inner=header.shape(f"{prefix}encoder.layers.0.mlp.fc1.weight"),
        layers=_depth(header, rf"{re.escape(prefix)}encoder\.layers\.(\d+)\."),
    )


def open_clip_config(header: Header, family: Family) -> dict[str, Any]:
    """The last stored layer is left out, as in training; files that were pruned of it already are taken as they are."""
    stored = _depth(header, rf"{re.escape(OPEN_CLIP + OPEN_CLIP_LAYERS)}(\d+)\.")
    pruned = stored == family.text_encoder["num_hidden_layers"]
    return _text_config(
        family,
        words=header.shape(f"{OPEN_CLIP}token_embedding.weight"),
        positions=header.shape(f"{OPEN_CLIP}positional_embedding"),
        inner=header.shape(f"{OPEN_CLIP}{OPEN_CLIP_LAYERS}0.mlp.c_fc.weight"),
        layers=stored if pruned else stored - 1,
    )


def _text_config(
    family: Family, words: tuple[int, ...], positions: tuple[int, ...], inner: tuple[int, ...], layers: int
) -> dict[str, Any]:
    full = family.text_encoder
    vocabulary, hidden = words if len(words) == 2 else (full["vocab_size"], full["hidden_size"])
    return {
        **full,
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "intermediate_size": inner[0] if inner else full["intermediate_size"],
        "num_hidden_layers": max(1, layers),
        "num_attention_heads": max(1, hidden // 64),
        "max_position_embeddings": positions[0] if positions else full["max_position_embeddings"],
    }


def _level_of(header: Header, block: str) -> tuple[int, int, int] | None:
    """(channels, transformer layers, width of the conditioning) of an input block; channels 0: a downsampler."""
    if header.shape(f"{block}0.op.weight"):
        return 0, 0, 0
    out = header.shape(f"{block}0.out_layers.3.weight")
    if not out:
        return None
    depth = 0
    while header.shape(f"{block}1.transformer_blocks.{depth}.attn1.to_q.weight"):
        depth += 1
    context = header.shape(f"{block}1.transformer_blocks.0.attn2.to_k.weight")
    return out[0], depth, context[-1] if context else 0


def _depth(header: Header, pattern: str) -> int:
    """One more than the highest number that a tensor's name holds at this place; indices beyond reason are ignored."""
    found = (re.match(pattern, name) for name in header.tensors)
    return 1 + max((int(match[1]) for match in found if match and len(match[1]) < 3), default=-1)


def _clip_prefix(header: Header) -> str:
    """Some converters left `text_model.` out."""
    return CLIP if header.below(CLIP) else CLIP.removesuffix("text_model.")


def _unet_places(wanted: Collection[str], header: Header) -> Places:
    return names.ldm_unet(wanted)


def _vae_places(wanted: Collection[str], header: Header) -> Places:
    return names.ldm_vae(wanted)


def _clip_places(wanted: Collection[str], header: Header) -> Places:
    prefix = _clip_prefix(header)
    return {name: Place(prefix + names.bare(name)) for name in wanted}


def _open_clip_places(wanted: Collection[str], header: Header) -> Places:
    return names.ldm_open_clip(wanted)
