"""A damaged database: the last whole copy comes back, and no picture's file is lost."""

from pathlib import Path
from typing import Any

import pytest

from commands import import_pictures, recover
from engine.copies import copies
from engine.errors import AtelierError
from engine.folder_lock import FolderLock
from engine.gallery.store import Gallery
from engine.library.scan import Library
from engine.studio import PainterSettings, Studio
from tests.engine.test_copies import damage
from tests.engine.test_studio import BOAT, MODELS, finished
from tests.engine.workers.quick import make

FIRST: dict[str, Any] = {**BOAT, "prompt": "before the copy"}
SECOND: dict[str, Any] = {**BOAT, "prompt": "after the copy", "width": 128}


def studio(data: Path) -> Studio:
    library = Library(MODELS, data.parent / "cache")
    return Studio(
        data, library, PainterSettings(device="cpu"), workers="inprocess", disk_reserve=0.0, make_painter=make
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """One picture before a copy was made, one after it; then the database is damaged."""
    data = tmp_path / "data"
    one = studio(data)
    one.start()
    finished(one, one.submit(FIRST, "anna").id)
    assert one.copies.make()
    finished(one, one.submit(SECOND, "anna").id)
    one.stop()
    return data


def prompts(data: Path) -> list[str]:
    gallery = Gallery(data)
    try:
        images, _ = gallery.page(None)
        assert all(gallery.file(image.id, None).exists() for image in images)
        return sorted(image.prompt for image in images)
    finally:
        gallery.close()


def test_the_studio_says_how_to_recover_and_then_draws_on(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damage(data / "atelier.db")
    with pytest.raises(AtelierError, match=r"launch\.py recover"):
        studio(data)
    assert recover.main(["--data", str(data)]) == 0
    assert "1 pictures are younger than it and lie in data/found" in capsys.readouterr().out
    assert prompts(data) == ["before the copy"]
    assert import_pictures.main([str(data / "found"), "--data", str(data)]) == 0
    assert len(prompts(data)) == 2
    assert len(list((data / "damaged").rglob("atelier.db"))) == 1, "the damaged one is kept"
    again = studio(data)
    again.start()
    assert finished(again, again.submit(BOAT, "anna").id).value == "done"
    again.stop()


def test_a_whole_database_is_left_alone(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (data / "atelier.db").read_bytes()
    assert recover.main(["--data", str(data)]) == 0
    assert "whole" in capsys.readouterr().out
    assert (data / "atelier.db").read_bytes() == before


def test_a_copy_can_be_asked_for_by_its_day(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    day = copies(data)[0].stem.removeprefix("atelier-")
    assert recover.main(["--data", str(data), "--copy", "1999-01-01"]) == 2
    assert f"There are: {day}." in capsys.readouterr().err
    assert recover.main(["--data", str(data), "--copy", day]) == 0
    assert prompts(data) == ["before the copy"]


def test_without_a_whole_copy_nothing_is_changed(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damage(copies(data)[0])
    damage(data / "atelier.db")
    before = (data / "atelier.db").read_bytes()
    assert recover.main(["--data", str(data)]) == 2
    assert "whole" in capsys.readouterr().err
    assert (data / "atelier.db").read_bytes() == before
    assert len(list((data / "outputs").rglob("*.png"))) == 2


def test_a_running_studio_is_not_disturbed(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = FolderLock(data)
    lock.hold()
    try:
        assert recover.main(["--data", str(data)]) == 2
    finally:
        lock.release()
    assert "Another studio is running" in capsys.readouterr().err
