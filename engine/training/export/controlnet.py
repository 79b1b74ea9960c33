"""A ControlNet as a folder in diffusers' layout."""

from collections.abc import Mapping
from pathlib import Path

import torch
from diffusers import ControlNetModel

from engine.request.training import TrainingRequest
from engine.training.export.folder import replaced, write_json, write_tensors


def write_controlnet(
    network: ControlNetModel, folder: Path, request: TrainingRequest, about: Mapping[str, str]
) -> Path:
    dtype = torch.float16 if request.product.half else torch.float32
    tensors = {key: value.detach().to(dtype).cpu().contiguous() for key, value in network.state_dict().items()}
    with replaced(folder) as part:
        network.save_config(part)
        write_tensors(part / "diffusion_pytorch_model.safetensors", tensors, {"format": "pt"})
        write_json(part / "training.json", {"request": request.model_dump(mode="json"), "about": dict(about)})
    return folder
