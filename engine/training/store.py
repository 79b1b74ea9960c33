"""A store of tensors by what they were made from: latents, made once for all runs, the oldest of them dropped in time.

Shards are written whole and renamed; one that was damaged is left aside, and what it held is made again.
"""

import contextlib
import hashlib
import os
import time
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.folder_lock import is_held, lock

VERSION = 1
SHARD = 64 * 2**20  # bytes
MOST = 20 * 2**30  # bytes of shards that are left when a run begins
ABANDONED = 3600.0  # seconds


class Store:
    """Keys are hexadecimal digests; an entry is a few named tensors. Any number of processes may read and write; nothing
    is dropped while another one has the store open."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.places: dict[str, tuple[Path, list[str]]] = {}  # the shard of each entry, and the names of its tensors
        self.waiting: dict[str, dict[str, Tensor]] = {}
        self.bytes = 0
        self.sign = folder / f"{uuid.uuid4().hex}.use"
        for left in folder.glob("*.part"):  # of a process that was killed, not of one that writes now
            with contextlib.suppress(OSError):
                if time.time() - left.stat().st_mtime > ABANDONED:
                    left.unlink()
        for path in sorted(folder.glob("*.safetensors")):
            with contextlib.suppress(SafetensorError, OSError), safe_open(path, "pt") as shard:
                entries: dict[str, list[str]] = {}
                for full in shard.keys():  # noqa: SIM118 - not a dictionary
                    key, _, name = full.partition("/")
                    entries.setdefault(key, []).append(name)
                self.places |= {key: (path, names) for key, names in entries.items()}

    def __contains__(self, key: str) -> bool:
        return key in self.places or key in self.waiting

    def get_many(self, keys: list[str]) -> dict[str, dict[str, Tensor]]:
        """Those that are there and whole."""
        return dict(self.each(keys))

    def each(self, keys: Sequence[str]) -> Iterator[tuple[str, dict[str, Tensor]]]:
        """The same one by one, in any order: together they may be more than the memory holds."""
        by_shard: dict[Path, list[str]] = {}
        for key in keys:
            if key in self.waiting:
                yield key, self.waiting[key]
            elif key in self.places:
                by_shard.setdefault(self.places[key][0], []).append(key)
        for path, wanted in by_shard.items():
            with contextlib.suppress(SafetensorError, OSError), safe_open(path, "pt") as shard:
                for key in wanted:
                    yield key, {name: shard.get_tensor(f"{key}/{name}") for name in self.places[key][1]}

    def keep_within(self, most: int, needed: Collection[str]) -> None:
        """Drop shards, the longest unused first, until `most` bytes are left; none with a key that is needed."""
        self.hold()
        spared = {self.places[key][0] for key in needed if key in self.places}
        for path in spared:
            with contextlib.suppress(OSError):
                os.utime(path)
        if self.used_by_others():
            return
        shards = sorted(self.folder.glob("*.safetensors"), key=lambda path: path.stat().st_mtime)
        total = sum(path.stat().st_size for path in shards)
        for path in shards:
            if total > most and path not in spared:
                total -= path.stat().st_size
                path.unlink()
        self.places = {key: place for key, place in self.places.items() if place[0].exists()}

    def hold(self) -> None:
        """Others see that it is open, until this process ends, however it does."""
        if not hasattr(self, "held"):
            self.held = self.sign.open("ab")
            lock(self.held)

    def used_by_others(self) -> bool:
        for sign in self.folder.glob("*.use"):
            if sign != self.sign and is_held(sign):
                return True
            if sign != self.sign:
                sign.unlink(missing_ok=True)
        return False

    def put(self, key: str, tensors: Mapping[str, Tensor]) -> None:
        self.waiting[key] = {name: tensor.contiguous() for name, tensor in tensors.items()}
        self.bytes += sum(tensor.nbytes for tensor in tensors.values())
        if self.bytes >= SHARD:
            self.flush()

    def flush(self) -> None:
        if not self.waiting:
            return
        path = self.folder / f"{uuid.uuid4().hex}.safetensors"
        part = path.with_suffix(".part")
        try:
            save_file({f"{key}/{name}": t for key, entry in self.waiting.items() for name, t in entry.items()}, part)
            with part.open("rb") as file:
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        for key, entry in self.waiting.items():
            self.places[key] = path, list(entry)
        self.waiting, self.bytes = {}, 0


def digest(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, (VERSION, *parts))).encode()).hexdigest()[:40]


def fingerprint(network: nn.Module) -> str:
    """Of the weights themselves: two files with the same weights share what was made with them."""
    made = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        made.update(name.encode())
        made.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return made.hexdigest()[:16]
