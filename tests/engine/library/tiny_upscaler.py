"""Tiny random networks for finished pictures in the files that the real ones come in."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from spandrel import ImageModelDescriptor
from spandrel.architectures.ESRGAN import ESRGAN
from spandrel.architectures.GFPGAN import GFPGAN, GFPGANArch
from spandrel.architectures.RestoreFormer import RestoreFormer


def esrgan(scale: int = 4, seed: int = 0, filters: int = 8, blocks: int = 1) -> ESRGAN:
    """Of ESRGAN's own form, so small that 32 pixels around are all that it sees."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = ESRGAN(num_filters=filters, num_blocks=blocks, scale=scale)
        for weight in made.parameters():
            weight.data *= 1.5
    return made.eval().requires_grad_(False)


def restoreformer(seed: int = 0) -> RestoreFormer:
    """Of the real class with all of its levels, narrow; its weights are random, so it restores nothing."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = RestoreFormer(
            n_embed=8, embed_dim=32, ch=32, ch_mult=(1, 1, 1, 1, 1, 1), num_res_blocks=1, z_channels=32, resolution=512
        )
    return made.eval().requires_grad_(False)


def gfpgan(seed: int = 0) -> ImageModelDescriptor:
    """Of the real class, a sixteenth as wide. spandrel reads only the full width from files, 340 MB, so this is no file."""
    narrow: Any = 1 / 16  # spandrel says int and means any number
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = GFPGAN(out_size=512, num_style_feat=32, channel_multiplier=2, num_mlp=2, narrow=narrow)
        for weight in model.parameters():  # its biases and the strength of its noise begin at zero
            weight.data += torch.randn_like(weight) * 0.1
    return ImageModelDescriptor(
        model.eval().requires_grad_(False),
        model.state_dict(),
        architecture=GFPGANArch(),
        purpose="FaceSR",
        tags=[],
        supports_half=False,
        supports_bfloat16=True,
        scale=1,
        input_channels=3,
        output_channels=3,
        call_fn=lambda model, image: model(image)[0],
    )


def write_safetensors(path: Path, network: torch.nn.Module) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: weight.contiguous() for name, weight in network.state_dict().items()}, str(path))
    return path


def write_pth(path: Path, network: torch.nn.Module, former: bool = False) -> Path:
    """former: as PyTorch wrote before 1.6, which many upscalers are still passed around as."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"params_ema": network.state_dict()}, path, _use_new_zipfile_serialization=not former)
    return path
