"""Safetensors files byte by byte, valid or as broken as a test needs them."""

import json
from pathlib import Path
from typing import Any


def entry(begin: int, end: int, shape: list[Any] | None = None, dtype: Any = "F16") -> dict[str, Any]:
    return {"dtype": dtype, "shape": [(end - begin) // 2] if shape is None else shape, "data_offsets": [begin, end]}


def blob(table: dict[str, Any] | bytes | str, data: int = 0, length: int | None = None) -> bytes:
    """length: what the file claims its table takes, when that is to be a lie."""
    raw = table if isinstance(table, bytes) else (table if isinstance(table, str) else json.dumps(table)).encode()
    return (len(raw) if length is None else length).to_bytes(8, "little") + raw + bytes(data)


def of_shapes(shapes: dict[str, list[int]], metadata: dict[str, str] | None = None) -> bytes:
    """A file with these tensors, all zeros."""
    table: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    at = 0
    for name, shape in shapes.items():
        size = 2
        for side in shape:
            size *= side
        table[name] = entry(at, at + size, shape)
        at += size
    return blob(table, at)


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
