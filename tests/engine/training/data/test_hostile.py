"""Files that are meant to do harm are findings like any other."""

import struct
import zlib
from pathlib import Path

import pytest

from tests.engine.training.data.folders import codes, fill, one, painting, put, saved, scanned

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, idat: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", idat) + chunk(b"IEND", b"")


BAD = {
    "empty.png": b"",
    "text.png": b"this is no picture",
    "bomb.png": png(30000, 30000, zlib.compress(bytes(1000))),
    "lie.png": png(60000, 60000, b""),
    "page.svg.png": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "program.eps.png": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run",
    "dot.png": saved(painting(1, (4, 4))),
    "thread.png": saved(painting(1, (8, 4000))),  # resized to cover its bucket it would have gigabytes
    "cut.jpg": saved(painting(1), "JPEG")[:600],
    "cut.webp": saved(painting(1), "WEBP")[:100],
}


@pytest.mark.parametrize("name", BAD)
def test_a_hostile_picture_is_left_out_and_named(tmp_path: Path, name: str) -> None:
    fill(tmp_path, 5)
    put(tmp_path / name, BAD[name])
    put(tmp_path / name, BAD[name]).with_suffix(".txt").write_text("a caption")
    report = scanned(tmp_path)
    found = one(report, "damaged")
    assert [path.name for path in found.files] == [name]
    assert found.details[0].startswith(f"{name}: ")
    assert len(found.details[0]) > len(name) + 10
    assert report.ready
    assert report.totals.train == 5


def test_a_picture_of_gigabytes_is_not_read(tmp_path: Path) -> None:
    fill(tmp_path, 5)
    with put(tmp_path / "huge.png", b"").open("r+b") as file:
        file.truncate(2**33)
    found = one(scanned(tmp_path), "damaged")
    assert found.details == ("huge.png: The file is larger than 64 MB.",)


def test_names_of_every_kind_are_borne(tmp_path: Path) -> None:
    names = ["猫.png", "a'b\"c.png", "<script>.png", "new\nline.png", "x" * 200 + ".png", "[!a]*.png", "é.png"]
    for number, name in enumerate(names):
        put(tmp_path / name, painting(number)).with_suffix(".txt").write_text(f"thing {number}")
    report = scanned(tmp_path)
    assert codes(report) == set()
    assert {item.path.name for item in report.items} == set(names)
