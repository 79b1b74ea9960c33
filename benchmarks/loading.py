"""Loading a full-size random Stable Diffusion 1.5 file (2.1 GB, float16), against a plain read of it and against diffusers."""

import json
import tempfile
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from diffusers.utils import logging
from safetensors.torch import save_file
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel

from benchmarks.table import Row, interleaved, ratio, timed
from engine.library import names
from engine.library.families.family import Family
from engine.library.families.stable_diffusion import SD1
from engine.library.load import load
from engine.library.scan import Library

BLOCK = 64 * 2**20
PAGE = 4096


def measure(runs: int = 5) -> list[Row]:
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as folder:
        models, configs = Path(folder) / "models", Path(folder) / "configs"
        file = models / "checkpoints" / "random.safetensors"
        write_checkpoint(file, SD1)
        write_configs(configs, SD1)
        library = Library(models, Path(folder))
        block = bytearray(BLOCK)

        def read() -> None:
            with file.open("rb", buffering=0) as opened:
                while opened.readinto(block):
                    pass

        def ours(dtype: torch.dtype) -> None:
            loaded = load(library.find("random"), torch.device("cpu"), dtype)
            touch(loaded.unet, loaded.vae, loaded.text_encoder)

        def theirs(dtype: torch.dtype) -> None:
            loaded: Any = StableDiffusionPipeline.from_single_file(
                str(file), config=str(configs), local_files_only=True, torch_dtype=dtype
            )
            touch(loaded.unet, loaded.vae, loaded.text_encoder)

        taken = interleaved(
            {
                "read": read,
                "ours": lambda: ours(torch.float16),
                "theirs": lambda: theirs(torch.float16),
                "read again": read,
                "ours, bfloat16": lambda: ours(torch.bfloat16),
                "theirs, bfloat16": lambda: theirs(torch.bfloat16),
            },
            runs,
        )
    return [
        timed("reading the file", taken["read"]),
        timed("our load, every page touched", taken["ours"]),
        timed("from_single_file, every page touched", taken["theirs"]),
        ratio("ours / reading", taken["ours"], taken["read"], "<= 1.3"),
        ratio("ours / from_single_file", taken["ours"], taken["theirs"], "< 1"),
        timed("our load as bfloat16", taken["ours, bfloat16"]),
        ratio("ours / reading, as bfloat16", taken["ours, bfloat16"], taken["read again"]),
        ratio("ours / from_single_file, as bfloat16", taken["ours, bfloat16"], taken["theirs, bfloat16"], "< 1"),
    ]


def touch(*networks: nn.Module) -> None:
    """One value of every page, so that nothing is left to be read later."""
    for network in networks:
        for weight in network.parameters():
            weight.detach().reshape(-1)[:: PAGE // weight.itemsize].sum()


def write_checkpoint(path: Path, family: Family) -> None:
    path.parent.mkdir(parents=True)
    with torch.device("meta"):
        parts = (
            (UNet2DConditionModel.from_config(family.unet), names.ldm_unet),
            (AutoencoderKL.from_config(family.vae), names.ldm_vae),
            (CLIPTextModel(CLIPTextConfig(**family.text_encoder)), names.ldm_clip),
        )
    noise = torch.randn(2**22, dtype=torch.float16) * 0.02
    weights = {}
    for network, translate in parts:
        shapes = {name: tensor.shape for name, tensor in network.state_dict().items()}  # type: ignore[union-attr]
        for name, place in translate(shapes.keys()).items():
            count = shapes[name].numel()
            weights[place.key] = noise.repeat(count // len(noise) + 1)[:count].reshape(shapes[name])
    save_file(weights, path)


def write_configs(folder: Path, family: Family) -> None:
    """What from_single_file wants beside the file in order to stay off the network."""
    parts: dict[str, tuple[str, str, dict[str, Any]]] = {
        "unet": ("diffusers", "UNet2DConditionModel", family.unet),
        "vae": ("diffusers", "AutoencoderKL", family.vae),
        "text_encoder": ("transformers", "CLIPTextModel", family.text_encoder | {"model_type": "clip_text_model"}),
        "scheduler": ("diffusers", "DDIMScheduler", family.scheduler),
    }
    index: dict[str, Any] = {"_class_name": "StableDiffusionPipeline", "tokenizer": ["transformers", "CLIPTokenizer"]}
    for part, (library, name, config) in parts.items():
        index[part] = [library, name]
        file = folder / part / ("scheduler_config.json" if part == "scheduler" else "config.json")
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps({"_class_name": name} | config))
    (folder / "model_index.json").write_text(json.dumps(index))
    (folder / "tokenizer").symlink_to(family.tokenizer)
