"""From a file in models/upscalers or models/restorers to a network on a device; which architecture it is, spandrel tells from its weights."""

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
PURPOSES = {"upscaler": ("SR", "Restoration"), "restorer": ("FaceSR",)}  # of spandrel's


@dataclass
class LoadedUpscaler(Loaded):
    """network: takes and gives (1, 3, height, width) in 0..1; scale: how many times as wide, 1 for one that only cleans."""

    network: ImageModelDescriptor
    scale: int


def load_upscaler(found: Addition, device: torch.device, dtype: torch.dtype, hash: str = "") -> LoadedUpscaler:
    """Raises ModelDamaged for a file that is damaged, or none of what the file's folder is for."""
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
    if not isinstance(network, ImageModelDescriptor) or network.purpose not in PURPOSES[found.kind]:
        raise misplaced(found, network)
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


def misplaced(found: Addition, network: Any) -> ModelDamaged:
    name, kind = found.path.name, network.architecture.name
    if found.kind == "restorer":
        return ModelDamaged(
            "restorer.purpose",
            f"{name} ({kind}) restores no faces.",
            "Move it to models/upscalers if it makes pictures larger or cleaner, or choose a GFPGAN or RestoreFormer.",
            file=name,
        )
    return ModelDamaged(
        "upscaler.purpose",
        f"{name} ({kind}) restores faces or fills holes.",
        "A restorer of faces belongs into models/restorers; holes are filled by inpainting.",
        file=name,
    )


def suited(network: ImageModelDescriptor, dtype: torch.dtype) -> torch.dtype:
    """What the model is drawn with, where the network bears it."""
    bears = {torch.float16: network.supports_half, torch.bfloat16: network.supports_bfloat16}
    return dtype if bears.get(dtype) else torch.float32
