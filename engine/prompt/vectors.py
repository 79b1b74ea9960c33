"""The vectors of embeddings, which the text encoder reads in the place of its own for as long as a block lasts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from engine.errors import ModelDamaged
from engine.library.addition import vectors_in
from engine.library.header import AGAIN
from engine.library.weights import WeightFile
from engine.prompt.words import Words


@dataclass(frozen=True)
class Vectors:
    """table: (vectors, width) of all the words, in their order."""

    words: Words
    table: torch.Tensor


def read_vectors(path: Path) -> torch.Tensor:
    """(vectors, width), float32. Raises ModelDamaged for what is no embedding or not finite."""
    file = WeightFile(path)
    name = vectors_in(file.header)
    if name is None:
        raise ModelDamaged("embedding.kind", f"{path.name} is no embedding that is known here.", AGAIN, file=path.name)
    found = file.tensor(name).float()
    if not bool(torch.isfinite(found).all()):
        raise ModelDamaged("model.nan", f"{path.name} contains NaN or infinity.", AGAIN, file=path.name)
    return found.reshape(-1, found.shape[-1]).clone()


@contextmanager
def looked_up(encoder: Any, vectors: Vectors | None) -> Iterator[None]:
    """A negative token is one of theirs: -1 the first row."""
    if vectors is None:
        yield
        return
    place = encoder.get_input_embeddings()
    table = vectors.table.to(place.weight)

    def forward(ids: torch.Tensor) -> torch.Tensor:
        found = torch.nn.functional.embedding(ids.clamp(min=0), place.weight)
        theirs = ids < 0
        found[theirs] = table[-1 - ids[theirs]]
        return found

    place.forward = forward
    try:
        yield
    finally:
        del place.forward  # the class's own is back
