"""What lies in models/upscalers and models/restorers, told from its header: whatever is plainly something else is named; the rest is tried."""

from collections.abc import Mapping
from typing import Any

from engine.errors import ModelDamaged
from engine.library.header import Header

ELSEWHERE: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("a checkpoint", "checkpoints", ("model.diffusion_model.", "cond_stage_model.")),
    ("a ControlNet", "controlnet", ("control_model.", "controlnet_cond_embedding.", "input_hint_block.")),
    ("a LoRA", "loras", ("lora_unet_", "lora_te_")),
)


def upscaler(header: Header) -> Mapping[str, Any]:
    """There are dozens of architectures, and only the worker can tell them: it does when one is asked for."""
    for what, folder, begins in ELSEWHERE:
        if any(name.startswith(begins) for name in header.tensors):
            raise ModelDamaged(
                "upscaler.kind",
                f"{header.name} is {what}, not a network for finished pictures.",
                f"Move it to models/{folder}.",
                file=header.name,
            )
    return {}
