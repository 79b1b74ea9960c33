"""The product of a run put where the studio finds it: copied beside, then renamed, and never over something else."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.errors import DiskFull, NotFound
from engine.training.run_folder import RunFolder

Kind = Literal["lora", "embedding", "checkpoint", "controlnet"]
FOLDERS: dict[Kind, str] = {
    "lora": "loras",
    "embedding": "embeddings",
    "checkpoint": "checkpoints",
    "controlnet": "controlnet",
}

BRACKETS = str.maketrans("", "", "<>")  # no names of files on Windows


@dataclass(frozen=True)
class Placed:
    """name: what it is asked for by."""

    kind: Kind
    name: str


def place(folder: RunFolder, products: Path, version: str, models: Path) -> Placed:
    """products: the folder to look in. version: what is written down, so that it is put there once only."""
    source, kind = chosen(folder, products)
    target = models / FOLDERS[kind]
    target.mkdir(parents=True, exist_ok=True)
    name = source.stem if source.is_file() else source.name
    if kind == "embedding":
        name = getattr(folder.request().method, "token", name).translate(BRACKETS) or name
    if version != "final":
        name = f"{name}-{int(version):06}"
    name = free_name(target, name)
    final = target / (name + source.suffix if source.is_file() else name)
    copy(source, final)
    folder.note("used", {**(folder.noted("used") or {}), version: [kind, name, final.name]})
    return Placed(kind, name)


def placed(folder: RunFolder, version: str, models: Path) -> Placed | None:
    """Where it was put before, if it is there still."""
    kind, name, file = (folder.noted("used") or {}).get(version, ("", "", ""))
    return Placed(kind, name) if kind and (models / FOLDERS[kind] / file).exists() else None


def chosen(folder: RunFolder, products: Path) -> tuple[Path, Kind]:
    """A file that opens everywhere before diffusers' own, and both before a whole folder."""
    found = sorted(path for path in products.glob("*") if not path.name.startswith(".") and path.suffix != ".part")
    if not found:
        raise NotFound(
            "training.product", "This run has no product yet.", "Wait for its end, or use one of its saved states."
        )
    files = [path for path in found if path.suffix == ".safetensors"]
    plain = [path for path in files if not path.stem.endswith(".diffusers")]
    method = folder.request().method.kind
    if method == "lora" and files:
        return (plain or files)[0], "lora"
    if method == "textual_inversion":
        return found[0], "embedding"
    return found[0], "controlnet" if method == "controlnet" else "checkpoint"


def free_name(folder: Path, name: str) -> str:
    taken = {part for path in folder.glob("*") for part in (path.name.casefold(), path.stem.casefold())}
    number, wanted = 1, name
    while wanted.casefold() in taken:
        number += 1
        wanted = f"{name}-{number}"
    return wanted


def copy(source: Path, final: Path) -> None:
    part = final.with_name(f".{final.name}.part")
    try:
        if source.is_dir():
            shutil.rmtree(part, ignore_errors=True)
            shutil.copytree(source, part)
        else:
            shutil.copyfile(source, part)
            with part.open("rb") as file:
                os.fsync(file.fileno())
        part.rename(final)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        part.unlink(missing_ok=True)
        raise DiskFull("training.place", "The product could not be copied.", "Make room on the disk.") from error
