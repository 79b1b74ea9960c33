"""What runs on this machine have really taken: a table of their measured figures, kept when the runs are deleted."""

import json
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.request.training import TrainingRequest
from engine.training.run_folder import RunFolder, read_json, write_whole

MOST = 500


@dataclass(frozen=True)
class Kind:
    """What the pace and the memory of a run depend on, apart from the machine. device: "cpu" or "cuda"."""

    model: str
    method: str
    rank: int
    targets: str
    text: bool
    resolution: int
    batch: int
    accumulation: int
    precision: str
    checkpointing: bool
    optimiser: str
    ema: bool
    cache: bool
    device: str

    @classmethod
    def of(cls, request: TrainingRequest, device: str) -> "Kind":
        method: Any = request.method
        loop = request.loop
        return cls(
            model=request.base.checkpoint_hash,
            method=method.kind,
            rank=getattr(method, "rank", 0) or getattr(method, "vectors", 0) or getattr(method, "crop", 0),
            targets=getattr(method, "targets", getattr(method, "architecture", "")) + getattr(method, "algorithm", ""),
            text=bool(getattr(method, "text_encoder", False)),
            resolution=request.data.resolution,
            batch=loop.batch,
            accumulation=loop.accumulation,
            precision=loop.precision,
            checkpointing=loop.checkpointing,
            optimiser=request.optimisation.optimiser,
            ema=loop.ema,
            cache=request.data.cache,
            device=device,
        )


@dataclass(frozen=True)
class Figure:
    """seconds: of a step; before: from the start to the first step; memory: bytes at the most; room: of the device,
    None for the machine's own."""

    run: str
    kind: Kind
    seconds: float
    before: float
    memory: int
    room: int | None


class Figures:
    """The newest last."""

    def __init__(self, path: Path):
        self.path, self._lock = path, threading.Lock()
        self.all: list[Figure] = []
        for told in (read_json(path) or {}).get("figures", []):
            try:
                self.all.append(Figure(**{**told, "kind": Kind(**told["kind"])}))
            except (TypeError, KeyError):  # of another version
                continue

    def take_in(self, runs: Path) -> None:
        """What runs have written down since the last look."""
        with self._lock:
            known, before = {one.run: one for one in self.all}, len(self.all)
            for path in sorted(runs.glob("[0-9a-f]*/measured.json")):
                if path.parent.name not in known and (found := figure(RunFolder(path.parent))):
                    self.all.append(found)
            if len(self.all) != before:
                self.all = self.all[-MOST:]
                write_whole(self.path, json.dumps({"figures": [asdict(one) for one in self.all]}))

    def same(self, kind: Kind) -> Figure | None:
        return next((one for one in reversed(self.all) if one.kind == kind), None)

    def near(self, kind: Kind) -> Figure | None:
        """Of the same model on the same device, the same method before another one."""
        alike = [one for one in self.all if (one.kind.model, one.kind.device) == (kind.model, kind.device)]
        return next((one for one in reversed(alike) if one.kind.method == kind.method), alike[-1] if alike else None)


def figure(folder: RunFolder) -> Figure | None:
    told = folder.noted("measured")
    if not isinstance(told, dict):
        return None
    try:
        kind = Kind.of(folder.request(), told["device"])
        return Figure(folder.id, kind, told["seconds"], told["before"], told["memory"], told["room"])
    except KeyError:
        return None
