"""Normal random numbers as an NVIDIA GPU draws them: Philox4x32-10 (Salmon et al. 2011), then Box-Muller."""

import numpy as np
from numpy.typing import NDArray

MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
WEYL = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10
UNIT = np.float32(2**-32)
TURN = np.float32(2**-32 * 6.2831855)  # rounded as cuRAND rounds it
Words = NDArray[np.uint32]


class Philox:
    """seed: 64 bit. Each draw counts the offset up by one and each of its numbers has its own counter, so that a number
    depends on seed, draw and place alone. A GPU does the same up to some 70,000 to 270,000 numbers, by its model; a
    larger draw is dealt out differently there."""

    def __init__(self, seed: int):
        self.key = (seed & 0xFFFFFFFF, seed >> 32)
        self.draws = 0

    def normal(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        places = np.arange(np.prod(shape), dtype=np.uint32)
        nothing = np.zeros_like(places)
        first, second, *_ = philox((np.full_like(places, self.draws), nothing, places, nothing), self.key)
        self.draws += 1
        return box_muller(first, second).reshape(shape)


def philox(counter: tuple[Words, Words, Words, Words], key: tuple[int, int]) -> tuple[Words, Words, Words, Words]:
    a, b, c, d = counter
    for turn in range(ROUNDS):
        keys = [np.uint32((k + turn * w) & 0xFFFFFFFF) for k, w in zip(key, WEYL, strict=True)]
        (high_a, low_a), (high_c, low_c) = halves(a * MULTIPLIERS[0]), halves(c * MULTIPLIERS[1])
        a, b, c, d = high_c ^ b ^ keys[0], low_c, high_a ^ d ^ keys[1], low_a
    return a, b, c, d


def halves(product: NDArray[np.uint64]) -> tuple[Words, Words]:
    return (product >> np.uint64(32)).astype(np.uint32), product.astype(np.uint32)


def box_muller(x: Words, y: Words) -> NDArray[np.float32]:
    """The sine half, which is the one that a GPU keeps; computed in float64 as AUTOMATIC1111's imitation does."""
    u = x * np.float64(UNIT) + np.float64(UNIT) / 2
    v = y * np.float64(TURN) + np.float64(TURN) / 2
    return (np.sqrt(-2 * np.log(u)) * np.sin(v)).astype(np.float32)
