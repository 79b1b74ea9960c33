"""LoRAs and embeddings that the studio's own trainer wrote after a few steps on the model in the box."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.library.load import LoadedModel
from engine.training.trainer import Trainer
from tests.engine.training import making

EVERYWHERE = {"lora.targets": "all linear and convolutions", "lora.text_encoder": True}
METHODS: dict[str, dict[str, Any]] = {
    "LoRA": {"lora.rank": 4, "lora.alpha": 6.0, **EVERYWHERE},
    "DoRA": {"lora.algorithm": "DoRA", "lora.rank": 4, **EVERYWHERE},
    "LoHa": {"lora.algorithm": "LoHa", "lora.rank": 4, "lora.alpha": 2.0, **EVERYWHERE},
    "LoKr": {"lora.algorithm": "LoKr", "lora.rank": 2, **EVERYWHERE},
}


def trained(folder: Path, values: dict[str, Any], steps: int = 2, seed: int = 5) -> Trainer:
    """With steps large enough to be seen."""
    found = making.items(making.pictures(folder / "pictures", 4))
    wanted = {"learning_rate": 0.02, "length": steps, "half": False, "formats": ["kohya", "diffusers"], "seed": seed}
    run = making.trainer(making.asked(folder / "pictures", **{**wanted, **values}), found)
    for _ in range(steps):
        run.advance()
    return run


def written(run: Trainer, folder: Path, name: str) -> Sequence[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    return run.learner.product(folder, name, {"ss_output_name": name})


@torch.inference_mode()
def answers(model: LoadedModel) -> tuple[Tensor, Tensor]:
    """Of the text encoder to some tokens and of the UNet to some latents, always the same."""
    dice = torch.Generator().manual_seed(3)
    ids = torch.randint(0, 800, (1, 40), generator=dice)
    latents = torch.randn(1, 4, 8, 8, generator=dice)
    words = torch.randn(1, 40, 192, generator=dice)
    text = model.text_encoder(ids).last_hidden_state
    return text, model.unet(latents, 500, words).sample
