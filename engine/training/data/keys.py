"""Chance by name: whoever asks with the same words draws the same lots, in any process and after any restart."""

import random
from hashlib import blake2b


def key(*words: str | int) -> int:
    """64 bits. The first word says what for, so that two purposes never share their lots."""
    text = "\0".join(f"{type(word).__name__}:{word}" for word in words)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def lots(*words: str | int) -> random.Random:
    return random.Random(key(*words))


def share(*words: str | int) -> float:
    """From 0 to below 1, evenly spread."""
    return (key(*words) >> 11) / 2**53
