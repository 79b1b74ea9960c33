"""The store of latents: what went in comes out, whatever happened to its files and whoever else uses it."""

import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from engine.training import store
from engine.training.store import Store, digest, fingerprint


def entry(value: float) -> dict[str, torch.Tensor]:
    return {"mean": torch.full((4, 8, 8), value), "std": torch.full((4, 8, 8), value / 2)}


def filled(folder: Path, *values: int) -> Store:
    made = Store(folder)
    for value in values:
        made.put(digest(value), entry(value))
    made.flush()
    return made


def test_what_went_in_comes_out_also_of_another_process(tmp_path: Path) -> None:
    filled(tmp_path, 1, 2)
    again = Store(tmp_path)
    assert digest(1) in again
    assert digest(3) not in again
    found = again.get_many([digest(1), digest(2), digest(3)])
    assert set(found) == {digest(1), digest(2)}
    assert torch.equal(found[digest(2)]["std"], entry(2)["std"])


def test_what_waits_for_its_shard_is_there_already(tmp_path: Path) -> None:
    made = Store(tmp_path)
    made.put("a", entry(1))
    assert torch.equal(made.get_many(["a"])["a"]["mean"], entry(1)["mean"])
    assert not list(tmp_path.iterdir())


def test_large_amounts_are_written_in_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "SHARD", 3 * 2048)
    made = Store(tmp_path)
    for value in range(6):
        made.put(digest(value), entry(value))
    assert len(list(tmp_path.glob("*.safetensors"))) == 3


@pytest.mark.parametrize("damage", ["cut", "emptied", "garbage", "gone"])
def test_a_damaged_shard_is_left_aside_and_its_entries_are_made_again(damage: str, tmp_path: Path) -> None:
    filled(tmp_path, 1)
    (bad,) = tmp_path.glob("*.safetensors")
    filled(tmp_path, 2)
    open_already = Store(tmp_path)
    data = bad.read_bytes()
    if damage == "gone":
        bad.unlink()
    else:
        bad.write_bytes({"cut": data[: len(data) // 2], "emptied": b"", "garbage": b"\xff" * len(data)}[damage])
    assert set(open_already.get_many([digest(1), digest(2)])) == {digest(2)}
    again = Store(tmp_path)
    assert digest(1) not in again
    again.put(digest(1), entry(1))
    again.flush()
    assert set(Store(tmp_path).get_many([digest(1), digest(2)])) == {digest(1), digest(2)}


def test_a_write_that_fails_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Store(tmp_path)
    made.put("a", entry(1))

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        made.flush()
    assert not list(tmp_path.iterdir())


def test_only_old_leftovers_are_cleared_away(tmp_path: Path) -> None:
    for name, age in (("old", 7200), ("new", 0)):
        path = tmp_path / f"{name}.part"
        path.write_bytes(b"half")
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age))
    Store(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["new.part"]


def write_many(folder: str, start: int) -> None:
    made = Store(Path(folder))
    for value in range(start, start + 20):
        made.put(digest(value), entry(value))
        made.flush()


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    forks = multiprocessing.get_context("forkserver")
    both = [forks.Process(target=write_many, args=(str(tmp_path), start)) for start in (0, 10)]
    for one in both:
        one.start()
    for one in both:
        one.join(120)
        assert one.exitcode == 0
    found = Store(tmp_path).get_many([digest(value) for value in range(30)])
    assert len(found) == 30
    assert all(torch.equal(found[digest(value)]["mean"], entry(value)["mean"]) for value in range(30))


def aged(folder: Path, *values: int) -> int:
    """A shard for each, the first one the oldest; the bytes of one."""
    for age, value in enumerate(reversed(values)):
        before = set(folder.glob("*.safetensors"))
        filled(folder, value)
        (shard,) = set(folder.glob("*.safetensors")) - before
        os.utime(shard, (shard.stat().st_atime, shard.stat().st_mtime - 1000 * (age + 1)))
    return next(folder.glob("*.safetensors")).stat().st_size


def test_the_oldest_shards_go_first_and_none_that_is_needed(tmp_path: Path) -> None:
    size = aged(tmp_path, 1, 2, 3, 4, 5)
    (tmp_path / "hashes.json").write_text("{}")  # the folder is the library's, too
    opened = Store(tmp_path)
    opened.keep_within(3 * size, [digest(1), "of no entry"])
    kept = {value for value in range(1, 6) if digest(value) in Store(tmp_path)}
    assert kept == {1, 4, 5} == {value for value in range(1, 6) if digest(value) in opened}
    opened.keep_within(0, [digest(1)])
    assert [value for value in range(1, 6) if digest(value) in Store(tmp_path)] == [1]
    assert (tmp_path / "hashes.json").exists()


def test_what_was_used_lately_is_not_old(tmp_path: Path) -> None:
    size = aged(tmp_path, 1, 2, 3)
    Store(tmp_path).keep_within(3 * size, [digest(1)])
    Store(tmp_path).keep_within(2 * size, [])
    assert [value for value in (1, 2, 3) if digest(value) in Store(tmp_path)] == [1, 3]


def open_long(folder: str, opened: Any, done: Any) -> None:
    held = Store(Path(folder))
    held.keep_within(2**40, [])
    opened.set()
    done.wait(60)


def test_nothing_goes_while_another_process_has_the_store_open(tmp_path: Path) -> None:
    aged(tmp_path, 1, 2)
    forks = multiprocessing.get_context("forkserver")
    opened, done = forks.Event(), forks.Event()
    other = forks.Process(target=open_long, args=(str(tmp_path), opened, done))
    other.start()
    assert opened.wait(120)
    Store(tmp_path).keep_within(0, [])
    assert digest(1) in Store(tmp_path)
    other.kill()  # and a run that crashed holds nothing back
    other.join()
    Store(tmp_path).keep_within(0, [])
    assert digest(1) not in Store(tmp_path)


def test_keys_depend_on_every_part_and_on_where_parts_end() -> None:
    assert len({digest("a", "b"), digest("ab"), digest("a", ""), digest("", "a"), digest("a", "b", "")}) == 5
    assert digest(1, None, "x") == digest(1, None, "x")


def test_a_fingerprint_is_that_of_the_weights() -> None:
    torch.manual_seed(0)
    one, other = nn.Linear(3, 3), nn.Linear(3, 3)
    assert fingerprint(one) != fingerprint(other)
    other.load_state_dict(one.state_dict())
    assert fingerprint(one) == fingerprint(other)
