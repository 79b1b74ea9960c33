"""SHA-256 of model files, remembered on the disk by inode, size and time of change: a big file is read once, ever."""

import contextlib
import hashlib
import json
import os
import secrets
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from engine.errors import ModelDamaged
from engine.library.header import Stamp, stamp_of

SHOWN = 10  # hex digits, as AUTOMATIC1111 writes them into pictures
AT_ONCE = 8 * 2**20


class HashCache:
    """Several processes may share the file: each adds what it has found out and reads what it misses.

    shown: hex digits of an answer; tensors_only: of a safetensors file without its header, as kohya's trainers
    count, so that editing its notes leaves the hash as it is.
    """

    def __init__(self, folder: Path, shown: int = SHOWN, tensors_only: bool = False):
        self._file = folder / ("tensor-hashes.json" if tensors_only else "hashes.json")
        self._shown, self._skip = shown, header_bytes if tensors_only else nothing
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}
        self._read: Stamp | None = None

    def known(self, files: Sequence[Path]) -> str | None:
        """The short hash if it was computed before, here or in another process."""
        try:
            key = _key(files)
        except OSError:
            return None
        with self._lock:
            if key not in self._known:
                self._catch_up()
            found = self._known.get(key)
        return found[: self._shown] if found else None

    def compute(self, files: Sequence[Path], stop: threading.Event | None = None) -> str:
        """Reads the files if it must, once more if they change meanwhile. "" when stopped."""
        if known := self.known(files):
            return known
        try:
            for _ in range(3):
                key = _key(files)
                digest = _digest(files, self._skip, stop)
                if not digest or key == _key(files):
                    break
            else:
                raise ModelDamaged("model.changing", f"{files[0].name} is being written.", "Wait until it is complete.")
        except OSError as error:
            raise ModelDamaged(
                "model.unreadable", f"{files[0].name} cannot be read.", "Check that it is still there."
            ) from error
        if digest:
            self._remember(key, digest)
        return digest[: self._shown]

    def _remember(self, key: str, digest: str) -> None:
        with self._lock:
            self._catch_up()
            self._known[key] = digest
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part = self._file.with_name(f".{secrets.token_hex(8)}.part")
            try:
                part.write_text(json.dumps(self._known, indent=0), "utf-8")
                os.replace(part, self._file)
            except OSError:  # a full disk costs us the memory, not the answer
                with contextlib.suppress(OSError):
                    part.unlink()

    def _catch_up(self) -> None:
        try:
            stamp = stamp_of(self._file)
            if stamp != self._read:
                found = json.loads(self._file.read_text("utf-8"))
                self._known |= {str(key): str(value) for key, value in found.items() if len(str(value)) == 64}
                self._read = stamp
        except (OSError, ValueError, AttributeError):
            return  # none yet, or damaged: it is written anew with the next hash


class LegacyHashes(HashCache):
    """Of the bytes from 1 MiB on, 64 kB of them: what AUTOMATIC1111 named checkpoints by in 2022 and sd-webui-controlnet
    names its models by to this day. It is read to find files, and never written."""

    def known(self, files: Sequence[Path]) -> str | None:
        with contextlib.suppress(ModelDamaged):
            return self.compute(files)
        return None

    def compute(self, files: Sequence[Path], stop: threading.Event | None = None) -> str:
        """ "" of a file that is too short."""
        try:
            with files[0].open("rb") as file:
                file.seek(0x100000)
                part = file.read(0x10000)
        except OSError as error:
            raise ModelDamaged(
                "model.unreadable", f"{files[0].name} cannot be read.", "Check that it is still there."
            ) from error
        return hashlib.sha256(part).hexdigest()[:8] if part else ""


def _key(files: Sequence[Path]) -> str:
    return "+".join("-".join(map(str, stamp_of(file))) for file in files)


def nothing(file: BinaryIO) -> int:
    return 0


def header_bytes(file: BinaryIO) -> int:
    return 8 + int.from_bytes(file.read(8), "little")


def _digest(files: Sequence[Path], skip: Callable[[BinaryIO], int], stop: threading.Event | None) -> str:
    found = hashlib.sha256()
    block = memoryview(bytearray(AT_ONCE))
    for path in files:
        with path.open("rb", buffering=0) as file:
            file.seek(min(skip(file), 2**40))
            while count := file.readinto(block):
                if stop and stop.is_set():
                    return ""
                found.update(block[:count])
    return found.hexdigest()
