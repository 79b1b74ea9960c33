"""Postcard's tokenizer: byte pairs of its own captions, so that each of their words is one token or two.

Every other text can be written too, byte by byte, as CLIP's own tokenizer does it (Radford et al. 2021).
"""

import json
import random

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers
from transformers import CLIPTokenizer

from recipes.postcard.captions import captions
from recipes.postcard.scenes import random_scene

START, END = "<|startoftext|>", "<|endoftext|>"
MERGES = 600
POSITIONS = 77  # as Stable Diffusion's: other tools count on it


def tokenizer(seed: int = 0, scenes: int = 5000) -> CLIPTokenizer:
    texts = [text.lower() for index in range(scenes) for text in said(random.Random(f"tokens {seed} {index}"))]
    trained = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    words = pre_tokenizers.Split(Regex(r"\p{L}+|\p{N}|[^\s\p{L}\p{N}]+"), "removed", invert=True)  # as CLIP's
    trained.pre_tokenizer = pre_tokenizers.Sequence([words, pre_tokenizers.ByteLevel(add_prefix_space=False)])  # type: ignore
    trainer = trainers.BpeTrainer(
        vocab_size=512 + MERGES, end_of_word_suffix="</w>", initial_alphabet=letters(), show_progress=False
    )
    trained.train_from_iterator(texts, trainer)
    merges = [tuple(pair) for pair in json.loads(trained.to_str())["model"]["merges"]]
    vocab = {token: index for index, token in enumerate([*letters(), *(f"{letter}</w>" for letter in letters())])}
    for first, second in merges:
        vocab.setdefault(first + second, len(vocab))
    vocab |= {START: len(vocab), END: len(vocab) + 1}
    return CLIPTokenizer(
        vocab=vocab, merges=merges,  # pyright: ignore[reportArgumentType]
        bos_token=START, eos_token=END, unk_token=END, pad_token=END,
        model_max_length=POSITIONS,
    )  # fmt: skip


def said(lots: random.Random) -> list[str]:
    return captions(random_scene(lots), 4, lots)


def letters() -> list[str]:
    """The 256 characters that stand for bytes."""
    return sorted(pre_tokenizers.ByteLevel.alphabet())
