"""What a run looks like from outside: its events folded into one row, read on from where the last look ended."""

import statistics
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from engine.errors import INTERNAL
from engine.training import events as told
from engine.training.events import RunEvent
from engine.training.run_folder import RunFolder, Status

RECENT = 50  # steps that the pace is taken from
LAST = 50  # events that are kept for the page
SILENCE = 60.0  # seconds without a sign of life after which it is told


@dataclass
class Overview:
    """Kept between looks. last: events, the newest at the end; said: the newest that is no answer to a command."""

    folder: RunFolder
    offset: int = 0
    step: int = 0
    total: int | None = None
    epoch: int | None = None
    pictures: int | None = None
    loss: float | None = None
    held_out: float | None = None
    best: int | None = None
    sample: str | None = None
    doing: str = ""
    said: RunEvent | None = None
    paces: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    last: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LAST))

    def look(self) -> None:
        found, self.offset = self.folder.log.recent(self.offset, RECENT)
        for event in found:
            self.take_in(event)

    def take_in(self, event: RunEvent) -> None:
        self.last.append(event.model_dump(mode="json"))
        if not isinstance(event, told.Heard):
            self.said = event
        match event:
            case told.Began():
                self.step, self.total = event.step, event.total
                self.epoch, self.pictures = event.epoch, event.pictures
            case told.Phase():
                self.doing = event.doing
            case told.StepMade():
                gap = max(1, event.step - self.step)
                self.step, self.loss, self.doing = event.step, event.smooth, "training"
                self.paces.extend([event.seconds] * min(gap, RECENT))
            case told.Measured():
                self.held_out, self.best = event.held_out, event.best
            case told.Sampled():
                self.sample = event.files[0] if event.files else self.sample
            case _:
                pass

    def row(self) -> dict[str, Any]:
        """JSON-ready. eta: seconds; queued: its place, 0 when it is in none, is for the supervisor to fill in."""
        self.look()
        request, status = self.folder.request(), self.status
        problem = getattr(self.said, "problem", None) if status == "failed" else None
        if status == "failed" and problem is None:
            problem = INTERNAL
        about = self.folder.noted("about") or {}
        return {
            "id": self.folder.id,
            "name": request.product.name,
            "status": status,
            "why": getattr(self.said, "why", "") if status == "paused" else "",
            "doing": self.doing if status in ("running", "paused") else "",
            "step": self.step,
            "total": self.total,
            "method": request.method.kind,
            "base": request.base.checkpoint,
            "created": about.get("created"),
            "dry": bool(about.get("dry")),
            "eta": self.eta if status in ("running", "paused") else None,
            "loss": self.loss,
            "held_out": self.held_out,
            "best": self.best,
            "problem": problem.model_dump() if problem else None,
            "queued": 0,
            "silent": self.silent,
            "sample": address(self.folder.id, self.sample) if self.sample else None,
        }

    @property
    def status(self) -> Status:
        return self.folder.status_after(self.said)

    @property
    def eta(self) -> float | None:
        if self.total is None or not self.paces:
            return None
        return round(statistics.median(self.paces) * (self.total - self.step), 1)

    @property
    def silent(self) -> int:
        """Seconds since the last sign of life of a process that should give one every few."""
        if not self.folder.alive():
            return 0
        try:
            silence = time.time() - (self.folder.path / "heartbeat").stat().st_mtime
        except OSError:
            return 0
        return int(silence) if silence > SILENCE else 0


def address(run: str, sample: str) -> str:
    """Of a sample, below the page's address; sample: "samples/000250/01.png"."""
    _, step, file = sample.split("/")
    return f"api/training/{run}/sample/{int(step)}/{file}"
