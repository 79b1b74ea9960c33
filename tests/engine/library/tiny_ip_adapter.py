"""Tiny random IP-Adapters and the image encoder that they see through, in the layout of the files that people have."""

from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from engine.library.ip_adapter import IPAdapter, place
from tests.engine.library.tiny_control import shaken, write

HIDDEN, EMBEDDING = 32, 24
CROSS = 64  # of tiny.py's UNets
PROJECTIONS: dict[str, dict[str, int]] = {
    "embedding": {"image_embed_dim": EMBEDDING, "cross_attention_dim": CROSS, "num_image_text_embeds": 4},
    "full": {"image_embed_dim": HIDDEN, "cross_attention_dim": CROSS},
    "plus": {
        "embed_dims": HIDDEN,
        "output_dims": CROSS,
        "hidden_dims": 64,
        "heads": 1,
        "num_queries": 6,
        "depth": 4,
    },
}


def write_adapter(unet: UNet2DConditionModel, path: Path, kind: str = "embedding", seed: int = 0) -> Path:
    names = [name for name in unet.attn_processors if name.endswith("attn2.processor")]
    shapes = [unet.get_parameter(name.replace("processor", "to_k.weight")).shape for name in names]
    hears = [(int(width), int(token)) for width, token in shapes]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made: Any = shaken(IPAdapter(kind, PROJECTIONS[kind], hears))
    found: dict[str, list[torch.Tensor]] = {}
    for name, weight in made.state_dict().items():  # key before value
        found.setdefault(place(name, kind).key, []).append(weight)
    return write({key: torch.cat(parts) for key, parts in found.items()}, path)


def write_encoder(folder: Path, seed: int = 0) -> CLIPVisionModelWithProjection:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        config = CLIPVisionConfig(
            hidden_size=HIDDEN,
            intermediate_size=64,
            num_hidden_layers=3,
            num_attention_heads=2,
            image_size=32,
            patch_size=8,
            projection_dim=EMBEDDING,
            hidden_act="gelu",
        )
        made = shaken(CLIPVisionModelWithProjection(config))
    made.save_pretrained(str(folder))
    return made
