"""What a run takes of time and memory, noted for the estimates of later runs."""

import statistics
import sys
import time
from collections import deque

import psutil
import torch

from engine.training.run_folder import RunFolder

EVERY = 100  # steps


class Taken:
    """Begins with the run; `begin` is called before the first step, `step` after each."""

    def __init__(self, folder: RunFolder):
        self.folder, self.begun, self.before, self.steps = folder, time.perf_counter(), 0.0, 0
        self.paces: deque[float] = deque(maxlen=50)

    def begin(self) -> None:
        self.before = time.perf_counter() - self.begun

    def step(self, seconds: float, device: torch.device) -> None:
        """The first step is slower than any other: the second already tells more."""
        self.steps += 1
        self.paces.append(seconds)
        if self.steps == 2 or self.steps % EVERY == 0:
            memory, room = peak(device)
            pace = statistics.median(list(self.paces)[1:])
            told = {"seconds": pace, "before": self.before, "memory": memory, "room": room}
            self.folder.note("measured", {**told, "device": device.type})


def peak(device: torch.device) -> tuple[int, int | None]:
    """Bytes that this process has needed at the most, and how many the device has; None for the machine's own memory,
    which others use, too."""
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device), torch.cuda.get_device_properties(device).total_memory
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset, None
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024, None
