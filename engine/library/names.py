"""Where a parameter lies in a checkpoint: diffusers' names translated into those of the original (LDM) files.

Each function takes all parameter names of a network and answers with a place for each of them, so the same map serves
to read such files and to write them. Depths are counted from the names themselves.
"""

import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

UNET = "model.diffusion_model."
VAE = "first_stage_model."
CLIP = "cond_stage_model.transformer.text_model."
OPEN_CLIP = "cond_stage_model.model."


class Place(NamedTuple):
    """third: 0, 1 or 2 when the parameter is the query, key or value part of a tensor that stacks all three; of: 2 where it
    stacks key and value alone."""

    key: str
    third: int | None = None
    of: int = 3


Places = dict[str, Place]

_UNET_ENDS = {
    "conv_in": "input_blocks.0.0",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
_UNET_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
_VAE_ATTENTION_BEFORE_2023 = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
_OPEN_CLIP_ENDS = {
    "embeddings.token_embedding.weight": "token_embedding.weight",
    "embeddings.position_embedding.weight": "positional_embedding",
    "final_layer_norm.weight": "ln_final.weight",
    "final_layer_norm.bias": "ln_final.bias",
}
_OPEN_CLIP_LAYER = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "self_attn.out_proj": "attn.out_proj",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
}


def ldm_unet(names: Collection[str]) -> Places:
    """Our blocks hold layers; theirs is one long list, in which a down- or upsampler ends each level."""
    layers = _count(names, r"down_blocks\.0\.resnets\.(\d+)\.")
    attending = {int(found[1]) for name in names if (found := re.match(r"up_blocks\.(\d+)\.attentions\.", name))}

    def translate(name: str) -> str:
        module, leaf = name.rsplit(".", 1)
        if module in _UNET_ENDS:
            return f"{_UNET_ENDS[module]}.{leaf}"
        if found := re.match(r"mid_block\.(resnets|attentions)\.(\d+)\.(.+)", name):
            kind, index, rest = found[1], int(found[2]), found[3]
            return f"middle_block.{2 * index}.{_unet_resnet(rest)}" if kind == "resnets" else f"middle_block.1.{rest}"
        found = re.match(r"(down|up)_blocks\.(\d+)\.(\w+)\.(\d+)\.(.+)", name)
        if not found:
            raise KeyError(name)
        way, level, kind, layer, rest = found[1], int(found[2]), found[3], int(found[4]), found[5]
        if kind == "downsamplers":
            return f"input_blocks.{(level + 1) * (layers + 1)}.0.op.{leaf}"
        if kind == "upsamplers":
            return f"output_blocks.{level * (layers + 1) + layers}.{2 if level in attending else 1}.conv.{leaf}"
        block = f"input_blocks.{level * (layers + 1) + layer + 1}" if way == "down" else ""
        block = block or f"output_blocks.{level * (layers + 1) + layer}"
        return f"{block}.0.{_unet_resnet(rest)}" if kind == "resnets" else f"{block}.1.{rest}"

    return {name: Place(UNET + translate(name)) for name in names}


def ldm_controlnet(names: Collection[str], prefix: str) -> Places:
    """The UNet's encoder and middle, a path for the picture, and a silent convolution for each output."""
    last = 2 * (_count(names, r"controlnet_cond_embedding\.blocks\.(\d+)\.") + 1)
    encoder = [name for name in names if not name.startswith("controlnet_")]
    places = {name: Place(prefix + place.key.removeprefix(UNET)) for name, place in ldm_unet(encoder).items()}

    def translate(name: str) -> str:
        name = re.sub(r"^controlnet_down_blocks\.(\d+)", r"zero_convs.\1.0", name)
        name = name.replace("controlnet_mid_block", "middle_block_out.0")
        name = name.replace("controlnet_cond_embedding.conv_in", "input_hint_block.0")
        name = name.replace("controlnet_cond_embedding.conv_out", f"input_hint_block.{last}")
        return re.sub(
            r"^controlnet_cond_embedding\.blocks\.(\d+)",
            lambda found: f"input_hint_block.{2 * int(found[1]) + 2}",
            name,
        )

    return {name: places.get(name) or Place(prefix + translate(name)) for name in names}


def original_adapter(names: Collection[str], light: bool) -> Places:
    """T2I-Adapter as TencentARC wrote it: the full one is one long list of blocks, the light one a list of lists."""
    layers = _count(names, r"adapter\.body\.0\.resnets\.(\d+)\.")

    def translate(name: str) -> str:
        name = name.removeprefix("adapter.")
        if light:
            return name.replace(".resnets.", ".body.")
        if found := re.match(r"body\.(\d+)\.resnets\.(\d+)\.(.+)", name):
            return f"body.{int(found[1]) * layers + int(found[2])}.{found[3]}"
        return re.sub(r"^body\.(\d+)\.in_conv", lambda found: f"body.{int(found[1]) * layers}.in_conv", name)

    return {name: Place(translate(name)) for name in names}


def ldm_vae(names: Collection[str]) -> Places:
    """Their decoder counts its levels from the picture inwards, ours in the order of computing."""
    top = _count(names, r"decoder\.up_blocks\.(\d+)\.") - 1

    def translate(name: str) -> str:
        name = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
        name = re.sub(r"down_blocks\.(\d+)\.resnets", r"down.\1.block", name)
        name = re.sub(r"down_blocks\.(\d+)\.downsamplers\.0", r"down.\1.downsample", name)
        name = re.sub(r"up_blocks\.(\d+)\.resnets", lambda found: f"up.{top - int(found[1])}.block", name)
        name = re.sub(r"up_blocks\.(\d+)\.upsamplers\.0", lambda found: f"up.{top - int(found[1])}.upsample", name)
        name = re.sub(r"mid_block\.resnets\.(\d)", lambda found: f"mid.block_{int(found[1]) + 1}", name)
        if ".mid_block.attentions.0." in name:
            ours = name.split(".mid_block.attentions.0.")[1].rsplit(".", 1)[0]
            name = name.replace(f"mid_block.attentions.0.{ours}", f"mid.attn_1.{_VAE_ATTENTION[ours]}")
        return name

    return {name: Place(VAE + translate(name)) for name in names}


def ldm_clip(names: Collection[str]) -> Places:
    return {name: Place(CLIP + bare(name)) for name in names}


def ldm_open_clip(names: Collection[str]) -> Places:
    """Their attention keeps query, key and value in one tensor."""

    def translate(name: str) -> Place:
        if name in _OPEN_CLIP_ENDS:
            return Place(OPEN_CLIP + _OPEN_CLIP_ENDS[name])
        found = re.match(r"encoder\.layers\.(\d+)\.(.+)\.(weight|bias)$", name)
        if not found:
            raise KeyError(name)
        block = f"{OPEN_CLIP}transformer.resblocks.{found[1]}"
        if stacked := re.match(r"self_attn\.([qkv])_proj$", found[2]):
            return Place(f"{block}.attn.in_proj_{found[3]}", "qkv".index(stacked[1]))
        return Place(f"{block}.{_OPEN_CLIP_LAYER[found[2]]}.{found[3]}")

    return {name: translate(bare(name)) for name in names}


def diffusers(names: Iterable[str], present: Collection[str]) -> Places:
    """Names in a diffusers folder: as they are, or as an earlier release wrote them."""

    def spellings(name: str) -> Iterable[str]:
        yield name
        yield f"text_model.{name}"  # transformers before 5.6
        yield bare(name)
        for ours, theirs in _VAE_ATTENTION_BEFORE_2023.items():
            if f".attentions.0.{ours}." in name:
                yield name.replace(f".{ours}.", f".{theirs}.")

    return {name: Place(next((spelt for spelt in spellings(name) if spelt in present), name)) for name in names}


def bare(name: str) -> str:
    """CLIPTextModel's parameters without the prefix that some releases of transformers put before them."""
    return name.removeprefix("text_model.")


def _unet_resnet(rest: str) -> str:
    module, leaf = rest.rsplit(".", 1)
    return f"{_UNET_RESNET[module]}.{leaf}"


def _count(names: Iterable[str], pattern: str) -> int:
    return 1 + max((int(found[1]) for name in names if (found := re.match(pattern, name))), default=-1)
