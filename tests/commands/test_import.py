"""A folder of old pictures comes into the gallery, and what does not is told with its reason."""

import os
from pathlib import Path

import pytest

from commands import import_pictures
from engine.folder_lock import FolderLock
from engine.gallery.store import Gallery
from engine.people.people import People
from tests.engine.gallery.pictures import TEXT, file


@pytest.fixture
def old(tmp_path: Path) -> Path:
    folder = tmp_path / "old"
    (folder / "2023-05-04" / "deep").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    (folder / "a.png").write_bytes(file())
    (folder / "twice.PNG").write_bytes(file())
    (folder / "2023-05-04" / "00001-99.jpg").write_bytes(file("JPEG"))
    (folder / "2023-05-04" / "deep" / "x.webp").write_bytes(file("WEBP", text=TEXT.replace("fox", "owl")))
    (folder / "2023-05-04" / "notes.txt").write_text("hello")
    (folder / "broken.png").write_bytes(file()[:200])
    (folder / "lie.jpg").write_text("no picture")
    (folder / ".hidden" / "x.png").write_bytes(file())
    return folder


def run(folder: Path, data: Path) -> int:
    return import_pictures.main([str(folder), "--data", str(data)])


def test_a_folder_comes_in_with_its_folders_and_a_report(
    old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in old.rglob("*") if path.is_file()}
    assert run(old, tmp_path / "data") == 0
    told = capsys.readouterr().out
    assert "3 pictures taken in, 1 were here already, 2 skipped, 1 other files left alone." in told
    assert f"skipped {old / 'broken.png'}: The picture is damaged and cannot be read." in told
    assert f"skipped {old / 'lie.jpg'}: This is not a picture that can be opened." in told
    assert {path: path.read_bytes() for path in old.rglob("*") if path.is_file()} == before
    gallery = Gallery(tmp_path / "data")
    images = gallery.page(None)[0]
    assert {(image.name, image.prompt) for image in images} == {
        *(("a.png", "a red fox"), ("00001-99.jpg", "a red fox"), ("x.webp", "a red owl")),
    }
    day = next(image for image in images if image.name == "00001-99.jpg")
    assert gallery.file(day.id, None).parent.name == "2023-05-04"
    gallery.close()
    assert run(old, tmp_path / "data") == 0
    assert "0 pictures taken in, 4 were here already, 2 skipped" in capsys.readouterr().out


def test_pictures_come_into_the_gallery_of_a_person(old: Path, tmp_path: Path) -> None:
    """Also those that are there as somebody else's."""
    data = tmp_path / "data"
    people = People(data)
    ann = people.users.add("Ann", "artist", "a long password")
    people.close()
    assert run(old, data) == 0
    for _ in range(2):
        assert import_pictures.main([str(old), "--for", "ann", "--data", str(data)]) == 0
    gallery = Gallery(data)
    assert (gallery.count(ann.id), gallery.count(None)) == (3, 6)
    gallery.close()


def test_a_person_without_an_account_is_refused(old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert import_pictures.main([str(old), "--for", "nobody", "--data", str(tmp_path / "data")]) == 2
    assert capsys.readouterr().err


def test_beside_a_running_studio_it_says_what_to_do(
    old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = FolderLock(tmp_path / "data")
    lock.hold()
    assert run(old, tmp_path / "data") == 2
    told = capsys.readouterr()
    assert "A studio is running on this data folder. Stop it" in told.err
    assert told.out == ""
    lock.release()
    assert run(old, tmp_path / "data") == 0


def test_a_folder_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "nowhere", tmp_path / "data") == 2
    assert "There is no folder" in capsys.readouterr().err


def test_the_studios_own_outputs_come_in_once_and_its_thumbnails_never(
    old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    run(old, data)
    capsys.readouterr()
    assert run(data, data) == 0
    assert "0 pictures taken in, 3 were here already, 0 skipped" in capsys.readouterr().out


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_circle_of_links_ends(old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (old / "again").symlink_to(old)
    (old / "lost.png").symlink_to(old / "nowhere")
    assert run(old, tmp_path / "data") == 0
    assert f"skipped {old / 'lost.png'}: This is no file." in capsys.readouterr().out
