"""Which rows share one call of the network: pure arithmetic over context lengths and buckets."""

from collections.abc import Sequence
from math import lcm

BUCKETS = (1, 2, 4, 8, 16, 32, 64)
LONGEST = 12  # chunks that contexts may be repeated to; beyond it a second call is cheaper


def bucket(rows: int) -> int:
    """The smallest bucket that holds them: a picture's bits depend on the bucket, never on its companions."""
    return next(size for size in BUCKETS if size >= rows)


def pack(lengths: Sequence[int], most: int, *, fill: bool) -> list[list[int]]:
    """Indices of rows by call. lengths: each row's context length in chunks; most: rows that a call may hold.

    fill: split into full buckets, for devices whose time grows with every row (CPU); otherwise one call is padded.
    """
    calls: list[list[int]] = []
    for index, length in enumerate(lengths):
        for call in calls:
            together = lcm(length, *(lengths[i] for i in call))
            if len(call) < most and together <= max(LONGEST, length):
                call.append(index)
                break
        else:
            calls.append([index])
    return [part for call in calls for part in full_buckets(call)] if fill else calls


def full_buckets(call: list[int]) -> list[list[int]]:
    parts: list[list[int]] = []
    while call:
        size = max(size for size in BUCKETS if size <= len(call))
        parts.append(call[:size])
        call = call[size:]
    return parts
