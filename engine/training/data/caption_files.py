"""Captions in files: read whatever wrote them and in whatever encoding, refused before reading when they cannot be it."""

import codecs
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

LARGEST_CAPTION = 64 * 1024
LARGEST_METADATA = 64 * 1024**2
BOMS = (  # UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Read:
    """encoding: latin-1 means guessed. trouble: large, damaged or unreadable; then there are no captions."""

    captions: tuple[str, ...] = ()
    encoding: str = "utf-8"
    trouble: str = ""


def read_captions(path: Path) -> Read:
    """One picture's: each line of a text is a caption; .json holds caption, captions, text, texts or tags."""
    text, encoding, trouble = read_text(path, LARGEST_CAPTION)
    if trouble:
        return Read(encoding=encoding, trouble=trouble)
    if path.suffix.lower() != ".json":
        return Read(cleaned(text.splitlines()), encoding)
    try:
        return Read(captions_in(json.loads(text)), encoding)
    except (ValueError, RecursionError):
        return Read(encoding=encoding, trouble="damaged")


def read_metadata(path: Path) -> tuple[dict[str, tuple[str, ...]], str]:
    """Captions by the name of the file as it stands there, and what is wrong.

    .jsonl: Hugging Face's metadata (file_name with text or texts). .json: kohya's, one object with an entry a picture.
    """
    text, _, trouble = read_text(path, LARGEST_METADATA)
    if trouble:
        return {}, trouble
    try:
        if path.suffix.lower() != ".jsonl":
            return entries(json.loads(text)), ""
        rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        return {}, "damaged"
    named = [row for row in rows if isinstance(row, dict) and isinstance(row.get("file_name"), str)]
    return {str(row["file_name"]): captions_in(row) for row in named}, "" if len(named) == len(rows) else "damaged"


def entries(data: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(data, dict):
        return {}
    table = cast("dict[str, object]", data)
    return {name: captions_in(value) for name, value in table.items() if isinstance(value, dict)}


def read_text(path: Path, largest: int) -> tuple[str, str, str]:
    """Text, encoding and trouble; not a byte is read of a file that is too large."""
    try:
        if path.stat().st_size > largest:
            return "", "", "large"
        with path.open("rb") as file:
            data = file.read(largest + 1)
    except OSError:
        return "", "", "unreadable"
    if len(data) > largest:  # it has grown meanwhile
        return "", "", "large"
    try:
        return *decoded(data), ""
    except UnicodeError:
        return "", "", "damaged"


def decoded(data: bytes) -> tuple[str, str]:
    """By the mark at its beginning; else UTF-8, UTF-16 by its many zeros, and Latin-1, which is a guess."""
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return data.decode(encoding), encoding
    if data[1::2].count(0) > len(data) / 4:
        return data.decode("utf-16-le"), "utf-16"
    if data[::2].count(0) > len(data) / 4:
        return data.decode("utf-16-be"), "utf-16"
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        try:
            return data.decode("cp1252"), "latin-1"
        except UnicodeDecodeError:
            return data.decode("latin-1"), "latin-1"


def captions_in(data: object) -> tuple[str, ...]:
    """kohya joins an entry's caption and its tags; elsewhere the first key that holds something counts."""
    if isinstance(data, str):
        return cleaned([data])
    if not isinstance(data, Mapping):
        return ()
    entry = cast("Mapping[str, Any]", data)
    tags = entry.get("tags")
    tags = ", ".join(str(tag) for tag in tags) if isinstance(tags, list) else tags if isinstance(tags, str) else ""
    for key in ("captions", "texts", "caption", "text", "prompt"):
        value = entry.get(key)
        if value and isinstance(value, str | list):
            texts = cleaned(value if isinstance(value, list) else [value])
            return cleaned([", ".join(filter(None, [text, tags])) for text in texts])
    return cleaned([tags])


def cleaned(texts: list[Any]) -> tuple[str, ...]:
    """Without empty and equal ones, each on one line and without what cannot be seen."""
    lines = (" ".join("".join(c if c.isprintable() else " " for c in str(text)).split()) for text in texts)
    return tuple(dict.fromkeys(line for line in lines if line))


def caption_file(picture: Path) -> Path:
    """Where captions are written: it comes before all other sources, so nothing has to be removed."""
    return picture.with_suffix(".txt")


def caption_bytes(captions: tuple[str, ...]) -> bytes:
    return "".join(f"{caption}\n" for caption in cleaned(list(captions))).encode()
