"""Whatever is in an upload, files land in their folder, and only pictures and captions do."""

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadRequest
from engine.training.data import archive, upload
from engine.training.data.upload import Names, receive_files, receive_zip
from tests.engine.training.data.folders import painting, saved

PICTURE = saved(painting(1))


def zipped(*entries: tuple[str, bytes], **attributes: int) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in entries:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            for attribute, value in attributes.items():
                setattr(info, attribute, value)
            packed.writestr(info, content)
    file.seek(0)
    return file


def inside(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_pictures_and_captions_arrive_with_their_folders(tmp_path: Path) -> None:
    entries = ("a.png", "10_cat/b.png"), ("a.txt", "10_cat/b.caption", "10_cat/metadata.jsonl")
    sent = zipped(*((name, PICTURE) for name in entries[0]), *((name, b"a cat") for name in entries[1]))
    received = receive_zip(sent, "cats", tmp_path)
    assert received.folder == tmp_path / "cats"
    assert inside(tmp_path / "cats") == set(received.taken) == {*entries[0], *entries[1]}
    assert received.left_out == []
    assert (tmp_path / "cats" / "a.png").read_bytes() == PICTURE


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil.png", "outside"),
        ("a/../../evil.png", "outside"),
        ("/etc/evil.png", "outside"),
        ("C:\\evil.png", "outside"),
        ("..\\evil.png", "outside"),
        ("\\\\host\\share\\evil.png", "outside"),
        ("__MACOSX/._a.png", "hidden"),
        (".git/a.png", "hidden"),
        ("_left_out/a.png", "hidden"),
        ("evil.exe", "kind"),
        ("evil.png.py", "kind"),
        ("page.svg", "kind"),
        ("1/2/3/4/5/6/7/8/9.png", "deep"),
    ],
)
def test_what_does_not_belong_is_left_out_and_listed(tmp_path: Path, name: str, reason: str) -> None:
    received = receive_zip(zipped(("a.png", PICTURE), (name, PICTURE)), "cats", tmp_path / "datasets")
    assert [why for _, why in received.left_out] == [reason]
    assert inside(tmp_path) == {"datasets/cats/a.png"}


def test_a_picture_that_is_none_is_left_out(tmp_path: Path) -> None:
    received = receive_zip(zipped(("a.png", PICTURE), ("b.png", b"MZ no picture")), "cats", tmp_path)
    assert received.left_out == [("b.png", "kind")]


def test_a_link_is_left_out(tmp_path: Path) -> None:
    sent = zipped(("a.png", PICTURE), external_attr=(stat.S_IFLNK | 0o777) << 16)
    with zipfile.ZipFile(sent, "a") as packed:
        packed.writestr("b.png", PICTURE)
    assert receive_zip(sent, "cats", tmp_path).left_out == [("a.png", "link")]
    assert inside(tmp_path) == {"cats/b.png"}


def test_a_zip_without_a_picture_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="no picture in the zip"):
        receive_zip(zipped(("a.txt", b"a cat")), "cats", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_bomb_is_left_out_before_it_is_unpacked(tmp_path: Path) -> None:
    received = receive_zip(zipped(("a.png", PICTURE), ("bomb.txt", bytes(10_000_000))), "cats", tmp_path)
    assert received.left_out == [("bomb.txt", "bomb")]


def test_a_bomb_that_lies_about_its_size_is_stopped(tmp_path: Path) -> None:
    data = bytearray(zipped(("bomb.txt", bytes(10_000_000)), ("a.png", PICTURE)).getvalue())
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = data.find(mark) + at
        assert struct.unpack_from("<L", data, place) == (10_000_000,)
        struct.pack_into("<L", data, place, 100)
    received = receive_zip(io.BytesIO(data), "cats", tmp_path)
    assert [name for name, _ in received.left_out] == ["bomb.txt"]
    assert inside(tmp_path / "cats") == {"a.png"}


def test_too_much_in_all_is_refused_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "LARGEST_TOTAL", len(PICTURE) * 2)
    with pytest.raises(BadRequest, match="larger than 8 GB"):
        receive_zip(zipped(*((f"{number}.png", PICTURE) for number in range(3))), "cats", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_too_many_files_are_refused_before_the_list_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_ENTRIES", 5)
    sent = zipped(*((f"{number}.txt", b"") for number in range(6)))
    with pytest.raises(BadRequest, match="holds more than"):
        receive_zip(sent, "cats", tmp_path)


def test_a_directory_that_claims_gigabytes_is_refused(tmp_path: Path) -> None:
    data = bytearray(zipped(("a.png", PICTURE)).getvalue())
    struct.pack_into("<L", data, len(data) - 22 + 12, 2**30)
    with pytest.raises(BadRequest, match="holds more than"):
        receive_zip(io.BytesIO(data), "cats", tmp_path)
    end = len(data) - 22
    large = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, 2**40, 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    lying = data[:end] + large + locator + zipped(("a.png", PICTURE)).getvalue()[end:]
    with pytest.raises(BadRequest, match="holds more than"):
        receive_zip(io.BytesIO(lying), "cats", tmp_path)


@pytest.mark.parametrize("cut", [0, 10, 100, -30])
def test_a_damaged_zip_is_said_to_be_one(tmp_path: Path, cut: int) -> None:
    data = zipped(("a.png", PICTURE)).getvalue()
    with pytest.raises(BadRequest, match="zip"):
        receive_zip(io.BytesIO(data[:cut]), "cats", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_one_damaged_entry_does_not_cost_the_others(tmp_path: Path) -> None:
    data = bytearray(zipped(("bad.png", PICTURE), ("a.png", PICTURE)).getvalue())
    data[60:90] = bytes(30)
    received = receive_zip(io.BytesIO(data), "cats", tmp_path)
    assert received.left_out == [("bad.png", "damaged")]
    assert received.taken == ["a.png"]


@given(st.binary(max_size=300), st.integers(0, 2000))
def test_any_bytes_are_a_zip_or_a_clear_refusal(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int
) -> None:
    datasets = tmp_path_factory.mktemp("noise")
    data = zipped(("a.png", PICTURE), ("a.txt", b"cat")).getvalue()
    at %= len(data)
    try:
        receive_zip(io.BytesIO(data[:at] + noise + data[at + len(noise) :]), "cats", datasets)
    except BadRequest as error:
        assert error.problem.remedy  # noqa: PT017
        assert list(datasets.iterdir()) == []


def test_names_that_clash_get_a_number_and_their_captions_too(tmp_path: Path) -> None:
    sent = [("a.png", PICTURE), ("A.png", PICTURE), ("A.txt", b"large"), ("a.txt", b"small"), ("con.png", PICTURE)]
    received = receive_zip(zipped(*sent, ("what?.png", PICTURE)), "cats", tmp_path)
    assert inside(tmp_path / "cats") == {"a.png", "a.txt", "A (2).png", "A (2).txt", "_con.png", "what_.png"}
    assert (tmp_path / "cats" / "A (2).txt").read_bytes() == b"large"
    assert received.left_out == []


def test_a_folder_that_exists_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "Cats").mkdir()
    with pytest.raises(BadRequest, match="already") as refused:
        receive_zip(zipped(("a.png", PICTURE)), "cats", tmp_path)
    assert refused.value.problem.field == "name"
    assert inside(tmp_path) == set()


@pytest.mark.parametrize("name", ["", "..", "a/b", "a\\b", ".hidden", "a\0b", "con", "x" * 101, "dot.", "-a", "a\n"])
def test_a_name_that_is_no_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadRequest, match="name of a folder"):
        receive_zip(zipped(("a.png", PICTURE)), name, tmp_path)
    with pytest.raises(BadRequest, match="name of a folder"):
        receive_files([("a.png", PICTURE)], name, tmp_path)


def test_single_files_are_added_and_replace_nothing(tmp_path: Path) -> None:
    receive_files([("a.png", PICTURE)], "cats", tmp_path)
    other = saved(painting(2))
    received = receive_files(
        [("../A.png", other), ("A.txt", b"other"), ("x.exe", b"MZ"), (".b.png", PICTURE), ("bad.png", b"")],
        "cats",
        tmp_path,
    )
    assert inside(tmp_path) == {"cats/a.png", "cats/A (2).png", "cats/A (2).txt"}
    assert (tmp_path / "cats" / "a.png").read_bytes() == PICTURE
    assert received.left_out == [("x.exe", "kind"), (".b.png", "hidden"), ("bad.png", "empty")]
    receive_files([("a.txt", b"its caption")], "cats", tmp_path)
    assert (tmp_path / "cats" / "a.txt").read_bytes() == b"its caption"


NAMED = st.lists(st.sampled_from(["a.png", "A.png", "a.txt", "A.txt", "a (2).png", "a.mask.png", "b/a.png", "B/a.txt"]))


@given(NAMED, st.sets(st.sampled_from(["a.png", "A.TXT", "a (2).txt"])))
def test_no_name_is_given_twice_in_whatever_capitals(wanted: list[str], there: set[str]) -> None:
    from pathlib import PurePosixPath

    given = [str(path) for path in Names(there).of([PurePosixPath(name) for name in wanted])]
    folded = [name.casefold() for name in given] + [name.casefold() for name in there]
    assert len(set(folded)) == len(folded)
