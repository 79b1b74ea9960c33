"""What the system refuses, in words a person can act on: a full disk, too little memory, a file that is gone."""

import errno

import torch
from safetensors import SafetensorError

from engine.errors import AtelierError, Problem

FULL = (errno.ENOSPC, errno.EDQUOT)
FULL_WORDS = ("No space left on device", "Disk quota exceeded", "file write failed")  # of libraries that have no errno
MEMORY_WORDS = ("can't allocate memory", "out of memory")

NO_ROOM = Problem(
    code="training.disk",
    message="The disk is full: nothing more could be written.",
    remedy="Make room on the disk and start the run again; it goes on from its last state.",
)
NO_MEMORY = Problem(
    code="training.memory",
    message="There is too little memory for this training.",
    remedy="Switch gradient checkpointing on, take a smaller batch with more accumulation, or a lower resolution.",
    field="batch",
)


def is_full(error: BaseException) -> bool:
    """Whether a write failed because there was no room for it."""
    if isinstance(error, OSError):
        return error.errno in FULL
    return isinstance(error, SafetensorError | RuntimeError) and any(words in str(error) for words in FULL_WORDS)


def problem_of(error: BaseException) -> Problem | None:
    """None: it is none of these, and nobody expected it."""
    if isinstance(error, AtelierError):
        return error.problem
    if is_full(error):
        return NO_ROOM
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return NO_MEMORY
    if isinstance(error, RuntimeError) and any(words in str(error) for words in MEMORY_WORDS):
        return NO_MEMORY
    if isinstance(error, OSError) and error.filename:
        name = str(error.filename).replace("\\", "/").rsplit("/", 1)[-1]
        return Problem(
            code="training.file",
            message=f"{name} could not be read or written: {error.strerror}.",
            remedy="See that it is there and that the studio may use it, then start the run again.",
            values={"name": name, "why": str(error.strerror)},
        )
    return None
