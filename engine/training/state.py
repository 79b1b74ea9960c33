"""States of a run: written beside, sealed by a manifest, renamed. A half-written one is never taken for a whole one."""

import contextlib
import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from engine.errors import AtelierError, DiskFull
from engine.training import measuring
from engine.training.troubles import is_full

MANIFEST = "manifest.json"


@dataclass
class Progress:
    """Where a run is; nothing of chance is in it, since that depends on step and seed alone (rng.py).

    best: the step with the smallest held-out loss so far, and that loss; bad: steps in a row that were left out.
    """

    step: int = 0
    bad: int = 0
    best_step: int | None = None
    best_loss: float | None = None
    waited: int = 0  # measurements since the best
    smooth: float | None = None
    seconds: float = 0.0
    measured: list[dict[str, Any]] = field(default_factory=list)

    def add(self, row: dict[str, Any]) -> None:
        """A measurement, and what it says about the best step; another one of the same step takes its place."""
        self.measured = [*(one for one in self.measured if one["step"] != row["step"]), row]
        found = measuring.best(self.measured)
        # An error that has grown may let in an earlier one, whose state is gone by now; this one is as good.
        self.best_step = found if found is None else max(found, self.best_step or 0)
        here = self.best_step == self.step
        self.waited = 0 if here else self.waited + 1
        self.best_loss = row["held_out"] if here else self.best_loss


@dataclass
class State:
    """weights: what is trained, float32, by name; scaler: of float16."""

    progress: Progress
    weights: dict[str, Tensor]
    optimiser: dict[str, Any]
    ema: dict[str, Tensor] | None = None
    ema_steps: int = 0
    scaler: dict[str, Any] | None = None


def save(states: Path, state: State) -> Path:
    """Into `states`/000500. Raises DiskFull before anything that was there is touched."""
    needed = sum(tensor.nbytes for tensor in state.weights.values()) * 5
    free = shutil.disk_usage(states.parent).free
    if free < needed:
        raise DiskFull(
            "training.disk",
            f"Saving needs about {needed / 2**20:.0f} MiB, and {free / 2**20:.0f} MiB are free.",
            "Make room on the disk; the run goes on from its last state.",
        )
    states.mkdir(parents=True, exist_ok=True)
    final = states / f"{state.progress.step:06}"
    part = states / f".{final.name}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        write(part, state)
    except (OSError, SafetensorError, RuntimeError) as error:  # torch and safetensors have words of their own
        shutil.rmtree(part, ignore_errors=True)
        if isinstance(error, RuntimeError) and not is_full(error):
            raise
        raise DiskFull(
            "training.disk",
            f"The state of step {state.progress.step} could not be saved.",
            "Make room on the disk, and see that the studio may write there; the run goes on from its last state.",
        ) from error
    old = states / f".{final.name}.old"
    shutil.rmtree(old, ignore_errors=True)
    if final.exists():
        os.replace(final, old)
    os.replace(part, final)
    sync_folder(states)
    shutil.rmtree(old, ignore_errors=True)
    return final


def write(part: Path, state: State) -> None:
    save_file(
        {name: tensor.detach().cpu().contiguous() for name, tensor in state.weights.items()},
        part / "weights.safetensors",
    )
    if state.ema is not None:
        save_file({name: tensor.cpu().contiguous() for name, tensor in state.ema.items()}, part / "ema.safetensors")
    with (part / "optimiser.pt").open("wb") as file:  # our own file, so that what it refuses comes as an OSError
        torch.save({"optimiser": state.optimiser, "scaler": state.scaler}, file)
    told = {**asdict(state.progress), "ema_steps": state.ema_steps}
    (part / "progress.json").write_text(json.dumps(told))
    listed = {}
    for path in sorted(part.iterdir()):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            file.seek(0)
            listed[path.name] = {"size": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
    with (part / MANIFEST).open("w") as file:
        json.dump(listed, file)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(part)


def sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not every system can
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sealed(path: Path) -> bool:
    """Every file that the manifest names is there with its size; what is in it is not looked at."""
    try:
        listed = json.loads((path / MANIFEST).read_text())
        return bool(listed) and all((path / name).stat().st_size == told["size"] for name, told in listed.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def whole(path: Path) -> bool:
    """Every file that the manifest names is there, byte for byte."""
    try:
        listed = json.loads((path / MANIFEST).read_text())
        for name, told in listed.items():
            with (path / name).open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != told["sha256"]:
                    return False
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return bool(listed)


def saved(states: Path) -> list[Path]:
    """Newest first; not looked into."""
    found = [path for path in states.glob("[0-9]*") if path.is_dir()] if states.is_dir() else []
    return sorted(found, key=lambda path: int(path.name), reverse=True)


def newest(states: Path) -> Path | None:
    return next((path for path in saved(states) if whole(path)), None)


def load(path: Path) -> State:
    try:
        told = json.loads((path / "progress.json").read_text())
        rest = torch.load(path / "optimiser.pt", weights_only=True, map_location="cpu")  # it may be another machine's
        ema = path / "ema.safetensors"
        return State(
            ema_steps=told.pop("ema_steps"),
            progress=Progress(**told),
            weights=load_file(path / "weights.safetensors"),
            optimiser=rest["optimiser"],
            ema=load_file(ema) if ema.exists() else None,
            scaler=rest["scaler"],
        )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise AtelierError(
            "training.state", f"The state of step {path.name} cannot be read.", "Go on from an older one."
        ) from error


def tidy(states: Path, keep: int, best: int | None) -> None:
    """Leave the newest `keep` and the best. It goes by sizes: to read every state after each save would take minutes."""
    for path in [path for path in saved(states) if sealed(path)][keep:]:
        if int(path.name) != best:
            shutil.rmtree(path, ignore_errors=True)
    for left in states.glob(".*"):
        shutil.rmtree(left, ignore_errors=True)
