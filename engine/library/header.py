"""The header of a safetensors file, checked to the last byte before anything else looks at the file.

The format is 8 bytes of length, that many bytes of JSON, then the tensors side by side. The library of that name
accepts duplicate keys, half a million tensors or shapes of rank 200,001; and for everything that is no model at all it
says "header too large". Here each of these is refused with a sentence that helps.
"""

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from engine.errors import ModelDamaged

LARGEST_HEADER = 32 * 2**20
MOST_TENSORS = 50_000
HIGHEST_RANK = 8
LONGEST_NAME = 512
LARGEST_DIMENSION = 2**31

ITEM_BYTES = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 1),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 2),
    **dict.fromkeys(("I32", "U32", "F32"), 4),
    **dict.fromkeys(("I64", "U64", "F64", "C64"), 8),
}

AGAIN = "Download or copy the file again."
CONVERT = "Convert it to .safetensors on a machine where you trust the file, or download the .safetensors version."


class Entry(NamedTuple):
    """One tensor: its bytes lie at [begin, end) of the file."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


class Stamp(NamedTuple):
    """What changes when a file is replaced or rewritten."""

    inode: int
    size: int
    changed: int


@dataclass(frozen=True)
class Header:
    name: str
    tensors: Mapping[str, Entry]
    metadata: Mapping[str, str]
    stamp: Stamp

    def shape(self, tensor: str) -> tuple[int, ...]:
        """() when there is no such tensor."""
        entry = self.tensors.get(tensor)
        return entry.shape if entry else ()

    def below(self, prefix: str) -> list[str]:
        return [name for name in self.tensors if name.startswith(prefix)]


def stamp_of(path: Path) -> Stamp:
    about = path.stat()
    return Stamp(about.st_ino, about.st_size, about.st_mtime_ns)


def unchanged(files: Mapping[Path, Stamp]) -> bool:
    """Whether the files are still those that were read; if not, weights that are mapped may have changed too."""
    try:
        return all(stamp_of(path) == stamp for path, stamp in files.items())
    except OSError:
        return False


def read_header(path: Path) -> Header:
    """Raises ModelDamaged, in words for the person who put the file there."""
    with open_model(path) as file:
        return header_of(file, path.name)


def open_model(path: Path) -> BinaryIO:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _damaged("model.not_a_file", path.name, "is not a file.", "Remove it from the models folder.")
        return path.open("rb", buffering=0)
    except FileNotFoundError as error:
        raise _damaged("model.gone", path.name, "is no longer there.", "Choose another model.") from error
    except OSError as error:
        raise _damaged(
            "model.unreadable", path.name, "cannot be read.", "Check its permissions and the disk."
        ) from error


def header_of(file: BinaryIO, name: str) -> Header:
    about = os.fstat(file.fileno())
    size = about.st_size
    start = file.read(1024)
    refuse_strangers(start, size, name)
    length = int.from_bytes(start[:8], "little")
    if length > LARGEST_HEADER:
        raise _damaged(
            "model.not_safetensors",
            name,
            "is not a safetensors file: it does not begin with a table of tensors.",
            AGAIN,
        )
    if 8 + length > size:
        raise _damaged("model.truncated", name, f"ends inside its table of tensors (after {_bytes(size)}).", AGAIN)
    raw = start[8 : 8 + length]
    while len(raw) < length:
        more = file.read(length - len(raw))
        if not more:
            raise _damaged("model.truncated", name, "ends inside its table of tensors.", AGAIN)
        raw += more
    table = _parse(raw, name)
    metadata = _metadata(table.pop("__metadata__", {}), name)
    tensors = _entries(table, 8 + length, name)
    _refuse_gaps(tensors, 8 + length, size, name)
    return Header(name, tensors, metadata, Stamp(about.st_ino, size, about.st_mtime_ns))


def refuse_strangers(start: bytes, size: int, name: str) -> None:
    """Files that end up in model folders and are something else."""
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if size == 0:
        raise _damaged("model.empty", name, "is empty.", AGAIN)
    if not start.strip(b"\0"):
        raise _damaged("model.blank", name, "begins with nothing but zeros: its download never finished.", AGAIN)
    if text.startswith(b"version https://git-lfs"):
        raise _damaged(
            "model.lfs",
            name,
            "is a Git LFS pointer, a note of 130 bytes in place of the model.",
            "Run `git lfs pull` in the folder it came from, or download the file itself.",
        )
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<script")):
        raise _damaged(
            "model.webpage", name, "is a web page, not a model: did the download need a login?", "Download it again."
        )
    if text.startswith((b'{"error', b'{"message', b'{"detail')):
        raise _damaged("model.webpage", name, "is an error message of the site it came from.", "Download it again.")
    if start.startswith((b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")):
        raise _damaged(
            "model.pickle",
            name,
            "is a pickle (.ckpt), a format that can run programs, and is not opened here.",
            CONVERT,
        )
    if start.startswith(b"GGUF"):
        raise _damaged("model.gguf", name, "is a GGUF file, a format that is not supported.", CONVERT)
    if size < 8:
        raise _damaged("model.truncated", name, f"ends after {_bytes(size)}.", AGAIN)


def _parse(raw: bytes, name: str) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise _damaged("model.duplicate", name, "names the same thing twice in its table of tensors.", AGAIN)
        return found

    try:
        table = json.loads(raw.decode("utf-8"), object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise _damaged("model.header", name, "has an unreadable table of tensors.", AGAIN) from error
    if not isinstance(table, dict):
        raise _damaged("model.header", name, "has a table of tensors that is none.", AGAIN)
    return table


def _metadata(found: Any, name: str) -> dict[str, str]:
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise _damaged("model.header", name, "has notes in its header that are not text.", AGAIN)
    return found


def _entries(table: dict[str, Any], data: int, name: str) -> dict[str, Entry]:
    if not table:
        raise _damaged("model.no_tensors", name, "holds no tensors.", AGAIN)
    if len(table) > MOST_TENSORS:
        raise _damaged("model.too_many", name, f"holds {len(table)} tensors, more than any model has.", AGAIN)
    return {tensor: _entry(tensor, said, data, name) for tensor, said in table.items()}


def _entry(tensor: str, said: Any, data: int, name: str) -> Entry:
    if len(tensor) > LONGEST_NAME:
        raise _damaged("model.header", name, f"has a tensor whose name is {len(tensor)} letters long.", AGAIN)
    if not isinstance(said, dict) or said.keys() != {"dtype", "shape", "data_offsets"}:
        raise _broken(tensor, name, "is not described as it should be")
    dtype, shape, offsets = said["dtype"], said["shape"], said["data_offsets"]
    if not isinstance(dtype, str) or dtype not in ITEM_BYTES:
        raise _broken(tensor, name, f"is stored in an unknown number format ({short(str(dtype))})")
    if not isinstance(shape, list) or len(shape) > HIGHEST_RANK:
        raise _broken(tensor, name, f"has an impossible shape (at most {HIGHEST_RANK} dimensions)")
    if not isinstance(offsets, list) or len(offsets) != 2:
        raise _broken(tensor, name, "has no place in the file")
    for number in (*shape, *offsets):
        if type(number) is not int or number < 0:
            raise _broken(tensor, name, "is described with something that is no number")
    begin, end = offsets
    if any(side >= LARGEST_DIMENSION for side in shape) or prod(shape) * ITEM_BYTES[dtype] != end - begin:
        raise _broken(tensor, name, "does not fill the place that it is given in the file")
    return Entry(dtype, tuple(shape), data + begin, data + end)


def _refuse_gaps(tensors: Mapping[str, Entry], data: int, size: int, name: str) -> None:
    at = data
    for entry in sorted(tensors.values(), key=lambda entry: (entry.begin, entry.end)):
        if entry.begin != at:
            what = "a hole between its tensors" if entry.begin > at else "tensors that overlap"
            raise _damaged("model.layout", name, f"has {what}.", AGAIN)
        at = entry.end
    if at > size:
        raise _damaged("model.truncated", name, f"is cut off: {_bytes(size)} of {_bytes(at)} are there.", AGAIN)
    if at < size:
        raise _damaged("model.trailing", name, f"has {_bytes(size - at)} after its last tensor.", AGAIN)


def short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _broken(tensor: str, name: str, why: str) -> ModelDamaged:
    return _damaged("model.tensor", name, f"is damaged: its tensor {short(tensor)!r} {why}.", AGAIN)


def _damaged(code: str, name: str, why: str, remedy: str) -> ModelDamaged:
    return ModelDamaged(code, f"{name} {why}", remedy, file=name)


def _bytes(count: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
