"""Wildcards: files of alternatives in a folder, asked for as `__name__`, `__folder/name__` or `__a*__`."""

import contextlib
import difflib
import json
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from engine.errors import BadRequest

SUFFIXES = {".txt", ".yaml", ".yml", ".json"}
LARGEST = {".txt": 8 * 2**20}  # bytes; of yaml and json, which are slow to read, one eighth
MOST_VALUES = 200_000  # of one file, and of all that a glob finds
DEEPEST = 32

Lists = dict[str, tuple[str, ...]]


class Wildcards:
    """The folder is looked at again for each prompt that names a wildcard; files are read again when they changed."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._lock = threading.Lock()
        self._read: dict[Path, tuple[tuple[int, int], Lists]] = {}

    def names(self) -> list[str]:
        return sorted(self.look())

    def look(self) -> dict[str, Path]:
        """The file of each name at this moment; a name out of a yaml or json file is its keys, joined by "/"."""
        found: dict[str, Path] = {}
        with self._lock:
            for path in files_below(self.folder):
                if path.suffix.lower() == ".txt":
                    found.setdefault(path.relative_to(self.folder).with_suffix("").as_posix(), path)
                    continue
                with contextlib.suppress(BadRequest):  # said when it is asked for
                    for name in self._lists(path):
                        found.setdefault(name, path)
        return found

    def values(self, wanted: str, names: dict[str, Path]) -> tuple[str, ...]:
        """All alternatives of the names that fit, in order. names: what `look` found. Raises BadRequest for none."""
        fitting = [wanted] if wanted in names else matching(wanted, names)
        if not fitting:
            close = difflib.get_close_matches(wanted, list(names)[:2000], 1)
            raise BadRequest(
                "wildcard.unknown",
                f"There is no wildcard '{wanted}'.",
                f"Did you mean __{close[0]}__?" if close else "Put a file of that name into data/wildcards.",
                name=wanted,
            )
        found: list[str] = []
        with self._lock:
            for name in fitting:
                found += self._lists(names[name]).get(name, ())
                if len(found) > MOST_VALUES:
                    break
        if not found:
            raise BadRequest(
                "wildcard.empty", f"The wildcard '{wanted}' is empty.", "Write one alternative a line.", name=wanted
            )
        return tuple(found[:MOST_VALUES])

    def _lists(self, path: Path) -> Lists:
        try:
            stat = path.stat()
        except OSError:
            return {}
        stamp = (stat.st_mtime_ns, stat.st_size)
        known = self._read.get(path)
        if known is None or known[0] != stamp:
            name = path.relative_to(self.folder).with_suffix("").as_posix()
            if stat.st_size > LARGEST.get(path.suffix.lower(), 2**20):
                raise unreadable(name)
            known = self._read[path] = (stamp, read(path, name))
        return known[1]


def files_below(folder: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(where, name) for name in sorted(names) if os.path.splitext(name)[1].lower() in SUFFIXES)


def read(path: Path, name: str) -> Lists:
    try:
        text = path.read_text("utf-8-sig")
        if path.suffix.lower() == ".txt":
            return {name: lines_of(text)}
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        content = json.loads(text) if path.suffix.lower() == ".json" else yaml.load(text, loader)
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        raise unreadable(name) from None
    return {} if content is None else lists_of(content, name)


def lines_of(text: str) -> tuple[str, ...]:
    lines = (line.strip() for line in text.splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def lists_of(content: Any, file: str) -> Lists:
    """A list is called like its file; lists below keys like their keys, whatever the file is called."""
    found: dict[str, list[str]] = {}
    waiting: list[tuple[str, Any, int]] = [("", content, 0)]
    count = 0
    while waiting:
        name, node, depth = waiting.pop()
        count += 1
        if count > MOST_VALUES or depth > DEEPEST:
            raise unreadable(file)
        if isinstance(node, dict):
            waiting += [(f"{name}/{key}" if name else str(key), value, depth + 1) for key, value in node.items()]
        elif isinstance(node, list):
            count += len(node)
            values = [str(value) for value in node if isinstance(value, str | int | float)]
            found.setdefault(name or file, []).extend(values)
            waiting += [(name, value, depth + 1) for value in node if isinstance(value, dict)]
        elif node is not None:
            found.setdefault(name or file, []).append(str(node))
    return {name: tuple(values) for name, values in found.items()}


def unreadable(name: str) -> BadRequest:
    return BadRequest(
        "wildcard.file",
        f"The file of the wildcard '{name}' cannot be read.",
        "It must be UTF-8 text, yaml or json of moderate size.",
        name=name,
    )


def matching(wanted: str, names: dict[str, Path]) -> list[str]:
    if not any(letter in wanted for letter in "*?"):
        return []
    pattern = glob(wanted)
    return sorted(name for name in names if pattern.fullmatch(name))


def glob(wanted: str) -> re.Pattern[str]:
    """`*` within a folder, `**` through folders. Possessive wherever it can be, so that no name takes long."""
    parts = re.split(r"(\*\*/?|\*|\?)", re.sub(r"\*{3,}", "**", wanted)[:200])
    shapes = {"**": ".*", "**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(shapes.get(part, re.escape(part)) for part in parts))
