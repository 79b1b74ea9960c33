"""What lies in models/clip_vision, told from its header: the image encoders that IP-Adapters see through."""

from collections.abc import Mapping
from typing import Any

from engine.errors import ModelDamaged
from engine.library.header import Header

FIRST, LAST = "vision_model.embeddings.class_embedding", "visual_projection.weight"


def encoder(header: Header) -> Mapping[str, Any]:
    """sight: what it can say of a picture, with widths; an IP-Adapter asks for one of it."""
    hidden, embedding = header.shape(FIRST), header.shape(LAST)
    if not hidden or len(embedding) != 2:
        raise ModelDamaged(
            "encoder.kind",
            f"{header.name} is no CLIP image encoder with its projection, in the layout of transformers.",
            "Use the model.safetensors of an image_encoder folder, for example of CLIP-ViT-H-14.",
            file=header.name,
        )
    return {"methods": ("CLIP",), "sight": (hidden_of(hidden[-1]), embedding_of(embedding[0]))}


def hidden_of(width: int) -> str:
    return f"patches {width}"


def embedding_of(width: int) -> str:
    return f"embedding {width}"
