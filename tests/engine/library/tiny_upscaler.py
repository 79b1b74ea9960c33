"""Tiny random upscaling networks in the files that the real ones come in."""

from pathlib import Path

import torch
from safetensors.torch import save_file
from spandrel.architectures.ESRGAN import ESRGAN


def esrgan(scale: int = 4, seed: int = 0, filters: int = 8, blocks: int = 1) -> ESRGAN:
    """Of ESRGAN's own form, so small that 32 pixels around are all that it sees."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = ESRGAN(num_filters=filters, num_blocks=blocks, scale=scale)
        for weight in made.parameters():
            weight.data *= 1.5
    return made.eval().requires_grad_(False)


def write_safetensors(path: Path, network: torch.nn.Module) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: weight.contiguous() for name, weight in network.state_dict().items()}, str(path))
    return path


def write_pth(path: Path, network: torch.nn.Module, former: bool = False) -> Path:
    """former: as PyTorch wrote before 1.6, which many upscalers are still passed around as."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"params_ema": network.state_dict()}, path, _use_new_zipfile_serialization=not former)
    return path
