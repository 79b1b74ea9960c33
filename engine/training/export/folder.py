"""A whole model as a folder in diffusers' layout: networks, tokenizer, noise schedule and a card."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from engine.errors import AtelierError
from engine.library.load import LoadedModel
from engine.request.training import TrainingRequest

INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
    "requires_safety_checker": False,
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def write_model(model: LoadedModel, folder: Path, request: TrainingRequest, about: Mapping[str, str]) -> Path:
    with replaced(folder) as part:
        write_parts(model, part, request, about)
    return folder


@contextmanager
def replaced(folder: Path) -> Iterator[Path]:
    """A folder beside it, which takes its place at the end: a reader sees the old one or the new one."""
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        os.replace(folder, old)
    os.replace(part, folder)
    shutil.rmtree(old, ignore_errors=True)


def write_parts(model: LoadedModel, part: Path, request: TrainingRequest, about: Mapping[str, str]) -> None:
    dtype = torch.float16 if request.product.half else torch.float32
    prediction = request.objective.prediction
    if prediction == "as the model":
        prediction = model.scheduler_config["prediction_type"]
    schedule = {
        **{key: value for key, value in model.scheduler_config.items() if not key.startswith("_")},
        "_class_name": "DDIMScheduler",
        "prediction_type": prediction,
    }
    if request.objective.zero_terminal_snr:
        schedule["rescale_betas_zero_snr"] = True
    write_json(part / "model_index.json", INDEX)
    write_json(part / "scheduler" / "scheduler_config.json", schedule)
    model.tokenizer.save_pretrained(str(part / "tokenizer"))
    networks = (
        ("unet", model.unet, "diffusion_pytorch_model"),
        ("vae", model.vae, "diffusion_pytorch_model"),
        ("text_encoder", model.text_encoder, "model"),
    )
    for name, network, file in networks:
        (part / name).mkdir()
        network.save_config(part / name) if name != "text_encoder" else network.config.save_pretrained(part / name)  # pyright: ignore
        tensors = {key: value.detach().to(dtype).cpu().contiguous() for key, value in own_weights(network).items()}
        write_tensors(part / name / f"{file}.safetensors", tensors, {"format": "pt"})
    card = {
        "title": request.product.name,
        "width": request.data.resolution,
        "height": request.data.resolution,
        **{key: value for key, value in about.items() if key in ("about", "licence")},
    }
    write_json(part / "atelier.json", card)
    write_json(part / "training.json", {"request": request.model_dump(mode="json"), "about": dict(about)})


def own_weights(network: nn.Module) -> dict[str, Tensor]:
    """Under the names of a network that nobody has put small matrices beside."""
    found: dict[str, Tensor] = dict(network.state_dict())
    for name, module in network.named_modules():
        if isinstance(module, BaseTunerLayer):
            for key in [key for key in found if key.startswith(f"{name}.")]:
                tensor = found.pop(key)
                if key.startswith(f"{name}.base_layer."):
                    found[f"{name}.{key.removeprefix(f'{name}.base_layer.')}"] = tensor
    return {key: value for key, value in found.items() if not key.endswith("position_ids")}


def write_tensors(path: Path, tensors: dict[str, Tensor], told: Mapping[str, str]) -> None:
    """Beside it first, read back and compared, and on the disk before it gets its name."""
    part = path.with_name(f".{path.name}.part")
    try:
        save_file(tensors, part, metadata=dict(told))
        check(part, tensors)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def check(path: Path, tensors: Mapping[str, Tensor]) -> None:
    found = load_file(path)
    if set(found) != set(tensors) or not all(torch.equal(found[key], value) for key, value in tensors.items()):
        raise AtelierError("training.product", "What was saved does not read back as it was.", "Check the disk.")
    if not all(bool(torch.isfinite(value).all()) for value in tensors.values()):
        raise AtelierError(
            "training.overflow",
            "Some weights are no finite numbers in this precision.",
            "Save in full precision; if that does not help, train with a lower learning rate.",
            field="half",
        )


def write_json(path: Path, data: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(data, indent=2, sort_keys=True) + "\n")
