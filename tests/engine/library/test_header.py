"""Hostile and unlucky files are refused, each with a sentence that a user understands."""

import contextlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ModelDamaged
from engine.library.header import MOST_TENSORS, read_header
from tests.engine.library.blobs import blob, entry, of_shapes, write

GOOD = {"a": entry(0, 4), "b": entry(4, 8)}

BROKEN: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "empty": (lambda: b"", "model.empty", "is empty"),
    "seven bytes": (lambda: b"\x10\x01\x01\x01\x01\x01\x01", "model.truncated", "ends after 7 bytes"),
    "zeros": (lambda: bytes(5000), "model.blank", "download never finished"),
    "lfs pointer": (
        lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 4265146304\n",
        "model.lfs",
        "Git LFS pointer",
    ),
    "web page": (lambda: b"\n<!DOCTYPE html><html><body>Sign in</body></html>", "model.webpage", "need a login"),
    "error message": (lambda: b'{"error":"Invalid username or password."}', "model.webpage", "error message"),
    "zip pickle": (lambda: b"PK\x03\x04" + bytes(range(200)), "model.pickle", "pickle"),
    "raw pickle": (lambda: b"\x80\x02}q\x00X\x05\x00" + bytes(range(200)), "model.pickle", "pickle"),
    "gguf": (lambda: b"GGUF\x03\x00\x00\x00" + bytes(range(200)), "model.gguf", "GGUF"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(200)), "model.not_safetensors", "not a safetensors"),
    "header over the limit": (lambda: blob(b"{}", 9, length=2**25 + 1), "model.not_safetensors", "not a safetensors"),
    "header longer than the file": (lambda: blob(GOOD, 0, length=5000), "model.truncated", "ends inside"),
    "cut off": (lambda: blob(GOOD, 7), "model.truncated", "is cut off"),
    "trailing bytes": (lambda: blob(GOOD, 9), "model.trailing", "1 bytes after"),
    "hole": (lambda: blob({"a": entry(0, 4), "b": entry(6, 8)}, 8), "model.layout", "hole"),
    "does not begin at 0": (lambda: blob({"a": entry(2, 4)}, 4), "model.layout", "hole"),
    "overlap": (lambda: blob({"a": entry(0, 4), "b": entry(2, 6)}, 6), "model.layout", "overlap"),
    "the same place twice": (lambda: blob({"a": entry(0, 4), "b": entry(0, 4)}, 4), "model.layout", "overlap"),
    "reversed": (lambda: blob({"a": entry(4, 0, [2])}, 4), "model.tensor", "does not fill"),
    "wrong size": (lambda: blob({"a": entry(0, 4, [3])}, 4), "model.tensor", "does not fill"),
    "overflow": (lambda: blob({"a": entry(0, 4, [2**40, 2**40])}, 4), "model.tensor", "does not fill"),
    "huge beside zero": (lambda: blob({"a": entry(0, 0, [2**40, 0])}, 0), "model.tensor", "does not fill"),
    "negative side": (lambda: blob({"a": entry(0, 4, [-2])}, 4), "model.tensor", "no number"),
    "side of text": (lambda: blob({"a": entry(0, 4, ["2"])}, 4), "model.tensor", "no number"),
    "side of truth": (lambda: blob({"a": entry(0, 2, [True])}, 2), "model.tensor", "no number"),
    "fraction": (lambda: blob({"a": entry(0, 4, [2.0])}, 4), "model.tensor", "no number"),
    "NaN side": (lambda: blob('{"a":{"dtype":"F16","shape":[NaN],"data_offsets":[0,4]}}', 4), "model.tensor", "number"),
    "digits without end": (
        lambda: blob('{"a":{"dtype":"F16","shape":[' + "9" * 9000 + '],"data_offsets":[0,4]}}', 4),
        "model.header",
        "unreadable",
    ),
    "rank 9": (lambda: blob({"a": entry(0, 2, [1] * 9)}, 2), "model.tensor", "impossible shape"),
    "unknown dtype": (lambda: blob({"a": entry(0, 4, [2], "F17")}, 4), "model.tensor", "unknown number format (F17)"),
    "dtype that is a list": (lambda: blob({"a": entry(0, 4, [2], [])}, 4), "model.tensor", "unknown number format"),
    "long name": (lambda: blob({"n" * 513: entry(0, 4)}, 4), "model.header", "513 letters"),
    "no offsets": (lambda: blob({"a": {"dtype": "F16", "shape": [2]}}, 4), "model.tensor", "described"),
    "three offsets": (
        lambda: blob({"a": {"dtype": "F16", "shape": [2], "data_offsets": [0, 2, 4]}}, 4),
        "model.tensor",
        "no place",
    ),
    "a tensor that is text": (lambda: blob({"a": "F16"}, 4), "model.tensor", "described"),
    "duplicate tensors": (
        lambda: blob('{"a":' + json.dumps(entry(0, 4)) + ',"a":' + json.dumps(entry(0, 4)) + "}", 4),
        "model.duplicate",
        "twice",
    ),
    "duplicate shapes": (
        lambda: blob('{"a":{"dtype":"F16","shape":[2],"shape":[2],"data_offsets":[0,4]}}', 4),
        "model.duplicate",
        "twice",
    ),
    "too many tensors": (
        lambda: blob({str(i): entry(0, 0, [0]) for i in range(MOST_TENSORS + 1)}, 0),
        "model.too_many",
        "50001 tensors",
    ),
    "no tensors": (lambda: blob({"__metadata__": {"a": "b"}}, 0), "model.no_tensors", "no tensors"),
    "a list": (lambda: blob("[1, 2, 3]", 4), "model.header", "is none"),
    "not JSON": (lambda: blob("{'a': 1}", 4), "model.header", "unreadable"),
    "not UTF-8": (lambda: blob(b'{"\xff\xfe": 1}', 4), "model.header", "unreadable"),
    "nested": (lambda: blob("[" * 200_000, 4), "model.header", "unreadable"),
    "metadata of numbers": (lambda: blob({"__metadata__": {"a": 1}, **GOOD}, 8), "model.header", "not text"),
    "metadata that is a list": (lambda: blob({"__metadata__": [], **GOOD}, 8), "model.header", "not text"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_refused_in_words(case: str, tmp_path: Path) -> None:
    content, code, words = BROKEN[case]
    path = write(tmp_path / "dreamy.safetensors", content())
    with pytest.raises(ModelDamaged) as caught:
        read_header(path)
    problem = caught.value.problem
    assert problem.code == code
    assert words in problem.message
    assert problem.message.startswith("dreamy.safetensors ")
    assert problem.remedy
    assert str(tmp_path) not in str(problem)


def test_a_whole_file_tells_its_tensors(tmp_path: Path) -> None:
    header = read_header(write(tmp_path / "a.safetensors", of_shapes({"x": [2, 3], "y": []}, {"note": "<b>"})))
    assert header.shape("x") == (2, 3)
    assert header.shape("y") == ()
    assert header.tensors["y"].end - header.tensors["y"].begin == 2
    assert header.metadata == {"note": "<b>"}
    assert header.tensors["y"].end == header.stamp.size


def test_names_that_look_like_paths_are_only_names(tmp_path: Path) -> None:
    assert "../../x" in read_header(write(tmp_path / "a.safetensors", of_shapes({"../../x": [1]}))).tensors


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path, code in ((tmp_path / "none.safetensors", "model.gone"), (tmp_path, "model.not_a_file")):
        with pytest.raises(ModelDamaged) as caught:
            read_header(path)
        assert caught.value.problem.code == code


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_does_not_hang_the_scan(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.safetensors")
    with pytest.raises(ModelDamaged):
        read_header(tmp_path / "pipe.safetensors")


@given(cut=st.integers(0, 200), at=st.integers(0, 200), byte=st.integers(0, 255))
def test_whatever_is_in_the_file_the_answer_is_a_header_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, cut: int, at: int, byte: int
) -> None:
    content = bytearray(of_shapes({"x": [2, 3], "y": [4]}))
    content[at % len(content)] = byte
    path = write(tmp_path_factory.getbasetemp() / "fuzz.safetensors", bytes(content[: len(content) - cut % 40]))
    with contextlib.suppress(ModelDamaged):
        assert read_header(path).tensors


def test_a_header_of_2600_tensors_is_read_in_no_time(tmp_path: Path) -> None:
    path = write(
        tmp_path / "big.safetensors", of_shapes({f"model.diffusion_model.{i}.weight": [4] for i in range(2600)})
    )
    taken = []
    for _ in range(3):
        began = time.thread_time()
        read_header(path)
        taken.append(time.thread_time() - began)
    assert min(taken) < 0.06  # 0.007 on a quiet machine
