"""Presets: four goals times three qualities as tables, each number with its reason; the rest of the form keeps its defaults."""

from dataclasses import dataclass
from typing import Any, Literal

Goal = Literal["subject", "style", "word", "model"]
Quality = Literal["quick", "balanced", "best"]
SMALL_SIDE = 256  # models that draw no larger have few weights: they take larger rates and batches


@dataclass(frozen=True)
class Length:
    """looks: how often each picture is seen, which is what learning follows; least, most: bounds of the steps."""

    looks: int
    least: int
    most: int


LENGTHS: dict[Goal, dict[Quality, Length]] = {
    "subject": {"quick": Length(40, 200, 800), "balanced": Length(100, 400, 2500), "best": Length(180, 800, 5000)},
    "style": {"quick": Length(20, 200, 1500), "balanced": Length(50, 500, 5000), "best": Length(100, 1000, 10000)},
    "word": {"quick": Length(100, 300, 1500), "balanced": Length(250, 800, 4000), "best": Length(500, 1500, 8000)},
    "model": {"quick": Length(10, 300, 5000), "balanced": Length(30, 1000, 50000), "best": Length(80, 3000, 200000)},
}

GOALS: dict[Goal, dict[str, Any]] = {
    # One thing: few pictures, so few weights; no mirroring, since faces and writing have a left and a right.
    "subject": {
        "method": "lora",
        "lora.algorithm": "LoRA",
        "lora.targets": "attention and feed-forward",
        "dropout": 0.05,
        "flip": 0.0,
        "schedule": "cosine",
        "weighting": "min-SNR",  # evens out the timesteps: fewer steps to the same likeness (arXiv 2303.09556)
    },
    # A manner shows in texture as in layout: all linear layers, mirrored pictures, captions left out more often so that
    # it is drawn without its word, too.
    "style": {
        "method": "lora",
        "lora.algorithm": "LoRA",
        "lora.targets": "all linear",
        "dropout": 0.1,
        "flip": 0.5,
        "schedule": "cosine",
        "weighting": "min-SNR",
    },
    # The networks stay as they are: nothing else can be spoilt, so rates are high (as in arXiv 2208.01618) and constant.
    "word": {
        "method": "textual_inversion",
        "dropout": 0.0,
        "flip": 0.0,
        "schedule": "constant",
        "weighting": "none",
    },
    # Every weight moves: small rates, a warm-up, and the running mean of the weights as what counts.
    "model": {
        "method": "full",
        "dropout": 0.1,  # guidance needs the empty caption
        "flip": 0.5,
        "schedule": "cosine",
        "weighting": "none",
        "ema": True,
    },
}

RATES: dict[Goal, tuple[float, float]] = {  # of large models, of small ones
    "subject": (1e-4, 1e-3),
    "style": (1e-4, 1e-3),
    "word": (5e-3, 1e-2),
    "model": (1e-5, 2e-4),
}

RANKS: dict[Quality, int] = {"quick": 8, "balanced": 16, "best": 32}
VECTORS: dict[Quality, int] = {"quick": 1, "balanced": 2, "best": 4}


def preset(goal: Goal, quality: Quality, side: int, pictures: int) -> dict[str, Any]:
    """Values by parameter name. side: of what the model draws; pictures: to learn from, repeats counted."""
    small = side <= SMALL_SIDE
    length, batch = LENGTHS[goal][quality], min(max(1, pictures), 4 if small or goal == "model" else 2)
    steps = tidy(min(max(length.looks * pictures / batch, length.least), length.most))
    every = tidy(max(steps / 5, 10))
    values: dict[str, Any] = {
        **GOALS[goal],
        "learning_rate": RATES[goal][small],
        "length": steps,
        "unit": "steps",
        "batch": batch,
        "warmup": steps // 20 if goal == "model" else 0,
        "resolution": side,
        "bucket_step": max(8, side // 8),  # 64 at 512, as kohya's; at 128 they still fit the network's halvings
        "hold_out": 0.1 if pictures >= 12 else 0.0,  # fewer are too dear to be kept from learning
        "save": every,
        "sample": every,
        "measure": every,
        "precision": "float32",
    }
    if goal in ("subject", "style"):
        values |= {"lora.rank": RANKS[quality], "lora.alpha": float(RANKS[quality])}
    if goal == "word":
        values["textual_inversion.vectors"] = VECTORS[quality]
    return values


def all_presets(side: int, pictures: int) -> list[dict[str, Any]]:
    return [
        {"key": goal, "qualities": {quality: preset(goal, quality, side, pictures) for quality in lengths}}
        for goal, lengths in LENGTHS.items()
    ]


def tidy(steps: float) -> int:
    """Two digits that count."""
    whole = round(steps)
    unit = 10 ** max(0, len(str(whole)) - 2)
    return round(whole / unit) * unit
