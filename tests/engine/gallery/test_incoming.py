"""Old pictures come in untouched, with what their text says and from their own day."""

import io
import os
import time
from pathlib import Path

import pytest
from PIL import Image

from engine.errors import BadRequest
from engine.gallery.search import Filters
from engine.gallery.store import Gallery
from tests.engine.gallery.pictures import TEXT, file
from tests.engine.gallery.test_gallery import everything, job, made


@pytest.mark.parametrize(("kind", "ending"), [("PNG", ".png"), ("JPEG", ".jpg"), ("WEBP", ".webp")])
def test_a_picture_comes_in_with_its_bytes_and_its_settings(gallery: Gallery, kind: str, ending: str) -> None:
    content = file(kind)
    image, known = gallery.take_in(content, "old/00012-99.xyz", "ann", seen_by="ann")
    path = gallery.file(image.id, "ann")
    assert not known
    assert path.read_bytes() == content
    assert path.suffix == ending
    assert (image.format, image.imported, image.name) == (kind.lower(), True, "00012-99.xyz")
    assert (image.prompt, image.seed, image.steps, image.sampler, image.checkpoint) == (
        *("a red fox", "99", 30, "Euler a", "fox"),
    )
    assert (image.width, image.height, image.request.words.negative_prompt) == (64, 48, "blurry")
    with Image.open(gallery.thumbnail(image.id, "ann")) as small:
        assert (small.format, small.size) == ("WEBP", (64, 48))
    for asked in ("fox", "blurry", "00012"):
        assert gallery.count("ann", Filters(q=asked)) == 1, asked


def test_what_does_not_fit_here_is_still_shown_and_found(gallery: Gallery) -> None:
    text = TEXT.replace("Euler a", "Wild Sampler").replace("Steps: 30", "Steps: 900")
    image, _ = gallery.take_in(file(text=text), "a.png", "ann", seen_by=None)
    assert (image.sampler, image.steps, image.prompt) == ("Wild Sampler", 900, "a red fox")
    assert image.request.sampling.seed == 99, "and what fits is kept for drawing again"
    assert image.infotext == text
    assert gallery.count(None, Filters(samplers=("Wild Sampler",))) == 1


def test_a_prompt_longer_than_a_request_holds_is_whole(gallery: Gallery) -> None:
    prompt = "fox " * 6000 + "end"
    image, _ = gallery.take_in(file(text=TEXT.replace("a red fox", prompt)), "a.png", "ann", seen_by=None)
    assert gallery.get(image.id, None).prompt == prompt
    assert gallery.count(None, Filters(q="fox end")) == 1


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "no settings at all",
        "Steps: 1, Seed: x, Size: 0x0",
        "\0" * 99,
        "Steps: 2, Sampler: , Seed: 99999999999999999999999",
    ],
)
def test_a_picture_without_settings_comes_in_as_well(gallery: Gallery, text: str | None) -> None:
    image, _ = gallery.take_in(file("JPEG", text=text), "", "ann", seen_by=None)
    assert image.imported
    assert gallery.page(None, sort="seed")[0][0].id == image.id
    assert gallery.file(image.id, None).is_file()


def test_the_same_bytes_are_known(gallery: Gallery, tmp_path: Path) -> None:
    first, _ = gallery.take_in(file(), "a.png", "ann", seen_by="ann")
    assert gallery.take_in(file(), "b.png", "ann", seen_by="ann") == (first, True)
    assert len(everything(tmp_path)) == 2
    other, known = gallery.take_in(file(), "c.png", "bob", seen_by="bob")
    assert (other.owner, known) == ("bob", False), "what somebody else has is not told"
    of = job()
    drawn = gallery.keep(of, made(of))
    assert gallery.take_in(gallery.file(drawn.id, None).read_bytes(), "d.png", "ann", seen_by=None)[0].id == drawn.id


def test_a_picture_stored_before_there_were_digests_is_known_by_its_bytes(gallery: Gallery) -> None:
    of = job(seed=99)
    drawn = gallery.keep(of, made(of, content=file()))
    with gallery.rows.writing() as connection:
        connection.execute("UPDATE catalogue SET sha256 = NULL")
    assert gallery.take_in(file(), "a.png", "bob", seen_by="bob")[1] is False
    image, known = gallery.take_in(file(), "a.png", "ann", seen_by="ann")
    assert (image.id, known) == (drawn.id, True)


def exif(tag: int, when: str) -> bytes:
    data, content = Image.Exif(), io.BytesIO()
    if tag == 0x9003:
        data.get_ifd(0x8769)[tag] = when
    else:
        data[tag] = when
    Image.new("RGB", (16, 16)).save(content, "JPEG", exif=data)
    return content.getvalue()


MODIFIED = time.mktime((2022, 3, 4, 5, 6, 7, 0, 0, -1))


@pytest.mark.parametrize(
    ("content", "name", "modified", "wanted"),
    [
        (exif(0x9003, "2023:05:04 10:15:30"), "2021-01-01.jpg", MODIFIED, "2023-05-04 10:15:30"),
        (exif(0x0132, "2023:05:04 10:15:30"), "x.jpg", None, "2023-05-04 10:15:30"),
        (exif(0x0132, "0000:00:00 00:00:00"), "x.jpg", MODIFIED, "2022-03-04 05:06:07"),
        (file(), "20230504-101530-x.png", MODIFIED, "2023-05-04 10:15:30"),
        (file(), "2023-05-04/101530-99-ab.png", MODIFIED, "2023-05-04 10:15:30"),
        (file(), "out/2023-05-04/00012-123456789.png", MODIFIED, "2023-05-04 00:00:00"),
        (file(), "2022-03-04/00012.png", MODIFIED, "2022-03-04 05:06:07"),
        (file(), "2023-02-31.png", MODIFIED, "2022-03-04 05:06:07"),
        (file(), "1234567890123456789.png", MODIFIED, "2022-03-04 05:06:07"),
        (file(), "x.png", MODIFIED, "2022-03-04 05:06:07"),
    ],
)
def test_its_day_is_its_own(gallery: Gallery, content: bytes, name: str, modified: float | None, wanted: str) -> None:
    image, _ = gallery.take_in(content, name, "ann", seen_by=None, modified=modified)
    assert time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(image.created)) == wanted
    assert gallery.file(image.id, None).parent.name == wanted[:10]


@pytest.mark.parametrize("modified", [None, -5.0, 1e300, float("nan"), float("inf")])
def test_without_a_day_it_is_today(gallery: Gallery, modified: float | None) -> None:
    image, _ = gallery.take_in(file(), "x.png", "ann", seen_by=None, modified=modified)
    assert abs(image.created - time.time()) < 60


def test_a_picture_that_lies_on_its_side_is_shown_upright(gallery: Gallery) -> None:
    data, content = Image.Exif(), io.BytesIO()
    data[0x0112] = 6
    Image.new("RGB", (64, 32)).save(content, "JPEG", exif=data)
    image, _ = gallery.take_in(content.getvalue(), "x.jpg", "ann", seen_by=None)
    assert (image.width, image.height) == (32, 64)
    with Image.open(gallery.thumbnail(image.id, None)) as small:
        assert small.size == (32, 64)


def gif() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (16, 16)).save(content, "GIF")
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "picture.empty"),
        (b"<html>", "picture.kind"),
        (file()[:200], "picture.damaged"),
        (gif(), "gallery.format"),
        (file(size=(4, 4)), "picture.tiny"),
    ],
)
def test_what_is_no_picture_leaves_nothing(gallery: Gallery, tmp_path: Path, content: bytes, code: str) -> None:
    with pytest.raises(BadRequest) as refused:
        gallery.take_in(content, "x.png", "ann", seen_by=None)
    assert refused.value.problem.code == code
    assert everything(tmp_path) == []
    assert gallery.count(None) == 0


def test_a_hostile_name_is_only_a_name(gallery: Gallery, tmp_path: Path) -> None:
    for name in ("../../../etc/passwd.png", "C:\\Windows\\x.png", "\0\x1b[31m.png", "x" * 5000 + ".png", "/"):
        image, _ = gallery.take_in(file(text=f"a {os.urandom(4).hex()}"), name, "ann", seen_by=None)
        assert gallery.file(image.id, None).resolve().is_relative_to(tmp_path / "outputs")
        assert not set(image.name) & set("/\\\0\x1b")
        assert len(image.name) <= 200
