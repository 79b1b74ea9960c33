"""A zip is made while it is sent: original bytes, unique names, little memory."""

import io
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from engine.errors import BadRequest, NotFound
from engine.gallery.bundle import Entry, Unique, zipped
from engine.gallery.store import Gallery
from tests.engine.gallery.pictures import file
from tests.engine.gallery.test_gallery import job, made


def opened(gallery: Gallery, ids: list[str]) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(gallery.zip(gallery.select(ids, None), None))))


def test_the_files_are_the_originals_in_the_order_of_the_selection(gallery: Gallery) -> None:
    contents, ids = [], []
    for kind, colour in (("PNG", "red"), ("JPEG", "blue"), ("WEBP", "green")):
        contents.append(file(kind, colour=colour))
        ids.append(gallery.take_in(contents[-1], "旧 picture.PNG", "ann", seen_by=None)[0].id)
    with opened(gallery, ids[::-1]) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["旧 picture.PNG", "旧 picture (2).PNG", "旧 picture (3).PNG"]
        assert [archive.read(name) for name in archive.namelist()] == contents[::-1]
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}


def test_names_are_unique_also_where_capitals_do_not_count() -> None:
    names = Unique()
    assert [names.of(name) for name in ("a.png", "A.png", "a.png", "a (2).png", "a.jpg")] == [
        *("a.png", "A (2).png", "a (3).png", "a (2) (2).png", "a.jpg")
    ]


def test_a_file_that_is_gone_is_named_in_the_zip(gallery: Gallery) -> None:
    ids = []
    for _ in range(2):
        of = job()
        ids.append(gallery.keep(of, made(of)).id)
    lost = gallery.file(ids[0], None)
    lost.unlink()
    with opened(gallery, ids) as archive:
        assert len(archive.namelist()) == 2
        assert lost.name in archive.read("missing.txt").decode()


def test_a_large_zip_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(bytes(8 * 2**20))
    tracemalloc.start()
    size = sum(len(piece) for piece in zipped([Entry(path, "large.png", 1e9)] * 8))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 64 * 2**20
    assert peak < 4 * 2**20


def test_an_unknown_or_empty_or_endless_selection_is_refused(gallery: Gallery) -> None:
    with pytest.raises(NotFound, match="no longer known"):
        gallery.zip("x", None)
    for ids in ([], ["x"]):
        with pytest.raises(NotFound):
            gallery.select(ids, None)
    with pytest.raises(BadRequest, match="10,000"):
        gallery.select(["x"] * 10_001, None)
