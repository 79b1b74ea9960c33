"""Data sets: whole, the same again, and going on after an interruption."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recipes.postcard.dataset import MARKER, METADATA, Order, write
from recipes.postcard.scenes import held_out, scene_of

ORDER = Order(count=12, seed=3, size=64, maps=("edges", "depth", "masks", "strokes"))


def content(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_data_set_is_pictures_captions_and_maps(tmp_path: Path) -> None:
    assert write(tmp_path, ORDER)
    rows = [json.loads(line) for line in (tmp_path / METADATA).read_text("utf-8").splitlines()]
    assert len(rows) == 12
    for number, row in enumerate(rows):
        assert row["file_name"] == f"{number:06d}.png"
        assert row["text"] == row["texts"][0]
        assert 1 < len(row["texts"]) <= 4
        scene = scene_of(row["scene"])
        assert not held_out(scene)
        for path in (tmp_path, tmp_path / "edges", tmp_path / "depth", tmp_path / "control"):
            assert Image.open(path / row["file_name"]).size == (64, 64)
        masks = sorted((tmp_path / "masks").glob(f"{number:06d}-*.png"))
        assert len(masks) == len(scene.things)
    assert json.loads((tmp_path / MARKER).read_text("utf-8"))["count"] == 12
    assert not list(tmp_path.rglob("*.part"))
    assert not list(tmp_path.rglob("*.started"))


def test_writing_it_again_does_nothing(tmp_path: Path) -> None:
    write(tmp_path, ORDER)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert not write(tmp_path, ORDER)
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}


def test_two_processes_write_the_same_bytes_as_one(tmp_path: Path) -> None:
    write(tmp_path / "one", ORDER)
    write(tmp_path / "two", ORDER, processes=2)
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_an_interrupted_data_set_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "whole", ORDER)
    saved = Image.Image.save
    written = 0

    def full_disk(self: Image.Image, *arguments, **options) -> None:
        nonlocal written
        written += 1
        if written > 20:
            raise OSError("No space left on device")
        saved(self, *arguments, **options)

    monkeypatch.setattr(Image.Image, "save", full_disk)
    with pytest.raises(OSError, match="No space"):
        write(tmp_path / "cut", ORDER)
    assert not (tmp_path / "cut" / MARKER).exists()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "cut").glob("*.png")}
    assert 0 < len(kept) < 12
    monkeypatch.undo()
    assert write(tmp_path / "cut", ORDER)
    assert content(tmp_path / "cut") == content(tmp_path / "whole")
    assert kept == {path: path.stat().st_mtime_ns for path in kept}  # what was there was not drawn again


def test_another_data_set_is_not_written_over(tmp_path: Path) -> None:
    write(tmp_path, ORDER)
    with pytest.raises(ValueError, match="holds another data set"):
        write(tmp_path, Order(count=13, seed=3, size=64))


def test_a_wrong_order_is_refused() -> None:
    with pytest.raises(ValueError, match="count: 0"):
        Order(count=0, seed=0)
    with pytest.raises(ValueError, match="maps: 'normal'"):
        Order(count=1, seed=0, maps=("normal",))


def test_the_mask_of_things_covers_each_thing_and_leaves_the_rest(tmp_path: Path) -> None:
    order = Order(count=12, seed=3, size=64, maps=("masks", "things"))
    write(tmp_path, order)
    for row in map(json.loads, (tmp_path / METADATA).read_text("utf-8").splitlines()):
        path, stem = tmp_path / row["file_name"].replace(".png", ".mask.png"), row["file_name"][:-4]
        if not scene_of(row["scene"]).things:
            assert not path.exists()
            continue
        mask = np.asarray(Image.open(path))
        for one in (tmp_path / "masks").glob(f"{stem}-*.png"):
            assert np.all(mask >= np.asarray(Image.open(one)))
        assert np.any(mask == 0)
