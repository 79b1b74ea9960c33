"""How many numbers a model has, and how many of them a method trains: read off the headers of its files, without torch."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path

from engine.library.folder import CLASSES, weights_of
from engine.library.header import read_header
from engine.library.model import ModelFile
from engine.request.training import TrainingRequest
from engine.request.training_methods import VAE, ControlNet, Full, LoRA, TextualInversion

Shapes = dict[str, tuple[int, ...]]
PARTS = {  # where a single file keeps what a folder keeps apart
    "unet": ("model.diffusion_model.",),
    "vae": ("first_stage_model.",),
    "text_encoder": ("cond_stage_model.", "conditioner."),
}
ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")
FEED_FORWARD = (*ATTENTION, "ff.net.0.proj", "ff.net.2")
LINEAR = (*FEED_FORWARD, "proj_in", "proj_out", "time_emb_proj", "emb_layers.1", "linear_1", "linear_2", "time_embed.0")
CONVOLUTIONS = (
    *LINEAR,
    "conv1",
    "conv2",
    "conv_shortcut",
    "in_layers.2",
    "out_layers.3",
    "skip_connection",
    "op",
    "conv",
)
TARGETS = {
    "attention": ATTENTION,
    "attention and feed-forward": FEED_FORWARD,
    "all linear": LINEAR,
    "all linear and convolutions": CONVOLUTIONS,
}
PICTURE = 9 * (3 * 16 + 16 * 16 + 16 * 32 + 32 * 32 + 32 * 96 + 96 * 96 + 96 * 256)
TEXT = ("q_proj", "k_proj", "v_proj", "out_proj")


@dataclass(frozen=True)
class Sizes:
    """Numbers, not bytes. of: by part; trained: by the method; whole: of a product that is a model, or 0."""

    unet: int
    vae: int
    text_encoder: int
    trained: int
    whole: int

    @property
    def all(self) -> int:
        return self.unet + self.vae + self.text_encoder


def sizes(model: ModelFile, request: TrainingRequest) -> Sizes:
    parts = shapes(model.path, model.layout)
    unet, vae, text = (sum(map(prod, parts[name].values())) for name in ("unet", "vae", "text_encoder"))
    method, whole = request.method, 0
    match method:
        case LoRA():
            trained = sum(small(shape, method.rank) for shape in targets(parts["unet"], TARGETS[method.targets]))
            if method.text_encoder:
                trained += sum(small(shape, method.rank) for shape in targets(parts["text_encoder"], TEXT))
            whole = unet + vae + text if "merged" in request.product.formats else 0
        case TextualInversion():
            width = max(
                (shape[-1] for name, shape in parts["text_encoder"].items() if "token_embedding" in name), default=768
            )
            trained = method.vectors * width
        case ControlNet():
            trained = controlnet(parts["unet"])
        case Full():
            trained = unet * method.unet + text * method.text_encoder
            whole = unet + vae + text
        case VAE():
            trained, whole = vae, unet + vae + text
    return Sizes(unet, vae, text, trained, whole)


def controlnet(unet: Shapes) -> int:
    """A copy of the encoder's half and of the middle, and the network that takes the picture in (3, 16, 32, 96, 256)."""
    copied = sum(prod(s) for n, s in unet.items() if not n.startswith(("up_blocks", "model.diffusion_model.output")))
    first = unet.get("conv_in.weight") or unet.get("model.diffusion_model.input_blocks.0.0.weight") or (320,)
    return copied + PICTURE + 9 * 256 * first[0]


def targets(found: Shapes, names: tuple[str, ...]) -> Iterator[tuple[int, ...]]:
    for name, shape in found.items():
        layer = name.removesuffix(".weight")
        if layer != name and len(shape) >= 2 and any(layer.endswith(f".{wanted}") for wanted in names):
            yield shape


def small(shape: tuple[int, ...], rank: int) -> int:
    out, *inside = shape
    return rank * (out + prod(inside))


def shapes(path: Path, layout: str) -> dict[str, Shapes]:
    return _shapes(path, layout, path.stat().st_mtime_ns)


@lru_cache(maxsize=32)
def _shapes(path: Path, layout: str, changed: int) -> dict[str, Shapes]:
    if layout == "folder":
        headers = {part: read_header(weights_of(path, part)) for part in CLASSES}
        return {part: {name: e.shape for name, e in header.tensors.items()} for part, header in headers.items()}
    tensors = read_header(path).tensors
    return {
        part: {name: entry.shape for name, entry in tensors.items() if name.startswith(begins)}
        for part, begins in PARTS.items()
    }
