"""States: whole or not there, whichever write fails and wherever a process dies."""

import contextlib
import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.errors import AtelierError, DiskFull
from engine.training import state
from engine.training.state import Progress, State


def made(step: int, value: float = 1.0) -> State:
    weight = torch.nn.Parameter(torch.full((16, 16), value))
    optimiser = torch.optim.AdamW([weight], lr=0.1)
    weight.sum().backward()
    optimiser.step()
    progress = Progress(step=step, smooth=0.5, measured=[{"step": step, "held_out": 1.0}], best_step=step)
    weights = {"unet.a": weight.detach()}
    return State(progress, weights, optimiser.state_dict(), ema={"unet.a": weight.detach() / 2}, ema_steps=step)


def value(path: Path | None) -> float:
    assert path is not None
    return float(state.load(path).weights["unet.a"][0, 0])


def test_a_state_reads_back_to_the_bit(tmp_path: Path) -> None:
    wrote = made(500)
    read = state.load(state.save(tmp_path / "states", wrote))
    assert read.progress == wrote.progress
    assert torch.equal(read.weights["unet.a"], wrote.weights["unet.a"])
    assert read.ema is not None
    assert torch.equal(read.ema["unet.a"], wrote.weights["unet.a"] / 2)
    assert read.ema_steps == 500
    mine, its = read.optimiser["state"][0], wrote.optimiser["state"][0]
    assert all(torch.equal(mine[key], its[key]) for key in its)


class Border:
    """The calls to the system that a save makes; the n-th fails as a full disk or a dying process would."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fails_at: int | None, error: BaseException):
        self.count = 0
        for name in ("fsync", "replace", "mkdir", "open"):
            real = getattr(os, name)

            def call(*args: Any, real: Any = real, **kwargs: Any) -> Any:
                self.count += 1
                if self.count == fails_at:
                    raise error
                return real(*args, **kwargs)

            monkeypatch.setattr(os, name, call)


class Dies(BaseException):
    """What a kill looks like from inside: nothing after it happens."""


def calls(tmp_path: Path) -> int:
    with pytest.MonkeyPatch.context() as patch:
        border = Border(patch, None, Dies())
        state.save(tmp_path / "counted", made(1))
        return border.count


@pytest.mark.parametrize("step", [4, 6], ids=["the same step again", "a later step"])
def test_wherever_it_dies_a_whole_state_stays(step: int, tmp_path: Path) -> None:
    total = calls(tmp_path)
    assert total >= 6
    known = [float(made(1, one).weights["unet.a"][0, 0]) for one in (1.0, 2.0, 3.0)]
    for number in range(1, total + 3):
        states = tmp_path / f"{number}"
        state.save(states, made(2, 1.0))
        state.save(states, made(4, 2.0))
        with pytest.MonkeyPatch.context() as patch:
            Border(patch, number, Dies())
            with contextlib.suppress(Dies):
                state.save(states, made(step, 3.0))
        newest = state.newest(states)
        wanted = known if step == 4 else known[1:]  # between two renames of the same step the one before is the newest
        assert value(newest) in wanted, number
        state.save(states, made(8, 4.0))  # and the next one succeeds
        state.tidy(states, 2, None)
        assert state.newest(states) == states / "000008"
        assert not list(states.glob(".*"))


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_full_disk_is_told_and_leaves_nothing_half_written(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = tmp_path / "states"
    state.save(states, made(2))
    seen = 0
    real = os.fsync

    def full(handle: int) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull) as caught:
        state.save(states, made(4))
    assert "4" in caught.value.problem.message
    assert "room" in caught.value.problem.remedy
    assert [path.name for path in states.iterdir()] == ["000002"]


def test_too_little_room_is_seen_before_anything_is_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    states = tmp_path / "states"
    state.save(states, made(2))
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(DiskFull, match="MiB are free"):
        state.save(states, made(4))
    assert [path.name for path in states.iterdir()] == ["000002"]


@pytest.mark.parametrize(
    "file", ["weights.safetensors", "ema.safetensors", "optimiser.pt", "progress.json", "manifest.json"]
)
@pytest.mark.parametrize("damage", ["gone", "cut", "changed", "something else"])
def test_a_damaged_state_is_never_taken(file: str, damage: str, tmp_path: Path) -> None:
    state.save(tmp_path, made(2))
    path = state.save(tmp_path, made(4)) / file
    data = bytearray(path.read_bytes())
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(data[:-1])
    elif damage == "something else":
        path.write_text("[]")
    else:
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    assert state.newest(tmp_path) == tmp_path / "000002"


def test_a_state_that_cannot_be_read_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    path = state.save(tmp_path, made(2))
    (path / "weights.safetensors").write_bytes(b"nothing")
    with pytest.raises(AtelierError, match="older"):
        state.load(path)


def test_the_newest_and_the_best_are_kept(tmp_path: Path) -> None:
    for step in (2, 4, 6, 8, 10):
        state.save(tmp_path, made(step))
    state.tidy(tmp_path, 2, best=4)
    assert [int(path.name) for path in state.saved(tmp_path)] == [10, 8, 4]


def test_damaged_states_do_not_count_among_those_that_are_kept(tmp_path: Path) -> None:
    for step in (2, 4, 6):
        state.save(tmp_path, made(step))
    (tmp_path / "000006" / "optimiser.pt").unlink()
    state.tidy(tmp_path, 1, best=None)
    assert state.newest(tmp_path) == tmp_path / "000004"


def test_states_are_tidied_without_reading_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of a whole model are gigabytes, and it happens after each save."""
    for step in (2, 4, 6):
        state.save(tmp_path, made(step))
    (tmp_path / "000006" / "ema.safetensors").write_bytes(b"half")

    def read(*args: object) -> None:
        raise AssertionError("a state was read")

    monkeypatch.setattr(hashlib, "file_digest", read)
    state.tidy(tmp_path, 1, best=None)
    assert [int(path.name) for path in state.saved(tmp_path)] == [6, 4]


def test_a_state_of_a_gpu_opens_on_a_machine_without_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(torch.serialization, "location_tag", lambda storage: "cuda:7")  # as it is noted on such a machine
        path = state.save(tmp_path, made(2))
    moments = state.load(path).optimiser["state"][0]
    assert {str(one.device) for one in moments.values()} == {"cpu"}


def test_the_best_of_the_measurements_is_noted_in_the_progress() -> None:
    progress = Progress(step=0)
    for step, held in ((0, 3.0), (10, 2.0), (20, 2.5), (30, 2.6)):
        progress.step = step
        progress.add({"step": step, "held_out": held, "error": 0.0, "train": 1.0})
    assert (progress.best_step, progress.best_loss, progress.waited) == (10, 2.0, 2)
    progress.add({"step": 30, "held_out": 1.0, "error": 0.0, "train": 1.0})
    assert [row["step"] for row in progress.measured] == [0, 10, 20, 30]
    assert (progress.best_step, progress.waited) == (30, 0)


def test_the_best_step_is_one_whose_state_was_kept() -> None:
    """A wider error later must not make an earlier step the best: its state is gone by then."""
    progress = Progress()
    kept = set()
    for step, held, error in ((0, 3.0, 0.0), (10, 2.5, 0.01), (20, 2.0, 0.01), (30, 1.9, 0.7)):
        progress.step = step
        progress.add({"step": step, "held_out": held, "error": error, "train": 1.0})
        kept |= {step} if progress.best_step == step else set()
    assert progress.best_step in kept
    assert (progress.best_step, progress.best_loss) == (20, 2.0)
