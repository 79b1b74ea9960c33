"""Checkpoints as AUTOMATIC1111 names them: "name.safetensors [10 digits of the hash]", and the other ways to say it."""

import re
from collections.abc import Iterator
from contextlib import suppress

from engine.errors import AtelierError
from engine.library.hash import LegacyHashes
from engine.library.model import ModelFile
from engine.library.scan import Library

SHORT = 10
LEGACY = re.compile(r"(?:.*\[)?([0-9a-f]{8})\]?")


def usable(library: Library) -> list[ModelFile]:
    return [model for model in library.checkpoints() if not model.problem]


def file_name(model: ModelFile) -> str:
    return model.name + (model.path.suffix if model.layout == "file" and not has_suffix(model) else "")


def has_suffix(model: ModelFile) -> bool:
    return model.name.endswith(model.path.suffix)


def title(model: ModelFile, library: Library) -> str:
    """Without the hash as long as it is not computed, as there."""
    digest = library.digest_of(model)
    return f"{file_name(model)} [{digest[:SHORT]}]" if digest else file_name(model)


def plain_name(model: ModelFile) -> str:
    return model.name.replace("/", "_")


def found(wanted: str, library: Library) -> ModelFile | None:
    """By title, name with or without suffix and folders, or any of their hashes; None where it is not here."""
    wanted = wanted.strip().replace("\\", "/")
    with suppress(AtelierError):
        return library.find(wanted)
    for model in usable(library):
        if wanted in spellings(model, library):
            return model
    old = LEGACY.fullmatch(wanted)
    legacy = LegacyHashes(library.cache)
    for model in usable(library) if old else ():
        if model.layout == "file" and legacy.known([model.path]) == (old and old[1]):
            return model
    return None


def spellings(model: ModelFile, library: Library) -> Iterator[str]:
    digest, whole = library.digest_of(model), file_name(model)
    for name in (plain_name(model), whole.replace("/", "_"), model.name.rsplit("/", 1)[-1], whole.rsplit("/", 1)[-1]):
        yield name
        if digest:
            yield f"{name} [{digest[:SHORT]}]"
