"""How much memory this process has needed at the most, of the device that it computes on."""

import sys

import psutil
import torch


def peak(device: torch.device) -> tuple[int, int | None]:
    """Bytes, and how many the device has; None for the machine's own memory, which others use, too."""
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device), torch.cuda.get_device_properties(device).total_memory
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset, None
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024, None
