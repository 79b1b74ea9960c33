"""From a model on the disk to networks on a device: skeletons on "meta", weights mapped, renamed, checked and assigned."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from huggingface_hub.errors import StrictDataclassError
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from engine.errors import ModelDamaged
from engine.library.families.family import Family
from engine.library.families.table import FAMILIES
from engine.library.folder import parts_of_folder, used_files
from engine.library.header import Stamp, stamp_of, unchanged
from engine.library.model import ModelFile, as_error
from engine.library.parts import Part, Parts
from engine.library.single_file import parts_of_file
from engine.library.weights import WeightFile, fill

N = TypeVar("N", bound=nn.Module)

# What the constructors of diffusers and transformers raise for a configuration that makes no sense.
UNBUILDABLE = (
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    AssertionError,
    StrictDataclassError,
)


@dataclass
class LoadedModel:
    """The networks are in eval mode, without gradients, all of one dtype; who borrows them leaves them as they were.

    source: what it was loaded from.
    """

    source: ModelFile
    name: str
    hash: str
    family: Family
    unet: UNet2DConditionModel
    vae: AutoencoderKL
    text_encoder: CLIPTextModel
    tokenizer: CLIPTokenizer
    scheduler_config: dict[str, Any]
    dtype: torch.dtype
    device: torch.device
    nbytes: int
    width: int
    height: int
    files: dict[Path, Stamp]

    def fresh(self) -> bool:
        return unchanged(self.files)


def load(model: ModelFile, device: torch.device, dtype: torch.dtype, hash: str = "") -> LoadedModel:
    """Raises ModelDamaged when anything is missing, of the wrong shape or not finite."""
    if model.problem:
        raise as_error(model.problem)
    if model.kind != "checkpoint" or model.family not in FAMILIES:
        raise ModelDamaged("model.not_a_checkpoint", f"{model.name} is not a checkpoint.", "Choose another model.")
    family = FAMILIES[model.family]
    parts = parts_of_folder(model.path) if model.layout == "folder" else parts_of_file(model.path, family)
    stamps = {path: stamp_of(path) for path in used_files(model.path)} if model.layout == "folder" else {}
    files = {path: WeightFile(path) for path in {parts.unet.file, parts.vae.file, parts.text_encoder.file}}

    def ready(part: Part, build: Callable[[dict[str, Any]], N]) -> N:
        network = skeleton(part, build)
        fill(network, part, files[part.file], device, dtype)
        return without_meta(network, part, device)

    unet = ready(parts.unet, _unet)
    vae = ready(parts.vae, _vae)
    text_encoder = ready(parts.text_encoder, _text_encoder)
    return LoadedModel(
        source=model,
        name=model.name,
        hash=hash,
        family=family,
        unet=unet,
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=_tokenizer(parts, text_encoder),
        scheduler_config=parts.scheduler | {"prediction_type": parts.prediction or _prediction(unet)},
        dtype=dtype,
        device=device,
        nbytes=sum(tensor.nbytes for part in (unet, vae, text_encoder) for tensor in part.parameters()),
        width=model.width,
        height=model.height,
        files=stamps | {path: file.header.stamp for path, file in files.items()},
    )


def skeleton(part: Part, build: Callable[[dict[str, Any]], N]) -> N:
    try:
        with torch.device("meta"):
            return build(part.config)
    except UNBUILDABLE as error:
        raise ModelDamaged(
            "model.config",
            f"The configuration of the {part.label} does not describe a network that can be built.",
            "Download the model again.",
        ) from error


def _unet(config: dict[str, Any]) -> UNet2DConditionModel:
    return cast(UNet2DConditionModel, UNet2DConditionModel.from_config(config))


def _vae(config: dict[str, Any]) -> AutoencoderKL:
    return cast(AutoencoderKL, AutoencoderKL.from_config(config))


def _text_encoder(config: dict[str, Any]) -> CLIPTextModel:
    return CLIPTextModel._from_config(CLIPTextConfig(**config))


def without_meta(network: N, part: Part, device: torch.device) -> N:
    """Buffers that no file holds are made anew; CLIP's positions are the only ones."""
    for module in network.modules():
        for name, buffer in module.named_buffers(recurse=False):
            if buffer.is_meta and name == "position_ids":
                module.register_buffer(name, _positions(buffer, device), persistent=False)
    left = [name for name, tensor in (*network.named_parameters(), *network.named_buffers()) if tensor.is_meta]
    if left:
        raise ModelDamaged(
            "model.incomplete",
            f"The {part.label} lacks {len(left)} weights, for example {left[0]!r}.",
            "Download it again.",
        )
    return network


def _positions(like: Tensor, device: torch.device) -> Tensor:
    return torch.arange(like.shape[-1], device=device).expand(like.shape)


def _tokenizer(parts: Parts, text_encoder: CLIPTextModel) -> CLIPTokenizer:
    """Some copies of CLIP's tokenizer claim 8192 positions: the network knows better."""
    try:
        tokenizer = CLIPTokenizer.from_pretrained(str(parts.tokenizer), local_files_only=True)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelDamaged(
            "model.tokenizer", "The tokenizer of this model cannot be read.", "Download the whole folder again."
        ) from error
    if len(tokenizer) > text_encoder.config.vocab_size:
        raise ModelDamaged(
            "model.tokenizer",
            f"The tokenizer knows {len(tokenizer)} tokens, the text encoder only {text_encoder.config.vocab_size}.",
            "These belong to two different models. Download it again.",
        )
    if parts.pad_token:
        tokenizer.pad_token = parts.pad_token  # not in from_pretrained: "wow!" would then end in a padding token
    tokenizer.model_max_length = min(tokenizer.model_max_length, text_encoder.config.max_position_embeddings)
    return tokenizer


@torch.inference_mode()
def _prediction(unet: UNet2DConditionModel) -> str:
    """Ask the network itself: shown nothing but ones as the last and noisiest step, a network that predicts noise
    returns its input, and one that predicts v returns something near the negative picture (Salimans & Ho 2022)."""
    weight = unet.conv_in.weight
    latents = torch.ones(1, unet.config["in_channels"], 8, 8, device=weight.device, dtype=weight.dtype)
    words = torch.full((1, 77, unet.config["cross_attention_dim"]), 0.5, device=weight.device, dtype=weight.dtype)
    out = unet(latents, 999, words).sample
    latents = latents[:, : out.shape[1]]  # an inpainting network is shown more
    return "v_prediction" if (out - latents).float().mean().item() < -1 else "epsilon"
