"""Diffusers folders: one subfolder for each network, with its configuration beside its weights."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from engine.errors import ModelDamaged
from engine.library import names
from engine.library.header import CONVERT, Header
from engine.library.names import Places
from engine.library.parts import Part, Parts

LARGEST_CONFIG = 2**20
MOST_LAYERS = 64
CLASSES = {"unet": "UNet2DConditionModel", "vae": "AutoencoderKL", "text_encoder": "CLIPTextModel"}
LABELS = {"unet": "UNet", "vae": "VAE", "text_encoder": "text encoder"}
STEMS = {"unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model", "text_encoder": "model"}


def parts_of_folder(folder: Path) -> Parts:
    scheduler = read_config(folder / "scheduler" / "scheduler_config.json")
    # StableDiffusionPipeline.__init__ patches these two silently.
    scheduler |= {"steps_offset": 1, "clip_sample": False}
    return Parts(
        unet=_part(folder, "unet"),
        vae=_part(folder, "vae"),
        text_encoder=_part(folder, "text_encoder"),
        scheduler=scheduler,
        prediction=scheduler.get("prediction_type", "epsilon"),
        tokenizer=folder / "tokenizer",
        pad_token=None,
    )


def weights_of(folder: Path, component: str) -> Path:
    """The component's safetensors file: full precision first, then fp16, then whatever single file there is."""
    inside = folder / component
    stem = STEMS[component]
    for name in (f"{stem}.safetensors", f"{stem}.fp16.safetensors", f"{stem}.bf16.safetensors"):
        if (inside / name).is_file():
            return inside / name
    others = sorted(inside.glob("*.safetensors"))
    if len(others) == 1:
        return others[0]
    if others or any(inside.glob("*.safetensors.index.json")):
        raise ModelDamaged(
            "model.sharded",
            f"The weights of the {LABELS[component]} are split over several files, which is not supported.",
            "Save the model again in one piece (max_shard_size) or use another version.",
        )
    if any(inside.glob("*.bin")) or any(inside.glob("*.ckpt")):
        raise ModelDamaged(
            "model.pickle",
            f"The weights of the {LABELS[component]} are pickles, a format that can run programs, and are not opened here.",
            CONVERT,
        )
    raise ModelDamaged(
        "model.incomplete",
        f"The folder has no weights of the {LABELS[component]}.",
        "Download the whole folder again.",
    )


def used_files(folder: Path) -> list[Path]:
    """All files of a folder that are read when it is loaded, in name order."""
    tokenizer = [path for path in (folder / "tokenizer").glob("*") if path.suffix in (".json", ".txt")]
    configs = [folder / part / "config.json" for part in CLASSES]
    scheduler = folder / "scheduler" / "scheduler_config.json"
    return sorted([*tokenizer, *configs, scheduler, *(weights_of(folder, part) for part in CLASSES)])


def read_config(path: Path) -> dict[str, Any]:
    shown = f"{path.parent.name}/{path.name}"
    try:
        if path.stat().st_size > LARGEST_CONFIG:
            raise ValueError("too large")
        found = json.loads(path.read_text("utf-8"))
        if not isinstance(found, dict):
            raise ValueError("not an object")
        return found
    except FileNotFoundError as error:
        raise ModelDamaged(
            "model.incomplete", f"The folder lacks {shown}.", "Download the whole folder again.", file=shown
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelDamaged(
            "model.config", f"{shown} cannot be read.", "Download the whole folder again.", file=shown
        ) from error


def _part(folder: Path, component: str) -> Part:
    config = read_config(folder / component / "config.json")
    for key in ("layers_per_block", "transformer_layers_per_block", "num_hidden_layers", "block_out_channels"):
        refuse_towers(config.get(key), component)
    return Part(LABELS[component], config, weights_of(folder, component), _places, alone=component != "text_encoder")


def refuse_towers(depth: Any, component: str) -> None:
    """A billion layers would be built without a complaint, for days."""
    wide = isinstance(depth, list | tuple) and len(depth) > MOST_LAYERS
    if wide or (isinstance(depth, int) and depth > MOST_LAYERS):
        raise ModelDamaged(
            "model.config",
            f"{component}/config.json describes a network that is too deep.",
            "Download the whole folder again.",
        )


def _places(wanted: Collection[str], header: Header) -> Places:
    return names.diffusers(wanted, header.tensors.keys())
