"""What a picture was made with besides its settings: all that can change its last bits on another day or machine."""

from collections.abc import Collection
from typing import Any

import diffusers
import torch
import transformers

from engine.infotext import VERSION


def made_with(device: str, dtype: torch.dtype, rows: Collection[int], short: bool, cores: int) -> dict[str, Any]:
    """device: in words; rows: how many rows shared a call of the network, in any of its steps; short: a step was tried
    again because memory ran out; cores: that a CPU drew with. JSON-ready; read by engine/reproduction.py."""
    versions = {
        "studio": VERSION,
        "torch": str(torch.__version__),
        "diffusers": diffusers.__version__,
    }
    versions["transformers"] = transformers.__version__
    versions["cuda"] = torch.version.cuda or "" if torch.cuda.is_available() else ""
    number = str(dtype).removeprefix("torch.")
    return {**versions, "device": device, "dtype": number, "rows": sorted(rows), "short": short, "cores": cores}
