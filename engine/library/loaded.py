"""What all weights have in common once they are on a device."""

from dataclasses import dataclass
from pathlib import Path

import torch

from engine.library.header import Stamp, unchanged


@dataclass
class Loaded:
    """In eval mode, without gradients; who borrows it leaves it as it was. nbytes: what the weights take; files: as they were
    when they were read."""

    name: str
    hash: str
    dtype: torch.dtype
    device: torch.device
    nbytes: int
    files: dict[Path, Stamp]

    def fresh(self) -> bool:
        return unchanged(self.files)
