"""What lies in models/controlnet, told from the names and shapes in its header: ControlNets, T2I-Adapters, IP-Adapters."""

import re
from collections.abc import Mapping
from typing import Any

from engine.errors import ModelDamaged
from engine.library.encoder_kinds import embedding_of, hidden_of
from engine.library.header import Header
from engine.library.lora.layers import WIDTHS

DIFFUSERS, ORIGINAL, BARE = "controlnet_cond_embedding.", "control_model.", "input_hint_block."
IMAGE, HEARD = "image_proj.", "ip_adapter."
PROJECTIONS = (("proj", embedding_of), ("proj_in", hidden_of), ("proj.0", hidden_of))  # of the three kinds
USABLE = "Use a ControlNet, a T2I-Adapter or an IP-Adapter (plain, Plus, Plus Face or Full Face)."
ATTENDS = re.compile(r"\.attn2\.to_k\.weight$")
ADAPTER = re.compile(r"(adapter\.)?body\.\d+\.(resnets\.\d+\.)?block\d\.|(adapter\.)?body\.\d+\.body\.")

# The first row of which one key begins a tensor's name tells what is not drawn with; order matters.
STRANGERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("an IP-Adapter FaceID", ("image_proj.perceiver_resampler.", "ip_adapter.0.to_q_lora", "ip_adapter.0.to_k_lora")),
    ("a difference to a ControlNet", ("difference",)),
    ("a Control-LoRA", ("lora_controlnet",)),
    ("a ControlNet-LLLite", ("lllite_",)),
    ("a ControlNet-XS", ("down_blocks.0.ctrl_to_base", "base_to_ctrl", "control_model.zero_convs_base")),
    ("a ControlNet Union", ("task_embedding", "control_type_proj", "control_add_embedding.")),
    ("a ControlNet for a transformer (Flux, Stable Diffusion 3)", ("transformer_blocks.", "single_transformer_blocks.", "double_blocks.", "joint_blocks.", "pos_embed_input.")),
)  # fmt: skip


def control(header: Header) -> Mapping[str, Any]:
    """family and width are told by what the cross-attention listens to; a T2I-Adapter listens to nothing."""
    for what, begins in STRANGERS:
        if any(name.startswith(begins) for name in header.tensors):
            raise other(header, f"is {what}, which is not supported yet.", USABLE)
    if any(name.startswith((IMAGE, HEARD)) for name in header.tensors):
        return ip_adapter(header)
    if any(name.startswith((DIFFUSERS, ORIGINAL, BARE)) for name in header.tensors):
        if any("label_emb." in name or name.startswith("add_embedding.") for name in header.tensors):
            return {"methods": ("ControlNet",), "family": "sdxl", "width": 2048}
        width = max((header.shape(name)[-1] for name in header.tensors if ATTENDS.search(name)), default=0)
        return {"methods": ("ControlNet",), "family": WIDTHS.get(width), "width": width}
    if any(ADAPTER.match(name) for name in header.tensors):
        return {"methods": ("T2I-Adapter",), "family": family_of_adapter(header)}
    if any(name.startswith("lora_") or ".lora_" in name for name in header.tensors):
        raise other(header, "is a LoRA, not a ControlNet.", "Move it to models/loras.")
    if any(name.startswith("model.diffusion_model.") for name in header.tensors):
        raise other(header, "is a checkpoint, not a ControlNet.", "Move it to models/checkpoints.")
    raise other(header, "is a safetensors file, but no ControlNet that is known here.", "Use another version of it.")


def ip_adapter(header: Header) -> Mapping[str, Any]:
    """sight: what it asks of an image encoder. One for faces alone has a projection of another kind."""
    width = (header.shape(f"{HEARD}1.to_k_ip.weight") or (0,))[-1]
    asked = [(header.shape(f"{IMAGE}{name}.weight"), kind) for name, kind in PROJECTIONS]
    sight = next((kind(shape[-1]) for shape, kind in asked if len(shape) == 2), "")
    faces = header.shape(f"{IMAGE}proj.0.weight") and not header.shape(f"{IMAGE}proj.3.weight")
    if not width or not sight or faces:
        raise other(header, "is an IP-Adapter of a kind that is not supported.", USABLE)
    return {"methods": ("IP-Adapter",), "family": WIDTHS.get(width), "width": width, "sight": (sight,)}


def family_of_adapter(header: Header) -> str | None:
    """Those for Stable Diffusion XL fold 16 x 16 pixels into one, the others 8 x 8; all take 1 or 3 colours."""
    for name in ("conv_in.weight", "body.0.in_conv.weight"):
        if shape := header.shape(f"adapter.{name}") or header.shape(name):
            folded = shape[1] if len(shape) > 1 else 0
            return "sdxl" if folded in (256, 768) else None
    return None


def other(header: Header, why: str, remedy: str) -> ModelDamaged:
    return ModelDamaged("control.kind", f"{header.name} {why}", remedy, file=header.name)
