"""The gallery keeps pictures whole, finds them fast, and forgets them completely."""

import errno
import io
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from engine.errors import BadRequest, DiskFull, NotFound
from engine.events import Made
from engine.gallery import files
from engine.gallery.store import Gallery
from engine.job import Job, new_id
from engine.request.generation import GenerationRequest

LARGEST_SEED = 2**64 - 1


def png(colour: str = "red", text: str = "a cat\nSteps: 3") -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", text)
    file = io.BytesIO()
    Image.new("RGB", (640, 480), colour).save(file, "PNG", pnginfo=info)
    return file.getvalue()


def job(owner: str = "ann", seed: int = 7, count: int = 1) -> Job:
    request = GenerationRequest().with_(
        words={"prompt": "a cat"}, sampling={"seed": seed, "steps": 3}, output={"count": count}
    )
    return Job(id=new_id(), owner=owner, request=request, created=time.time())


def made(of: Job, index: int = 0, content: bytes | None = None) -> Made:
    return Made(job=of.id, index=index, file=content or png(), infotext="a cat\nSteps: 3", seconds=1.5)


def everything(data: Path) -> list[str]:
    return sorted(p.name for folder in ("outputs", "thumbnails") for p in (data / folder).rglob("*") if p.is_file())


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    gallery = Gallery(tmp_path)
    yield gallery
    gallery.close()


def test_a_picture_is_stored_byte_for_byte_with_a_thumbnail_and_its_facts(gallery: Gallery, tmp_path: Path) -> None:
    of, content = job(count=2), png()
    image = gallery.keep(of, made(of, 1, content))
    file = gallery.file(image.id, "ann")
    assert file.read_bytes() == content
    assert file.is_relative_to(tmp_path / "outputs")
    assert f"-8-{image.id[-8:]}.png" in file.name
    assert (image.index, image.seed, image.width, image.height, image.prompt) == (1, "8", 640, 480, "a cat")
    assert image.request.output.count == 1
    with Image.open(gallery.thumbnail(image.id, "ann")) as small:
        assert (small.format, small.size) == ("WEBP", (320, 240))
    assert gallery.made(of.id) == {1: image.id}


def test_the_largest_seed_is_kept_exactly(gallery: Gallery) -> None:
    of = job(seed=LARGEST_SEED)
    image = gallery.keep(of, made(of))
    assert image.seed == "18446744073709551615"
    assert image.request.sampling.seed == LARGEST_SEED


def test_keeping_a_picture_twice_stores_it_once(gallery: Gallery, tmp_path: Path) -> None:
    of = job()
    first = gallery.keep(of, made(of))
    assert gallery.keep(of, made(of, content=png("blue"))) == first
    assert gallery.count(None) == 1
    assert len(everything(tmp_path)) == 2


def test_a_stored_picture_survives_a_new_start(gallery: Gallery, tmp_path: Path) -> None:
    of = job()
    image = gallery.keep(of, made(of))
    again = Gallery(tmp_path)
    assert again.get(image.id, "ann") == image
    assert again.sweep() == 0
    assert again.file(image.id, None).exists()
    again.close()


def test_a_full_disk_leaves_no_file_and_no_row(
    gallery: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    of = job()
    with monkeypatch.context() as disk:
        disk.setattr(files.os, "fsync", refuse)
        with pytest.raises(DiskFull):
            gallery.keep(of, made(of))
    assert everything(tmp_path) == []
    assert gallery.count(None) == 0
    assert gallery.keep(of, made(of)).index == 0, "and with space again it works"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="needs a small file system of its own")
def test_a_really_full_disk_leaves_no_file_and_no_row(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        gallery = Gallery(disk)
        noise = io.BytesIO()
        Image.frombytes("RGB", (600, 600), os.urandom(600 * 600 * 3)).save(noise, "PNG")
        of = job()
        with pytest.raises(DiskFull):
            gallery.keep(of, made(of, content=noise.getvalue()))
        assert everything(disk) == []
        assert gallery.count(None) == 0
        assert gallery.keep(of, made(of)).index == 0
        gallery.close()
    finally:
        subprocess.run(["umount", str(disk)], check=False)


KEEP_AND_DIE = """
import os, sys
from pathlib import Path
from engine.gallery import files
from engine.gallery.store import Gallery
from tests.engine.gallery.test_gallery import job, made
data, at = Path(sys.argv[1]), int(sys.argv[2])
calls = 0
def counting(real):
    def call(*arguments):
        global calls
        calls += 1
        if calls == at:
            os._exit(9)
        return real(*arguments)
    return call
files.os.fsync, files.os.replace = counting(os.fsync), counting(os.replace)
of = job()
print(gallery.keep(of, made(of)).id if (gallery := Gallery(data)) else "")
"""


@pytest.mark.parametrize("moment", [1, 2, 3, 4, 5, 6, 7])
def test_a_death_while_keeping_leaves_the_picture_whole_or_absent(tmp_path: Path, moment: int) -> None:
    house = Path(__file__).resolve().parents[3]
    ended = subprocess.run([sys.executable, "-c", KEEP_AND_DIE, str(tmp_path), str(moment)], cwd=house)
    assert ended.returncode == (9 if moment < 7 else 0)
    gallery = Gallery(tmp_path)
    gallery.sweep()
    images, _ = gallery.page(None)
    assert len(everything(tmp_path)) == 2 * len(images), "no orphans, no row without its files"
    assert len(images) == (0 if moment < 7 else 1)
    for image in images:
        Image.open(gallery.file(image.id, None)).load()
    gallery.close()


def test_pages_run_from_the_newest_to_the_oldest_without_gap_or_repetition(gallery: Gallery) -> None:
    ids = []
    for owner in ("ann", "bob", "ann", "ann", "bob"):
        of = job(owner)
        ids.append(gallery.keep(of, made(of)).id)
    seen, cursor = [], None
    while True:
        page, cursor = gallery.page(None, cursor, 2)
        seen += [image.id for image in page]
        if cursor is None:
            break
    assert seen == ids[::-1]
    assert [image.owner for image in gallery.page("bob")[0]] == ["bob", "bob"]
    assert (gallery.count(None), gallery.count("ann"), gallery.count("bob")) == (5, 3, 2)


def test_a_page_goes_on_after_its_last_picture_was_deleted(gallery: Gallery) -> None:
    ids = []
    for _ in range(4):
        of = job()
        ids.append(gallery.keep(of, made(of)).id)
    page, cursor = gallery.page("ann", limit=2)
    gallery.delete(page[-1].id, "ann")
    assert [image.id for image in gallery.page("ann", cursor)[0]] == [ids[1], ids[0]]


def test_a_made_up_cursor_is_refused_in_words(gallery: Gallery) -> None:
    with pytest.raises(BadRequest, match="not a page"):
        gallery.page(None, "'; DROP TABLE images")


def test_somebody_elses_picture_does_not_exist(gallery: Gallery) -> None:
    of = job("ann")
    image = gallery.keep(of, made(of))
    for look in (gallery.get, gallery.file, gallery.thumbnail, gallery.delete):
        with pytest.raises(NotFound):
            look(image.id, "bob")
    assert gallery.get(image.id, "ann") == gallery.get(image.id, None)


def test_a_deleted_picture_is_gone_with_its_files(gallery: Gallery, tmp_path: Path) -> None:
    of = job()
    image = gallery.keep(of, made(of))
    gallery.delete(image.id, "ann")
    assert everything(tmp_path) == []
    with pytest.raises(NotFound):
        gallery.get(image.id, None)
    with pytest.raises(NotFound):
        gallery.delete(image.id, "ann")


def test_a_file_that_the_disk_holds_on_to_is_removed_by_the_next_sweep(
    gallery: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(errno.EACCES, "in use", str(path))

    of = job()
    image = gallery.keep(of, made(of))
    with monkeypatch.context() as disk:
        disk.setattr(Path, "unlink", refuse)
        gallery.delete(image.id, "ann")
    assert len(everything(tmp_path)) == 2
    assert gallery.count(None) == 0
    assert gallery.sweep() == 2
    assert everything(tmp_path) == []
    assert gallery.sweep() == 0


def test_a_picture_whose_file_someone_removed_says_so(gallery: Gallery, tmp_path: Path) -> None:
    of = job()
    image = gallery.keep(of, made(of))
    shutil.rmtree(tmp_path / "outputs")
    with pytest.raises(NotFound, match="file is gone"):
        gallery.file(image.id, None)
    gallery.delete(image.id, None)
    assert gallery.count(None) == 0


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    path = tmp_path / "a" / "picture.png"
    files.write(path, b"whole")
    with monkeypatch.context() as disk:
        disk.setattr(files.os, "fsync", refuse)
        with pytest.raises(OSError, match="Input/output"):
            files.write(path, b"other")
    assert path.read_bytes() == b"whole"
    assert [p.name for p in path.parent.iterdir()] == ["picture.png"]


def with_trace(of: Job) -> Made:
    return made(of).model_copy(update={"trace": b'{"version": 1, "steps": []}'})


def test_the_steps_of_a_picture_are_kept_beside_it_and_survive_a_new_start(gallery: Gallery, tmp_path: Path) -> None:
    of, plain = job(), job()
    image, other = gallery.keep(of, with_trace(of)), gallery.keep(plain, made(plain))
    assert (image.trace, other.trace) == (True, False)
    again = Gallery(tmp_path)
    assert again.get(image.id, "ann").trace
    assert again.trace(image.id, "ann").read_bytes() == b'{"version": 1, "steps": []}'
    assert again.trace(image.id, "ann").is_relative_to(tmp_path / "traces")
    assert again.sweep() == 0
    again.close()
    with pytest.raises(NotFound) as caught:
        gallery.trace(other.id, "ann")
    assert caught.value.problem.code == "trace.none"


def test_another_visitor_does_not_see_the_steps(gallery: Gallery) -> None:
    of = job()
    image = gallery.keep(of, with_trace(of))
    with pytest.raises(NotFound, match="no such picture"):
        gallery.trace(image.id, "bob")


def test_the_steps_go_with_their_picture(gallery: Gallery, tmp_path: Path) -> None:
    of = job()
    image = gallery.keep(of, with_trace(of))
    gallery.delete(image.id, "ann")
    assert [path for path in (tmp_path / "traces").rglob("*") if path.is_file()] == []
    assert gallery.sweep() == 0


def test_steps_that_do_not_fit_onto_the_disk_leave_no_half_file(
    gallery: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = files.write

    def refuse(path: Path, content: bytes) -> None:
        if path.suffix == ".json":
            path.parent.mkdir(parents=True)
            path.with_name(path.name + ".part").write_bytes(content[:3])
            raise files.disk_full()
        whole(path, content)

    of = job()
    with monkeypatch.context() as disk:
        disk.setattr(files, "write", refuse)
        with pytest.raises(DiskFull):
            gallery.keep(of, with_trace(of))
    assert [path for path in (tmp_path / "traces").rglob("*") if path.is_file()] == []
    assert not gallery.get(gallery.made(of.id)[0], None).trace, "the picture itself is whole"


def test_a_database_of_before_the_steps_is_opened(tmp_path: Path) -> None:
    gallery, of = Gallery(tmp_path), job()
    image = gallery.keep(of, made(of))
    gallery.close()
    old = sqlite3.connect(tmp_path / "atelier.db")
    old.execute("ALTER TABLE images DROP COLUMN trace")
    old.close()
    gallery = Gallery(tmp_path)
    assert gallery.get(image.id, None) == image
    later = job()
    assert gallery.keep(later, with_trace(later)).trace
    gallery.close()
