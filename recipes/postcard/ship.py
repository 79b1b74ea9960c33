"""Postcard as it ships: half precision, the card that the studio shows, the ControlNet beside it."""

import argparse
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file

from engine.library.card import card_file
from engine.training.export.folder import replaced, write_json, write_tensors
from recipes.postcard.scenes import COLOURS, OBJECTS
from recipes.postcard.stages import PROMPTS

LICENCE = "Apache-2.0"
CONTROLNET = "postcard-scribble"
MOST = 40 * 10**6  # bytes of all weights together: they are in the repository
ABOUT = (
    "The model in the box draws small postcards, flat illustrations of 128 x 128 pixels, in a second without a GPU. "
    f"One thing ({', '.join(OBJECTS)}) in a colour ({', '.join(COLOURS)}), on the left, in the middle or on the right, "
    "two to four of a kind, or two things side by side; in a green meadow, in the desert, in the snow, on the sea, on "
    "the beach or in an autumn field; by day, at sunset, at night or at dawn; with mountains, hills, a forest or a city "
    "behind, sun, moon, stars, clouds, birds."
)
FOLLOWS = (
    "Postcards follow the lines of a sketch: what a hand draws, white on black; the tab Sketch turns ink into that."
)


def ship(checkpoint: Path, controlnet: Path | None, models: Path) -> list[Path]:
    """Write models/checkpoints/postcard and models/controlnet/postcard-scribble, each whole or as it was before; a
    README.md that is there stays. checkpoint, controlnet: folders of float32 in diffusers' layout."""
    target = models / "checkpoints" / "postcard"
    written = [halved(checkpoint, target, ("unet", "vae", "text_encoder"))]
    card = {"title": "Postcard", "about": ABOUT, "licence": LICENCE, "width": 128, "height": 128, "examples": PROMPTS}
    write_json(target / "atelier.json", card)
    if controlnet is not None:
        network = halved(controlnet, models / "controlnet" / CONTROLNET, (".",))
        card = {"title": "Postcard: scribble", "about": FOLLOWS, "licence": LICENCE}
        write_json(card_file(network / "diffusion_pytorch_model.safetensors"), card)
        written.append(network)
    size = sum(path.stat().st_size for path in models.rglob("*.safetensors"))
    if size > MOST:
        raise SystemExit(f"{size / 1e6:.1f} MB of weights are more than {MOST / 1e6:.0f} MB.")
    return written


def halved(source: Path, target: Path, parts: tuple[str, ...]) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    with replaced(target) as folder:
        shutil.copytree(source, folder, dirs_exist_ok=True)
        (folder / "training.json").unlink(missing_ok=True)
        for part in parts:
            for path in (folder / part).glob("*.safetensors"):
                tensors = {name: value.to(torch.float16).contiguous() for name, value in load_file(path).items()}
                write_tensors(path, tensors, {"format": "pt"})
            told = folder / part / "config.json"
            config = json.loads(told.read_text("utf-8"))
            config.pop("_name_or_path", None)  # where it was made
            write_json(told, config | ({"dtype": "float16"} if "dtype" in config else {}))
        if (readme := target / "README.md").exists():
            shutil.copyfile(readme, folder / "README.md")
    return target


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m recipes.postcard.ship", description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("models", type=Path, help="a folder of models, as the studio's own")
    parser.add_argument("--controlnet", type=Path)
    asked = parser.parse_args()
    for path in ship(asked.checkpoint, asked.controlnet, asked.models):
        print(path)


if __name__ == "__main__":
    main()
