"""An IP-Adapter: what makes tokens of a picture, and what each cross-attention of a UNet hears of them.

Ye et al. 2023, arXiv 2308.06721. Three kinds: of the picture's embedding (4 tokens), of all that the encoder sees of it
through a resampler (Plus, 16), or one by one (Full Face, 257).
"""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from diffusers.models.embeddings import ImageProjection, IPAdapterFullImageProjection, IPAdapterPlusImageProjection
from torch import Tensor, nn

from engine.library.header import Header
from engine.library.names import Place, Places
from engine.library.parts import Part

TOKENS = 4  # of a picture's embedding
HEAD = 64  # width of the resampler's attention heads
KINDS = {"embedding": ImageProjection, "plus": IPAdapterPlusImageProjection, "full": IPAdapterFullImageProjection}
# What stands in a file for what is here, by kind.
ENDS = {
    "embedding": {"image_embeds": "proj", "norm": "norm"},
    "full": {"ff.net.0.proj": "proj.0", "ff.net.2": "proj.2", "norm": "proj.3"},
}
LAYER = {
    "ln0": "0.norm1",
    "ln1": "0.norm2",
    "attn.to_q": "0.to_q",
    "attn.to_k": "0.to_kv",
    "attn.to_v": "0.to_kv",
    "attn.to_out.0": "0.to_out",
    "ff.0": "1.0",
    "ff.1.net.0.proj": "1.1",
    "ff.1.net.2": "1.3",
}


class IPAdapter(nn.Module):
    """hears: (width of the attention, width of a token) of each cross-attention, in the order of diffusers' processors."""

    def __init__(self, kind: str, projection: dict[str, int], hears: list[tuple[int, int]]):
        super().__init__()
        self.image_proj: nn.Module = KINDS[kind](**projection)
        self.keys = nn.ModuleList(nn.Linear(token, width, bias=False) for width, token in hears)
        self.values = nn.ModuleList(nn.Linear(token, width, bias=False) for width, token in hears)
        self.hears, self.embeds = hears, kind == "embedding"

    def said(self, seen: Tensor) -> tuple[Tensor, ...]:
        """A key and a value for each attention, in turn, each (n, tokens, width). seen: of n pictures, the encoder's
        embedding (n, width), or what its last layer but one says (n, patches, width)."""
        tokens = self.image_proj(seen)
        return tuple(part(tokens) for both in zip(self.keys, self.values, strict=True) for part in both)


def part_of(header: Header, path: Path) -> Part:
    """Everything is read off the shapes."""
    hears = []
    while shape := header.shape(f"ip_adapter.{2 * len(hears) + 1}.to_k_ip.weight"):
        hears.append((shape[0], shape[-1]))
    kind, projection = projection_of(header)

    def places(wanted: Collection[str], header: Header) -> Places:
        return {name: place(name, kind) for name in wanted}

    return Part("IP-Adapter", {"kind": kind, "projection": projection, "hears": hears}, path, places, alone=True)


def projection_of(header: Header) -> tuple[str, dict[str, int]]:
    def shape(name: str) -> tuple[int, ...]:
        return header.shape(f"image_proj.{name}.weight") or (0, 0)

    if header.shape("image_proj.proj.weight"):
        out, width = shape("proj")
        return "embedding", {
            "image_embed_dim": width,
            "cross_attention_dim": out // TOKENS,
            "num_image_text_embeds": TOKENS,
        }
    if header.shape("image_proj.proj.3.weight"):
        return "full", {"image_embed_dim": shape("proj.0")[-1], "cross_attention_dim": shape("proj.3")[0]}
    _, queries, hidden = header.shape("image_proj.latents") or (0, 0, 0)
    layers = (re.match(r"image_proj\.layers\.(\d\d?)\.", name) for name in header.tensors)
    return "plus", {
        "embed_dims": shape("proj_in")[-1],
        "output_dims": shape("proj_out")[0],
        "hidden_dims": hidden,
        "heads": shape("layers.0.0.to_q")[0] // HEAD,
        "num_queries": queries,
        "depth": 1 + max((int(found[1]) for found in layers if found), default=-1),
    }


def place(name: str, kind: str) -> Place:
    """name: of IPAdapter's parameters."""
    part, rest = name.split(".", 1)
    if part in ("keys", "values"):
        which = "to_k_ip" if part == "keys" else "to_v_ip"
        return Place(f"ip_adapter.{2 * int(rest.split('.')[0]) + 1}.{which}.weight")
    if kind == "plus" and (found := re.fullmatch(r"layers\.(\d+)\.(.*)\.(weight|bias)", rest)):
        number, inner, end = found.groups()
        half = {"attn.to_k": 0, "attn.to_v": 1}.get(inner)
        return Place(f"image_proj.layers.{number}.{LAYER[inner]}.{end}", half, 2)
    if kind == "plus":
        return Place(f"image_proj.{rest}")
    inner, end = rest.rsplit(".", 1)
    return Place(f"image_proj.{ENDS[kind][inner]}.{end}")


def built(config: dict[str, Any]) -> IPAdapter:
    return IPAdapter(**config)
