"""What turns a picture into numbers that can be compared: Inception, CLIP, the model's own VAE, or random convolutions.

Each has a name, a hash of its weights and a width, because a distance means nothing without them. None is downloaded.
"""

import hashlib
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import BadRequest, ModelDamaged
from engine.library.load import LoadedModel

INCEPTION = "weights-inception-2015-12-05-6726825d.pth"
INCEPTION_HASH = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"  # SHA-256 of that file
INCEPTION_WIDTH = 2048
RANDOM_SEED, RANDOM_CHANNELS = 20, (16, 32, 48, 64)
RANDOM_SIDE = 128  # pixels that the random network looks at
BATCH = 16


@dataclass(frozen=True)
class Features:
    """values: (pictures, width) float64; logits: of classes, which only Inception has. Both on the CPU."""

    values: Tensor
    logits: Tensor | None = None


class Extractor(Protocol):
    """name: as it is shown; hash: first ten hex digits of the SHA-256 of its weights."""

    name: str
    hash: str
    width: int

    def __call__(self, pixels: Tensor) -> Features:
        """pixels: (pictures, 3, height, width) uint8 on the CPU."""
        ...


@torch.inference_mode()
def features(extractor: Extractor, pictures: Sequence[Image.Image]) -> Features:
    """Of all pictures, in their order. Those of one size are looked at together."""
    found: list[Features] = []
    first = 0
    while first < len(pictures):
        last = first + 1
        while last < min(len(pictures), first + BATCH) and pictures[last].size == pictures[first].size:
            last += 1
        found.append(extractor(pixels(pictures[first:last])))
        first = last
    if not found:
        return Features(torch.zeros(0, extractor.width, dtype=torch.float64))
    logits = [one.logits for one in found if one.logits is not None]
    return Features(torch.cat([one.values for one in found]), torch.cat(logits) if logits else None)


def pixels(pictures: Sequence[Image.Image]) -> Tensor:
    return torch.from_numpy(np.stack([np.asarray(one.convert("RGB")) for one in pictures])).permute(0, 3, 1, 2)


class Module:
    """Any network from pixels (pictures, 3, height, width), 0 to 1, to features (pictures, width)."""

    def __init__(self, network: nn.Module, name: str, device: torch.device | None = None):
        self.network, self.name = network.eval(), name
        self.device = device or torch.device("cpu")
        self.network.to(self.device)
        self.hash = hash_of(network)
        self.width = self(torch.zeros(1, 3, 64, 64, dtype=torch.uint8)).values.shape[1]

    @torch.inference_mode()
    def __call__(self, pixels: Tensor) -> Features:
        values = self.network(pixels.to(self.device).float() / 255)
        return Features(values.flatten(1).double().cpu())


def module(network: nn.Module, name: str, device: torch.device | None = None) -> Extractor:
    return Module(network, name, device)


# -- always there


def random_network(device: torch.device | None = None) -> Extractor:
    """Convolutions with fixed random weights: they see edges, colours and textures, but know no things. The same on
    every machine and for every model, so its distances can be compared between all of them."""
    return Module(RandomNetwork(), "random convolutions", device)


class RandomNetwork(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        lots = torch.Generator().manual_seed(RANDOM_SEED)
        stages: list[nn.Module] = []
        before = 3
        for channels in RANDOM_CHANNELS:
            convolution = nn.Conv2d(before, channels, 3, 2, 1)
            with torch.no_grad():
                convolution.weight.copy_(
                    torch.randn(convolution.weight.shape, generator=lots) * (2 / before / 9) ** 0.5
                )
                convolution.bias.copy_(torch.randn(channels, generator=lots) * 0.1)  # type: ignore[union-attr]
            stages.append(convolution)
            before = channels
        self.stages = nn.ModuleList(stages)

    def forward(self, pixels: Tensor) -> Tensor:
        """The mean of each channel of each stage."""
        seen = functional.interpolate(pixels * 4 - 2, (RANDOM_SIDE, RANDOM_SIDE), mode="bilinear", antialias=True)
        means = []
        for stage in self.stages:
            seen = functional.relu(stage(seen))
            means.append(seen.mean((2, 3)))
        return torch.cat(means, 1)


def vae(model: LoadedModel) -> Extractor:
    """The encoder of the model's own VAE: it knows what such pictures look like, and each VAE sees them differently."""
    found = Module.__new__(Module)
    found.network, found.name, found.device = OwnVAE(model), f"VAE of {model.name}", model.device
    found.hash = hash_of(model.vae)
    found.width = 2 * model.vae.config["block_out_channels"][-1]
    return found


class OwnVAE(nn.Module):
    """Mean and standard deviation of each of the last channels of the encoder, before it narrows them to latents."""

    def __init__(self, model: LoadedModel):
        super().__init__()
        self.vae: Any = model.vae

    def forward(self, pixels: Tensor) -> Tensor:
        height, width = (side - side % 8 for side in pixels.shape[-2:])
        seen: list[Tensor] = []
        hook = self.vae.encoder.conv_norm_out.register_forward_hook(lambda _, __, out: seen.append(out.float()))
        try:
            self.vae.encoder((pixels[..., :height, :width] * 2 - 1).to(self.vae.dtype))
        finally:
            hook.remove()
        return torch.cat([seen[0].mean((2, 3)), seen[0].std((2, 3))], 1)


# -- from files


class Inception:
    """torch-fidelity's network with its own resizing, as everyone's FID is measured."""

    name, width = "Inception", INCEPTION_WIDTH

    def __init__(self, network: Callable[[Tensor], tuple[Tensor, ...]], hash: str, device: torch.device):
        self.network, self.hash, self.device = network, hash, device

    @torch.inference_mode()
    def __call__(self, pixels: Tensor) -> Features:
        values, logits = self.network(pixels.to(self.device))
        return Features(values.double().cpu(), logits.double().cpu())


def inception(path: Path, device: torch.device | None = None, wanted: str = INCEPTION_HASH) -> Extractor:
    """`path`: the file, or a folder that holds it under any name. It is checked before anything tries a download, and
    before it is unpickled."""
    file = path if path.is_file() else with_hash(path, wanted)
    if file is None or sha256(file) != wanted:
        raise BadRequest(
            "evaluation.inception",
            f"{file.name} is not the Inception that FID is measured with."
            if file
            else "Inception's weights are not there, and the studio downloads nothing by itself.",
            f"Put {INCEPTION} from torch-fidelity's releases into models/evaluation, or choose another extractor.",
            field="extractor",
        )
    try:
        torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError) as error:
        raise ModelDamaged("evaluation.damaged", f"{file.name} cannot be read.", "Download it again.") from error
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    network = FeatureExtractorInceptionV3("inception-v3-compat", ["2048", "logits_unbiased"], str(file))
    where = device or torch.device("cpu")
    return Inception(network.to(where), wanted[:10], where)


def with_hash(folder: Path, wanted: str) -> Path | None:
    files = sorted(folder.glob("*.pth")) if folder.is_dir() else []
    files.sort(key=lambda file: file.name != INCEPTION)
    return next((file for file in files if sha256(file) == wanted), None)


class Clip:
    """A CLIP in transformers' layout. It also says how well a picture fits a text."""

    def __init__(self, folder: Path, device: torch.device):
        from transformers import CLIPImageProcessor, CLIPModel, CLIPTokenizer

        try:
            self.network: Any = CLIPModel.from_pretrained(str(folder), local_files_only=True, use_safetensors=True)
            self.tokenizer: Any = CLIPTokenizer.from_pretrained(str(folder), local_files_only=True)
            self.processor: Any = CLIPImageProcessor.from_pretrained(str(folder), local_files_only=True)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelDamaged(
                "evaluation.clip", f"{folder.name} is not a whole CLIP.", "Put the whole folder there again."
            ) from error
        self.network.to(device).eval().requires_grad_(False)
        self.device, self.name, self.hash = device, f"CLIP {folder.name}", hash_of(self.network)
        self.width = int(self.network.config.projection_dim)

    @torch.inference_mode()
    def __call__(self, pixels: Tensor) -> Features:
        inputs = self.processor(images=list(pixels), return_tensors="pt").to(self.device)
        return Features(embedding(self.network.get_image_features(**inputs)))

    @torch.inference_mode()
    def texts(self, texts: Sequence[str]) -> Tensor:
        """One row for each; what a text has beyond the length that CLIP reads is cut off."""
        longest = self.network.config.text_config.max_position_embeddings
        inputs = self.tokenizer(list(texts), padding=True, truncation=True, max_length=longest, return_tensors="pt").to(
            self.device
        )
        return embedding(self.network.get_text_features(**inputs))


def embedding(output: Any) -> Tensor:
    """transformers 5 wraps it."""
    return (output if isinstance(output, Tensor) else output.pooler_output).double().cpu()


def clip(path: Path, device: torch.device | None = None) -> Clip:
    """`path`: the folder, or one that holds it."""
    folders = [path, *(sorted(path.iterdir()) if path.is_dir() else [])]
    found = next((one for one in folders if (one / "config.json").is_file()), None)
    if found is None:
        raise BadRequest(
            "evaluation.no_clip",
            "There is no CLIP, and the studio downloads nothing by itself.",
            "Put a folder such as clip-vit-base-patch32 into models/evaluation, or choose another extractor.",
            field="extractor",
        )
    return Clip(found, device or torch.device("cpu"))


# -- hashes


def sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def hash_of(network: nn.Module) -> str:
    """Of its weights as they are in memory, in the order of their names."""
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().float().contiguous().numpy().tobytes())
    return digest.hexdigest()[:10]
