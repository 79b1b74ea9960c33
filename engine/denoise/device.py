"""Which device draws and in which number format."""

import os
from contextlib import AbstractContextManager, nullcontext

import psutil
import torch

from engine.errors import BadRequest

GIB = 2**30
SMALL = 3.4e10  # weights x positions; where one thread and two took the same time


def pick(device: str, dtype: str) -> tuple[torch.device, torch.dtype]:
    """ "auto" takes the GPU when there is one, and the fastest format that the device computes in."""
    cuda = torch.cuda.is_available()
    if device == "cuda" and not cuda:
        raise BadRequest(
            "device.cuda",
            "No CUDA GPU can be used here.",
            "Start with --device cpu, or install a driver that fits this torch.",
            field="device",
        )
    chosen = torch.device("cuda" if cuda and device != "cpu" else "cpu")
    if dtype != "auto":
        return chosen, getattr(torch, dtype)
    if chosen.type == "cuda":
        return chosen, torch.float16  # eight times finer than bfloat16; SD1 and SD2 stay in its range
    return chosen, torch.bfloat16 if computes_bfloat16() else torch.float32


def computes_bfloat16() -> bool:
    """True on CPUs with AVX512-BF16 or AMX; elsewhere bfloat16 is emulated and slow."""
    supported = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", None)
    return bool(supported and supported())


def threads(weights: int, positions: int, cores: int) -> int:
    """How many threads a call of the network is worth; positions: height x width of the latents.

    Threads that sleep between operations (OMP_WAIT_POLICY=PASSIVE) take longer to wake than a small network takes to
    compute: Postcard at 128 px draws 2.3 times faster with one. It depends on model and size only, so bits stay.
    """
    return 1 if weights * positions < SMALL else cores


def use_threads(count: int) -> None:
    if torch.get_num_threads() != count:
        torch.set_num_threads(count)


def name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU · {os.cpu_count()} cores"


def budget(device: torch.device, gib: float) -> int:
    """Bytes for resident models: as told, or half of what is free now."""
    if gib > 0:
        return int(gib * GIB)
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0] // 2
    return psutil.virtual_memory().available // 2


def attention(device: torch.device) -> AbstractContextManager[object]:
    """The order in which attention kernels are tried on CUDA; to be entered once around a step."""
    if device.type != "cuda":
        return nullcontext()
    from torch.nn.attention import SDPBackend, sdpa_kernel

    order = [
        SDPBackend.CUDNN_ATTENTION,
        SDPBackend.FLASH_ATTENTION,
        SDPBackend.EFFICIENT_ATTENTION,
        SDPBackend.MATH,
    ]
    return sdpa_kernel(order, set_priority=True)
