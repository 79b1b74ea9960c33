"""The list of models: what is in it, under which name, and what happens when files come, change and go."""

import os
from pathlib import Path

import pytest

from engine.errors import BadRequest, ModelDamaged
from engine.library.scan import Library
from engine.settings import HOUSE
from tests.engine.library.blobs import of_shapes, write
from tests.engine.library.test_identify import CLIP, UNET, VAE

SD1 = of_shapes(UNET | VAE | CLIP)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def checkpoints(models: Path) -> Path:
    return models / "checkpoints"


@pytest.fixture
def library(models: Path, tmp_path: Path) -> Library:
    return Library(models, tmp_path / "cache")


def names(library: Library) -> list[str]:
    return [model.name for model in library.checkpoints()]


def variant(number: int) -> bytes:
    return of_shapes(UNET | VAE | CLIP, {"number": str(number)})


def test_the_built_in_model_is_usable_and_knows_its_size(tmp_path: Path) -> None:
    library = Library(HOUSE / "models", tmp_path)
    postcard = library.find("postcard")
    assert (postcard.width, postcard.height, postcard.layout, postcard.problem) == (128, 128, "folder", None)
    assert postcard.title == "Postcard"
    assert postcard.licence == "Apache-2.0"
    assert len(postcard.examples) >= 6
    assert postcard.size > 16e6


def test_usable_models_come_first_and_damaged_ones_say_why(library: Library, checkpoints: Path) -> None:
    write(checkpoints / "b.safetensors", SD1)
    write(checkpoints / "mine" / "a.safetensors", SD1)
    write(checkpoints / "0.safetensors", SD1[:-1])
    write(checkpoints / "00.ckpt", b"PK\x03\x04")
    write(checkpoints / "notes.txt", b"hello")
    write(checkpoints / ".hidden.safetensors", SD1)
    write(checkpoints / "coming.safetensors.part", SD1)
    assert names(library) == ["b", "mine/a", "0", "00"]
    cut, pickle = library.checkpoints()[2:]
    assert cut.problem
    assert "cut off" in cut.problem.message
    assert pickle.problem
    assert "Convert" in pickle.problem.remedy
    with pytest.raises(ModelDamaged, match="cut off"):
        library.find("0")
    assert library.find("").name == "b"


def test_a_model_is_found_by_name_suffix_case_and_hash(library: Library, checkpoints: Path) -> None:
    write(checkpoints / "mine" / "Dreamy.safetensors", SD1)
    write(checkpoints / "other.safetensors", variant(2))
    dreamy = library.find("mine/Dreamy")
    digest = library.hash_of(dreamy)
    assert len(digest) == 10
    for wanted in (
        "mine/Dreamy.safetensors",
        " mine/dreamy ",
        digest,
        f"mine/Dreamy [{digest}]",
        f"renamed [{digest}]",
    ):
        assert library.find(wanted) == dreamy, wanted


def test_a_hash_finds_a_file_that_nobody_has_hashed_yet(models: Path, checkpoints: Path, tmp_path: Path) -> None:
    write(checkpoints / "a.safetensors", variant(1))
    write(checkpoints / "b.safetensors", variant(2))
    first = Library(models, tmp_path / "one")
    digest = first.hash_of(first.find("b"))
    assert Library(models, tmp_path / "two").find(digest).name == "b"


def test_an_unknown_name_is_refused_with_what_comes_close(library: Library, checkpoints: Path) -> None:
    write(checkpoints / "dreamy_v2.safetensors", SD1)
    with pytest.raises(BadRequest) as caught:
        library.find("dremy_v2")
    assert caught.value.problem.field == "checkpoint"
    assert "Did you mean dreamy_v2?" in caught.value.problem.remedy
    with pytest.raises(BadRequest, match="There are: dreamy_v2"):
        library.find("x" * 5000)
    with pytest.raises(BadRequest):
        library.find("../../etc/passwd")
    with pytest.raises(BadRequest):
        library.find("dreamy_v2 [0123456789]")


def test_an_empty_folder_says_what_to_put_there(library: Library) -> None:
    assert library.checkpoints() == []
    with pytest.raises(BadRequest, match=r"models/checkpoints"):
        library.find("")


def test_files_that_come_change_and_go_are_noticed(library: Library, checkpoints: Path) -> None:
    path = write(checkpoints / "a.safetensors", SD1)
    before = library.find("a")
    old = library.hash_of(before)
    write(checkpoints / "b.safetensors", SD1)
    assert library.find("b").name == "b"  # without a refresh
    part = write(checkpoints / "a.part", variant(7))
    os.replace(part, path)
    assert library.hash_of(library.find("a")) != old
    assert library.find("a").size != before.size
    path.unlink()
    library.refresh()
    assert names(library) == ["b"]
    with pytest.raises(BadRequest):
        library.find("a")


def test_a_file_that_gets_damaged_is_refused_at_the_next_question(library: Library, checkpoints: Path) -> None:
    path = write(checkpoints / "a.safetensors", SD1)
    library.find("a")
    path.write_bytes(SD1[:-3])
    with pytest.raises(ModelDamaged):
        library.find("a")


def test_an_unchanged_file_is_not_read_again(library: Library, checkpoints: Path) -> None:
    path = write(checkpoints / "a.safetensors", SD1)
    library.find("a")
    about = path.stat()
    path.write_bytes(bytes(len(SD1)))  # the same inode and size
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    library.refresh()
    assert library.checkpoints()[0].problem is None


def test_models_that_are_called_alike_get_names_of_their_own(library: Library, checkpoints: Path) -> None:
    write(checkpoints / "a.ckpt", b"PK\x03\x04")
    write(checkpoints / "a.safetensors", SD1)
    write(checkpoints / "a" / "model_index.json", b"{}")
    write(checkpoints / "line\nbreak.safetensors", SD1)
    assert sorted(names(library)) == ["a", "a.ckpt", "a.safetensors", "line?break"]
    assert library.find("a.safetensors").layout == "file"


def test_links_are_followed_but_not_in_circles(library: Library, checkpoints: Path, tmp_path: Path) -> None:
    elsewhere = write(tmp_path / "elsewhere" / "far.safetensors", SD1)
    checkpoints.mkdir(parents=True)
    (checkpoints / "near.safetensors").symlink_to(elsewhere)
    (checkpoints / "dangling.safetensors").symlink_to(tmp_path / "nothing")
    (checkpoints / "circle").symlink_to(checkpoints)
    assert library.find("near").size == len(SD1)
    assert names(library) == ["near", "dangling"]
    assert library.checkpoints()[1].problem


def test_a_card_overrides_the_size_and_a_broken_card_is_no_card(library: Library, checkpoints: Path) -> None:
    write(checkpoints / "a.safetensors", SD1)
    card = write(checkpoints / "a.atelier.json", b'{"title": "Dreamy", "width": 640, "examples": ["a cat"]}')
    assert (library.find("a").title, library.find("a").width, library.find("a").height) == ("Dreamy", 640, 512)
    for broken in (b"[]", b"{", b'{"width": 3}', b'{"title": 5}', b"[" * 50_000):
        card.write_bytes(broken)
        assert (library.find("a").title, library.find("a").width) == ("", 512)


def test_an_lfs_pointer_is_listed_as_what_it_is(library: Library, checkpoints: Path) -> None:
    write(checkpoints / "a.safetensors", b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n")
    (model,) = library.checkpoints()
    assert model.problem
    assert "git lfs pull" in model.problem.remedy
