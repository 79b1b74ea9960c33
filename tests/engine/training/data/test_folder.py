"""Any layout of a folder is understood."""

import os
from pathlib import Path

import pytest

from engine.training.data.folder import Found, allowed, by_stem, companions, listing
from tests.engine.training.data.folders import painting, put


def found(folder: Path) -> dict[str, Found]:
    return {str(one.path.relative_to(folder)): one for one in listing(folder, [folder]).pictures}


def test_flat_and_nested_pictures_are_found_and_hidden_ones_are_not(tmp_path: Path) -> None:
    for name in ("a.png", "B.JPG", "deep/er/c.webp", ".hidden.png", ".git/d.png", "__MACOSX/e.png", "_left_out/f.png"):
        put(tmp_path / name, "x")
    put(tmp_path / "notes.md", "x")
    put(tmp_path / "x.png.part", "x")
    assert set(found(tmp_path)) == {"a.png", "B.JPG", "deep/er/c.webp"}


@pytest.mark.parametrize(
    ("folder", "repeats", "words"),
    [
        ("10_sks cat", 10, "sks cat"),
        ("3_my_cat", 3, "my cat"),
        ("cats", 1, ""),
        ("2024_trip", 1, ""),
        ("0_cat", 1, ""),
        ("10_", 1, ""),
        ("10_cat/inner", 10, "cat"),
    ],
)
def test_a_folder_called_n_name_gives_repeats_and_a_caption(
    tmp_path: Path, folder: str, repeats: int, words: str
) -> None:
    put(tmp_path / folder / "a.png", "x")
    (one,) = found(tmp_path).values()
    assert (one.repeats, one.words) == (repeats, words)


def test_the_given_folder_itself_may_be_called_n_name_and_those_above_do_not_count(tmp_path: Path) -> None:
    put(tmp_path / "9_above" / "5_cat" / "a.png", "x")
    put(tmp_path / "9_above" / "plain" / "a.png", "x")
    assert found(tmp_path / "9_above" / "5_cat")["a.png"].repeats == 5
    assert found(tmp_path / "9_above" / "plain")["a.png"].repeats == 1


def test_captions_masks_and_controls_are_put_to_their_picture(tmp_path: Path) -> None:
    for name in (
        "a.png",
        "a.txt",
        "a.caption",
        "a.json",
        "a.mask.png",
        "control/a.jpg",
        "b.jpg",
        "b-masklabel.png",
        "b.jpg.txt",
    ):
        put(tmp_path / name, "x")
    pictures = found(tmp_path)
    assert set(pictures) == {"a.png", "b.jpg"}
    assert [path.name for path in pictures["a.png"].captions] == ["a.txt", "a.caption", "a.json"]
    assert pictures["a.png"].mask == tmp_path / "a.mask.png"
    assert pictures["a.png"].control == tmp_path / "control" / "a.jpg"
    assert pictures["b.jpg"].mask == tmp_path / "b-masklabel.png"
    assert [path.name for path in pictures["b.jpg"].captions] == ["b.jpg.txt"]


def test_a_folder_called_control_can_be_trained_on_itself(tmp_path: Path) -> None:
    put(tmp_path / "control" / "a.png", "x")
    assert set(found(tmp_path / "control")) == {"a.png"}


def test_what_has_no_picture_is_an_orphan(tmp_path: Path) -> None:
    for name in ("a.png", "b.txt", "c.mask.png", "control/d.png", "meta.json"):
        put(tmp_path / name, "x")
    made = listing(tmp_path, [tmp_path])
    assert sorted(path.name for path in made.orphans) == ["b.txt", "c.mask.png", "d.png"]
    assert [path.name for path in made.metadata] == ["meta.json"]


def test_links_out_of_the_roots_pipes_and_broken_links_are_left_aside(tmp_path: Path) -> None:
    secret = put(tmp_path / "secret" / "s.png", "x")
    folder = tmp_path / "open"
    put(folder / "a.png", "x")
    (folder / "stolen.png").symlink_to(secret)
    (folder / "folder").symlink_to(secret.parent)
    (folder / "inside.png").symlink_to(folder / "a.png")
    (folder / "broken.png").symlink_to(folder / "nothing.png")
    (folder / "loop.png").symlink_to(folder / "loop.png")
    os.mkfifo(folder / "pipe.png")
    made = listing(folder, [folder])
    assert {one.path.name for one in made.pictures} == {"a.png", "inside.png"}
    assert {path.name for path in made.outside} == {"stolen.png", "folder"}
    assert {path.name for path in made.odd} == {"broken.png", "loop.png", "pipe.png"}


def test_only_folders_within_the_roots_are_allowed(tmp_path: Path) -> None:
    root, other = tmp_path / "root", tmp_path / "root2"
    for folder in (root / "cats", other):
        folder.mkdir(parents=True)
    (root / "link").symlink_to(other)
    assert allowed("cats", [root]) == root / "cats"
    assert allowed(root / "cats", [tmp_path / "x", root]) == root / "cats"
    for bad in ("../root2", "/etc", other, "link", "a\0b", "cats/../../root2"):
        assert allowed(bad, [root]) is None
    assert allowed("nothing", [root]) == root / "nothing"


def test_a_picture_takes_along_what_no_other_one_needs(tmp_path: Path) -> None:
    for name in ("a.png", "a.txt", "a.mask.png", "b.png", "b.jpg", "b.txt", "c.png"):
        put(tmp_path / name, painting(1) if name.endswith("png") else "x")
    assert {path.name for path in companions(tmp_path / "a.png", by_stem(tmp_path))} == {"a.txt", "a.mask.png"}
    assert companions(tmp_path / "b.png", by_stem(tmp_path)) == []
