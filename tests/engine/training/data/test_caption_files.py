"""Captions in files, whatever wrote them."""

import json
import time
from pathlib import Path

import pytest

from engine.training.data.caption_files import Read, caption_bytes, read_captions, read_metadata
from tests.engine.training.data.folders import put


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("größe, 猫".encode(), "utf-8"),
        ("größe, 猫".encode("utf-8-sig"), "utf-8-sig"),
        ("größe, 猫".encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + "größe, 猫".encode("utf-16-be"), "utf-16"),
        ("größe, 猫".encode("utf-32"), "utf-32"),
    ],
)
def test_an_encoding_that_says_its_name_is_read(tmp_path: Path, content: bytes, encoding: str) -> None:
    assert read_captions(put(tmp_path / "a.txt", content)) == Read(("größe, 猫",), encoding)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_recognised_by_its_zeros(tmp_path: Path, encoding: str) -> None:
    assert read_captions(put(tmp_path / "a.txt", "a größe cat".encode(encoding))).captions == ("a größe cat",)


@pytest.mark.parametrize("content", ["größe – x".encode("cp1252"), b"gr\xf6\xdfe \x81"])
def test_latin_1_is_read_and_said_to_be_guessed(tmp_path: Path, content: bytes) -> None:
    read = read_captions(put(tmp_path / "a.txt", content))
    assert read.encoding == "latin-1"
    assert read.captions[0].startswith("größe")


def test_each_line_is_a_caption_and_empty_ones_are_none(tmp_path: Path) -> None:
    assert read_captions(put(tmp_path / "a.txt", "a cat\r\n\r\n  two\tcats \na cat\n")).captions == (
        "a cat",
        "two cats",
    )
    assert read_captions(put(tmp_path / "b.txt", "")).captions == ()


@pytest.mark.parametrize(
    ("content", "captions"),
    [
        ({"caption": "a cat"}, ("a cat",)),
        ({"captions": ["a", "b"]}, ("a", "b")),
        ({"texts": ["a", "b"]}, ("a", "b")),
        ({"text": "a"}, ("a",)),
        ({"tags": ["red", "cat"]}, ("red, cat",)),
        ({"caption": "a cat", "tags": "red, x"}, ("a cat, red, x",)),
        ("a cat", ("a cat",)),
        ({"width": 5}, ()),
        ([1, 2], ()),
        ({"caption": {"a": 1}}, ()),
    ],
)
def test_json_is_read(tmp_path: Path, content: object, captions: tuple[str, ...]) -> None:
    assert read_captions(put(tmp_path / "a.json", json.dumps(content))) == Read(captions)


@pytest.mark.parametrize("content", ["{", "[" * 50_000, '{"caption": ' + "9" * 5000 + "}", "\ufeff\x00"])
def test_broken_json_is_damaged(tmp_path: Path, content: str) -> None:
    assert read_captions(put(tmp_path / "a.json", content)).trouble == "damaged"


def test_a_caption_of_a_gigabyte_is_refused_without_reading_it(tmp_path: Path) -> None:
    for name in ("a.txt", "a.json", "metadata.jsonl"):
        path = put(tmp_path / name, "")
        with path.open("r+b") as file:
            file.truncate(2**30)
        begun = time.perf_counter()
        trouble = read_metadata(path)[1] if name == "metadata.jsonl" else read_captions(path).trouble
        assert trouble == "large"
        assert time.perf_counter() - begun < 0.1


def test_metadata_of_hugging_face_has_a_line_a_picture(tmp_path: Path) -> None:
    lines = [{"file_name": "a.png", "text": "one"}, {"file_name": "b/c.png", "texts": ["two", "three"]}]
    path = put(tmp_path / "metadata.jsonl", "\n".join(map(json.dumps, lines)))
    assert read_metadata(path) == ({"a.png": ("one",), "b/c.png": ("two", "three")}, "")
    assert read_metadata(put(tmp_path / "bad.jsonl", '{"file_name": "a"}\n{'))[1] == "damaged"
    assert read_metadata(put(tmp_path / "odd.jsonl", '{"file_name": "a", "text": "x"}\n[]')) == (
        {"a": ("x",)},
        "damaged",
    )


def test_metadata_of_kohya_is_one_object(tmp_path: Path) -> None:
    table = {
        "/x/a.png": {"caption": "a cat", "tags": "red, big"},
        "b": {"tags": "blue", "train_resolution": [512, 512]},
    }
    path = put(tmp_path / "meta.json", json.dumps(table))
    assert read_metadata(path) == ({"/x/a.png": ("a cat, red, big",), "b": ("blue",)}, "")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    captions = ("a größe cat", "two\nlines", "")
    assert read_captions(put(tmp_path / "a.txt", caption_bytes(captions))).captions == ("a größe cat", "two lines")
