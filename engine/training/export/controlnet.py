"""A ControlNet as a folder in diffusers' layout."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import torch
from diffusers import ControlNetModel
from safetensors.torch import save_file

from engine.request.training import TrainingRequest
from engine.training.export.folder import check, write_json


def write_controlnet(
    network: ControlNetModel, folder: Path, request: TrainingRequest, about: Mapping[str, str]
) -> Path:
    dtype = torch.float16 if request.product.half else torch.float32
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    network.save_config(part)
    tensors = {key: value.detach().to(dtype).cpu().contiguous() for key, value in network.state_dict().items()}
    path = part / "diffusion_pytorch_model.safetensors"
    save_file(tensors, path, metadata={"format": "pt"})
    check(path, tensors)
    write_json(part / "training.json", {"request": request.model_dump(mode="json"), "about": dict(about)})
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(part, folder)
    return folder
