"""From a file in models/upscalers to a network on a device; which architecture it is, spandrel tells from its weights."""

from dataclasses import dataclass
from typing import Any

import torch
from spandrel import ImageModelDescriptor, ModelLoader, UnsupportedModelError

from engine.errors import ModelDamaged
from engine.library.addition import Addition
from engine.library.header import stamp_of
from engine.library.loaded import Loaded
from engine.library.model import as_error
from engine.library.plain_weights import damaged, plain_weights

COLOURS = 3
USEFUL = ("SR", "Restoration")


@dataclass
class LoadedUpscaler(Loaded):
    """network: takes and gives (1, 3, height, width) in 0..1; scale: how many times as wide, 1 for one that only cleans."""

    network: ImageModelDescriptor
    scale: int


def load_upscaler(found: Addition, device: torch.device, dtype: torch.dtype, hash: str = "") -> LoadedUpscaler:
    """Raises ModelDamaged for a file that is damaged, or none that pictures are made larger or cleaner with."""
    if found.problem:
        raise as_error(found.problem)
    stamp = stamp_of(found.path)
    weights = plain_weights(found.path)
    try:
        network: Any = ModelLoader("cpu").load_from_state_dict(weights)
    except UnsupportedModelError:
        raise ModelDamaged(
            "upscaler.strange",
            f"{found.path.name} holds weights of no upscaler that is known here.",
            "Use ESRGAN, Real-ESRGAN, SwinIR, DAT, HAT, OmniSR or another that spandrel knows.",
            file=found.path.name,
        ) from None
    except Exception as error:  # shapes that do not fit each other, in every way there is
        raise damaged(found.path) from error
    if not isinstance(network, ImageModelDescriptor) or network.purpose not in USEFUL:
        raise ModelDamaged(
            "upscaler.purpose",
            f"{found.path.name} ({network.architecture.name}) restores faces or fills holes, which is not supported yet.",
            "Use one that makes whole pictures larger or cleaner.",
            file=found.path.name,
        )
    if (network.input_channels, network.output_channels) != (COLOURS, COLOURS):
        raise ModelDamaged(
            "upscaler.colours",
            f"{found.path.name} takes pictures of {network.input_channels} channels, not of three colours.",
            "Use one for colour pictures.",
            file=found.path.name,
        )
    dtype = suited(network, dtype)
    network.to(device=device, dtype=dtype).eval()
    size = sum(weight.nbytes for weight in network.model.parameters())
    return LoadedUpscaler(found.name, hash, dtype, device, size, {found.path: stamp}, network, network.scale)


def suited(network: ImageModelDescriptor, dtype: torch.dtype) -> torch.dtype:
    """What the model is drawn with, where the network bears it."""
    bears = {torch.float16: network.supports_half, torch.bfloat16: network.supports_bfloat16}
    return dtype if bears.get(dtype) else torch.float32
