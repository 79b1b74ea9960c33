"""What a fix did is taken back to the byte, and nothing outside of the roots is touched."""

import json
import os
from pathlib import Path

import pytest

from engine.errors import BadRequest, DiskFull, NotFound
from engine.training.data.edits import Edit, Edits, Move, Write, left_out, to_write
from tests.engine.training.data.folders import painting, put


@pytest.fixture
def edits(tmp_path: Path) -> Edits:
    (tmp_path / "set").mkdir()
    return Edits((tmp_path / "set",), tmp_path / "records")


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_writing_and_moving_are_taken_back(tmp_path: Path, edits: Edits) -> None:
    folder = tmp_path / "set"
    for name in ("a.png", "a.txt", "a.mask.png", "b.txt"):
        put(folder / name, name)
    before = files(folder)
    written = edits.carry_out(to_write({folder / "b.txt": b"new", folder / "c.txt": b"made"}))
    moved = edits.carry_out(left_out([folder / "a.png"]))
    assert set(files(folder)) == {"_left_out/a.png", "_left_out/a.txt", "_left_out/a.mask.png", "b.txt", "c.txt"}
    edits.take_back(moved)
    edits.take_back(written)
    assert files(folder) == before
    assert not (folder / "_left_out").exists()
    assert not list(edits.records.iterdir())


def test_what_somebody_changed_since_stays_and_is_named(tmp_path: Path, edits: Edits) -> None:
    path = put(tmp_path / "set" / "a.txt", "old")
    record = edits.carry_out(to_write({path: b"new"}))
    path.write_text("by hand")
    assert edits.take_back(record) == [path]
    assert path.read_text() == "by hand"


def test_nothing_is_moved_onto_something(tmp_path: Path, edits: Edits) -> None:
    folder = tmp_path / "set"
    put(folder / "_left_out" / "a.png", "older")
    put(folder / "a.png", "newer")
    edits.carry_out(left_out([folder / "a.png"]))
    assert files(folder) == {"_left_out/a.png": b"older", "_left_out/a (2).png": b"newer"}


def test_half_an_edit_is_undone_when_the_disk_fails(tmp_path: Path, edits: Edits) -> None:
    folder = tmp_path / "set"
    put(folder / "a.txt", "old")
    put(folder / "taken", "in the way")
    edit = Edit((Write(folder / "a.txt", b"old", b"new"),), (Move(folder / "a.txt", folder / "taken"),))
    with pytest.raises(DiskFull, match="all is as it was"):
        edits.carry_out(edit)
    assert files(folder) == {"a.txt": b"old", "taken": b"in the way"}


def test_an_edit_that_was_killed_in_its_midst_is_taken_back(tmp_path: Path, edits: Edits) -> None:
    """The record is there first; here only the first of two files was written."""
    one, two = put(tmp_path / "set" / "1.txt", "old"), put(tmp_path / "set" / "2.txt", "old")
    record = edits.carry_out(to_write({one: b"new", two: b"new"}))
    two.write_text("old")
    assert edits.take_back(record) == []
    assert (one.read_text(), two.read_text()) == ("old", "old")


def test_nothing_outside_of_the_roots_is_written_or_moved(tmp_path: Path, edits: Edits) -> None:
    outside = put(tmp_path / "other" / "a.txt", "old")
    (tmp_path / "set" / "link").symlink_to(tmp_path / "other")
    for edit in (
        to_write({outside: b"new"}),
        to_write({tmp_path / "set" / ".." / "other" / "a.txt": b"new"}),
        to_write({tmp_path / "set" / "link" / "a.txt": b"new"}),
        left_out([outside]),
    ):
        with pytest.raises(BadRequest, match="outside"):
            edits.carry_out(edit)
    assert outside.read_text() == "old"


def test_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path: Path, edits: Edits) -> None:
    outside = put(tmp_path / "other.txt", "old")
    (tmp_path / "set" / "a.txt").symlink_to(outside)
    edits.carry_out(to_write({tmp_path / "set" / "a.txt": b"new"}))
    assert outside.read_text() == "old"


def test_a_record_from_elsewhere_is_not_believed(tmp_path: Path, edits: Edits) -> None:
    forged = put(tmp_path / "set" / "record.json", json.dumps({"writes": [], "moves": []}))
    with pytest.raises(NotFound):
        edits.take_back(forged)
    with pytest.raises(NotFound):
        edits.take_back(edits.records / ".." / "set" / "record.json")


@pytest.mark.parametrize(("most", "kept"), [({"MOST_RECORDS": 3}, [5, 6, 7]), ({"MOST_BYTES": 2500}, [6, 7])])
def test_the_oldest_changes_are_forgotten(
    most: dict[str, int], kept: list[int], tmp_path: Path, edits: Edits, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in most.items():
        monkeypatch.setattr(f"engine.training.data.edits.{name}", value)
    path = put(tmp_path / "set" / "a.txt", "0" * 350)
    records = [edits.carry_out(to_write({path: f"{number}".encode() * 350})) for number in range(1, 8)]
    assert [number for number, record in enumerate(records, 1) if record.exists()] == kept
    for record in reversed(records[-len(kept) :]):
        assert edits.take_back(record) == []
    assert path.read_text() == f"{kept[0] - 1}" * 350


def test_a_change_can_be_taken_back_however_large_it_is(
    tmp_path: Path, edits: Edits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.training.data.edits.MOST_BYTES", 10)
    path = put(tmp_path / "set" / "a.txt", "old")
    edits.take_back(edits.carry_out(to_write({path: b"new" * 1000})))
    assert path.read_text() == "old"


def test_a_picture_that_shares_its_caption_leaves_it_behind(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg"):
        put(tmp_path / name, painting(1))
    put(tmp_path / "a.txt", "both")
    assert [move.source.name for move in left_out([tmp_path / "a.jpg"]).moves] == ["a.jpg"]


def test_a_folder_is_listed_once_however_many_of_its_files_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a thousand copies among a hundred thousand files would take the better part of an hour."""
    paths = [put(tmp_path / f"{number}.png", b"x") for number in range(30)]
    captions = [put(path.with_suffix(".txt"), b"a caption") for path in paths]
    listed: list[object] = []
    real = os.scandir
    monkeypatch.setattr(os, "scandir", lambda folder: listed.append(folder) or real(folder))
    edit = left_out(paths)
    assert {move.source for move in edit.moves} == {*paths, *captions}
    assert len(listed) == 1
