"""Real processes of runs: started, watched, stopped and killed from outside, as the studio does it."""

import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from engine.request.training import TrainingRequest
from engine.settings import HOUSE
from engine.training import state
from engine.training.events import Ended, StepMade
from engine.training.run_folder import RunFolder
from tests.engine.training import making

PATIENCE = 900.0  # seconds: the machine may be busy with other things


FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["engine.training.worker", "engine.training.run"])  # imported once for all of them


class Process:
    """One worker of one run's folder: a process of its own, forked from one that has imported torch already."""

    def __init__(self, folder: RunFolder):
        self.folder = folder
        self.process = FORKS.Process(target=work, args=(str(folder.path),))
        self.process.start()

    @property
    def alive(self) -> bool:
        return self.process.is_alive()

    @property
    def pid(self) -> int:
        return self.process.pid or 0

    def wait(self) -> int:
        """Its exit status."""
        try:
            self.process.join(PATIENCE)
            assert self.process.exitcode is not None, self.folder.last_words()
            return self.process.exitcode
        finally:
            self.kill()

    def until(self, seen: Callable[[], bool]) -> bool:
        """Whether it was seen while the process lived."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if seen():
                return True
            if not self.alive:
                return seen()
            time.sleep(0.002)
        raise TimeoutError(self.folder.last_words())

    def until_told(self, kind: str, step: int = 0) -> bool:
        return self.until(lambda: any(e.kind == kind and getattr(e, "step", 0) >= step for e in told(self.folder)))

    def kill(self) -> None:
        """kill -9."""
        if self.alive:
            self.process.kill()
        self.process.join()


def work(path: str) -> None:
    errors = os.open(Path(path) / "stderr.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(errors, 1)
    os.dup2(errors, 2)
    from engine.training import worker

    sys.exit(worker.main(path))


def command_line(folder: RunFolder) -> int:
    """The same as the studio starts it: a new interpreter. Returns its exit status."""
    told = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(HOUSE)}
    command = [sys.executable, "-m", "engine.training.worker", str(folder.path)]
    with folder.errors.open("ab") as errors:
        return subprocess.run(
            command, cwd=folder.path, env=told, stdout=errors, stderr=errors, timeout=PATIENCE
        ).returncode


def run(folder: RunFolder) -> int:
    return Process(folder).wait()


def made(path: Path, request: TrainingRequest, cache: Path | None = None, **house: Any) -> RunFolder:
    """A folder that is ready to be run."""
    folder = RunFolder(path)
    folder.create(request)
    roots = [concept.folder for concept in request.data.concepts]
    about = {"models": str(HOUSE / "models"), "cache": str(cache or path / "cache"), "roots": roots, "device": "cpu"}
    folder.note("house", {**about, **house})
    return folder


def asked(pictures: Path, **values: Any) -> TrainingRequest:
    """A short run with everything in it that could come out of step: dropout, accumulation, EMA, measuring, saving."""
    usual = {
        "lora.rank": 4,
        "lora.dropout": 0.1,
        "length": 6,
        "accumulation": 2,
        "ema": True,
        "hold_out": 0.3,
        "save": 2,
        "measure": 3,
        "flip": 0.5,
        "variations": 2,
    }
    return making.asked(pictures, **{**usual, **values})


def told(folder: RunFolder) -> list[Any]:
    """The events, each of its own class."""
    return list(folder.events()[0])


def end(folder: RunFolder) -> Ended:
    last = told(folder)[-1]
    assert isinstance(last, Ended), (last, folder.last_words())
    return last


def losses(folder: RunFolder) -> dict[int, float | None]:
    """By step; a step that was made twice must have had the same loss both times."""
    found: dict[int, float | None] = {}
    for event in told(folder):
        if isinstance(event, StepMade):
            assert found.setdefault(event.step, event.loss) == event.loss, event.step
    return found


def equal(one: RunFolder, other: RunFolder) -> bool:
    """Whether both ended with the same weights, means, optimiser and progress, bit by bit."""
    mine, its = (state.load(newest) for run in (one, other) if (newest := state.newest(run.states)))
    same = mine.weights.keys() == its.weights.keys()
    same = same and all(torch.equal(mine.weights[key], its.weights[key]) for key in mine.weights)
    same = (
        same and all(torch.equal(mine.ema[key], its.ema[key]) for key in mine.ema or {})
        if mine.ema and its.ema
        else same
    )
    numbers = [[p.step, p.smooth, p.measured, p.best_step] for p in (mine.progress, its.progress)]
    return same and numbers[0] == numbers[1] and bool(torch.equal(flat(mine.optimiser), flat(its.optimiser)))


def flat(optimiser: dict[str, Any]) -> torch.Tensor:
    tensors = [v.flatten().float() for one in optimiser["state"].values() for v in one.values() if torch.is_tensor(v)]
    return torch.cat(tensors)


def products(folder: RunFolder) -> dict[str, Any]:
    """Of each file: what it tells about itself, and its tensors; safetensors writes the former in any order."""
    found: dict[str, Any] = {}
    for path in sorted(folder.products.rglob("*.safetensors")):
        with safe_open(path, "pt") as file:
            tensors = {
                key: (str(t.dtype), t.tolist()) for key in list(file.keys()) if (t := file.get_tensor(key)) is not None
            }
            found[path.name] = (file.metadata(), tensors)
    return found
