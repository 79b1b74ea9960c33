"""Hashes are computed once, kept on the disk, and shared between processes."""

import hashlib
import json
import os
import threading
import time
from pathlib import Path

import pytest

from engine.errors import ModelDamaged
from engine.library.hash import HashCache
from engine.library.scan import Library
from tests.engine.library.blobs import write
from tests.engine.library.test_scan import SD1, variant


def test_the_hash_is_the_beginning_of_sha256(tmp_path: Path) -> None:
    path = write(tmp_path / "a", SD1)
    assert HashCache(tmp_path / "cache").compute([path]) == hashlib.sha256(SD1).hexdigest()[:10]


def test_several_files_are_hashed_as_one(tmp_path: Path) -> None:
    one, two = write(tmp_path / "1", b"one"), write(tmp_path / "2", b"two")
    assert HashCache(tmp_path / "cache").compute([one, two]) == hashlib.sha256(b"onetwo").hexdigest()[:10]


def test_a_known_file_is_not_read_again_even_by_another_process(tmp_path: Path) -> None:
    path = write(tmp_path / "a", b"before")
    first, second = HashCache(tmp_path / "cache"), HashCache(tmp_path / "cache")
    assert second.known([path]) is None
    digest = first.compute([path])
    about = path.stat()
    path.write_bytes(b"behind")  # the same inode, size and time: nobody can tell
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert second.known([path]) == digest
    path.write_bytes(b"after")
    assert second.known([path]) is None
    assert second.compute([path]) != digest


def test_two_writers_keep_what_the_other_found(tmp_path: Path) -> None:
    one, two = write(tmp_path / "1", b"one"), write(tmp_path / "2", b"two")
    first, second = HashCache(tmp_path / "cache"), HashCache(tmp_path / "cache")
    first.compute([one])
    second.compute([two])
    assert len(json.loads((tmp_path / "cache" / "hashes.json").read_text())) == 2
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["hashes.json"]


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"a": 5}', b"\xff"])
def test_a_damaged_cache_is_written_anew(content: bytes, tmp_path: Path) -> None:
    write(tmp_path / "cache" / "hashes.json", content)
    path = write(tmp_path / "a", b"a")
    digest = HashCache(tmp_path / "cache").compute([path])
    assert HashCache(tmp_path / "cache").known([path]) == digest


def test_a_deleted_file_has_no_hash(tmp_path: Path) -> None:
    with pytest.raises(ModelDamaged):
        HashCache(tmp_path / "cache").compute([tmp_path / "none"])


def test_the_background_thread_hashes_what_is_there_and_what_comes(tmp_path: Path) -> None:
    checkpoints, cache = tmp_path / "models" / "checkpoints", HashCache(tmp_path / "cache")
    first = write(checkpoints / "a.safetensors", SD1)
    library = Library(tmp_path / "models", tmp_path / "cache")
    before = set(threading.enumerate())
    library.start()
    try:
        assert eventually(lambda: cache.known([first]))
        second = write(checkpoints / "b.safetensors", variant(2))
        library.refresh()
        assert eventually(lambda: cache.known([second]))
    finally:
        library.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "hashing" and thread not in before]


def eventually(answer) -> bool:  # type: ignore[no-untyped-def]
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if answer():
            return True
        time.sleep(0.02)
    return False
