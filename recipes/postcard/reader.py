"""The text encoder learns to read before the UNet looks at it: from a caption it tells what the scene is.

Taught together with the UNet from random weights it drew the colours together instead (docs/recipes.md): the loss of a
denoiser says little about a word. What it reads must stand in the states that the UNet attends to, so the answers are
asked of the states themselves, and each state must still know its own word.
"""

import argparse
import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoTokenizer, CLIPTextModel

from engine.training.rng import key
from recipes.postcard.captions import full_caption, random_caption
from recipes.postcard.judge import HEADS, truth
from recipes.postcard.scenes import BACKDROPS, SKY, Scene, training_scenes

BATCH = 64
RATE = 1e-3
UNSAID = -100
QUESTIONS: dict[str, tuple[str, ...]] = {
    **HEADS,
    "backdrop": ("none", *BACKDROPS),
    **{name: ("no", "yes") for name in SKY},
}


class Reader(nn.Module):
    """A text encoder with a head for every question, at the end of the caption and at the end of the padding, and one
    for the word that each state stands for. The heads are thrown away afterwards."""

    def __init__(self, encoder: CLIPTextModel):
        super().__init__()
        self.encoder: Any = encoder
        width, words = encoder.config.hidden_size, encoder.config.vocab_size
        self.answers = nn.ModuleDict({name: nn.Linear(2 * width, len(known)) for name, known in QUESTIONS.items()})
        self.word = nn.Linear(width, words)

    def forward(self, ids: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """ids: (n, length). Returns the logits of every question, (n, answers), and of every word, (n, length, words)."""
        states = self.encoder(ids).last_hidden_state
        ends = (ids == self.encoder.config.eos_token_id).int().argmax(1)
        seen = torch.cat([states[torch.arange(len(ids)), ends], states[:, -1]], 1)
        return {name: head(seen) for name, head in self.answers.items()}, self.word(states)


def told(scene: Scene) -> dict[str, int]:
    """Number of the right answer to every question that the scene has one to."""
    known = truth(scene) | {"backdrop": scene.backdrop or "none"}
    known |= {name: "yes" if name in scene.sky else "no" for name in SKY}
    return {name: answers.index(known[name]) for name, answers in QUESTIONS.items() if name in known}


def lessons(words: Any, seed: int, complete: float = 0.5) -> Iterator[tuple[Tensor, dict[str, Tensor]]]:
    """Endless batches: (n, length) ids, and of every question (n,) right answers. complete: share of captions that say
    all. What training must not see (scenes.held_out) is not in them.
    """
    scenes, dice = training_scenes(seed), random.Random(f"postcard reader {seed}")
    while True:
        batch = [next(scenes) for _ in range(BATCH)]
        texts = [full_caption(one) if dice.random() < complete else random_caption(one, dice) for one in batch]
        ids = words(texts, padding="max_length", max_length=words.model_max_length, return_tensors="pt").input_ids
        right = [told(scene) for scene in batch]
        yield ids, {name: torch.tensor([one.get(name, UNSAID) for one in right]) for name in QUESTIONS}


def teach(checkpoint: Path, steps: int, seed: int = 0) -> dict[str, float]:
    """Teach the text encoder of a checkpoint's folder and write it back. Returns the shares of right answers to
    complete captions."""
    encoder = CLIPTextModel.from_pretrained(checkpoint / "text_encoder", dtype=torch.float32)
    words = AutoTokenizer.from_pretrained(str(checkpoint / "tokenizer"))
    torch.manual_seed(key(seed, "reader"))
    reader = Reader(encoder).train()
    optimiser = torch.optim.AdamW(reader.parameters(), RATE, betas=(0.9, 0.98), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps, pct_start=0.1)
    for step, (ids, answers) in zip(range(steps), lessons(words, seed), strict=False):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            said, named = reader(ids)
        loss = sum((wrong(said[name], answers[name]) for name in QUESTIONS), start=own_words(named, ids))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 100 == 0:
            print(f"reading {step} of {steps}: {loss.item():.3f}", flush=True)
    encoder.eval().save_pretrained(checkpoint / "text_encoder")
    return examined(reader.eval(), lessons(words, seed + 1, complete=1.0))


@torch.no_grad()
def examined(reader: Reader, batches: Iterator[tuple[Tensor, dict[str, Tensor]]], count: int = 8) -> dict[str, float]:
    right, asked = dict.fromkeys(QUESTIONS, 0), dict.fromkeys(QUESTIONS, 0)
    for ids, answers in islice(batches, count):
        said, _ = reader(ids)
        for name in QUESTIONS:
            right[name] += int((said[name].argmax(1) == answers[name]).sum())
            asked[name] += int((answers[name] != UNSAID).sum())
    return {name: right[name] / max(1, asked[name]) for name in QUESTIONS}


def wrong(logits: Tensor, answers: Tensor) -> Tensor:
    """Zero where nobody has an answer."""
    return functional.cross_entropy(logits.float(), answers, ignore_index=UNSAID, reduction="sum") / len(answers)


def own_words(named: Tensor, ids: Tensor) -> Tensor:
    return functional.cross_entropy(named.float().flatten(0, 1), ids.flatten())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m recipes.postcard.reader", description=__doc__)
    parser.add_argument("checkpoint", type=Path, help="a folder whose text encoder is taught in place")
    parser.add_argument("--steps", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    for name, share in teach(asked.checkpoint, asked.steps, asked.seed).items():
        print(f"{name:15} {share:.3f}", flush=True)


if __name__ == "__main__":
    main()
