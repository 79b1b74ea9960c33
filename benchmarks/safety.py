"""What the safety checker takes for a picture: full-size networks of random weights, as processor time of one thread."""

import time
from typing import Any

import torch
from PIL import Image
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from benchmarks.table import Row, interleaved, timed
from engine.picture.veil import veiled
from engine.safety.checker import LoadedChecker

LARGE: dict[str, Any] = {
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "patch_size": 14,
    "image_size": 224,
    "projection_dim": 768,
}


def checker() -> LoadedChecker:
    """CLIP ViT-L/14 with its 17 and 3 concepts, none of which anything comes near to."""
    network = CLIPVisionModelWithProjection(CLIPVisionConfig(**LARGE)).eval().requires_grad_(False)
    concepts, special = ((torch.randn(count, 768), torch.full((count,), 2.0)) for count in (17, 3))
    weight, cpu = sum(one.nbytes for one in network.parameters()), torch.device("cpu")
    return LoadedChecker("random", "", torch.float32, cpu, weight, {}, network, 224, concepts, special)


def measure(runs: int) -> list[Row]:
    torch.set_num_threads(1)
    judge, made = checker(), Image.effect_noise((512, 512), 60).convert("RGB")
    ways = {"looked at": lambda: judge.judge(made), "blurred": lambda: veiled(made)}
    taken = interleaved(ways, runs, time.process_time)
    return [timed(f"a picture of 512 x 512, {name}", values) for name, values in taken.items()]
