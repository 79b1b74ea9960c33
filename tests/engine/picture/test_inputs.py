"""Pictures that jobs start from: kept by their hash, and those of live jobs not for long."""

import io
from pathlib import Path

import pytest
from PIL import Image

from engine.errors import BadRequest, NotFound
from engine.picture.inputs import Passing, open_input


def picture(grey: int) -> bytes:
    file = io.BytesIO()
    Image.new("L", (8, 8), grey).save(file, "PNG")
    return file.getvalue()


def test_pictures_of_live_jobs_go_when_a_few_more_have_come(tmp_path: Path) -> None:
    passing = Passing(tmp_path, most=3)
    names = [passing.put(picture(grey)) for grey in range(5)]
    assert {path.name for path in tmp_path.iterdir()} == set(names[2:])
    assert open_input(tmp_path, names[4]).size == (8, 8)
    with pytest.raises(NotFound):
        open_input(tmp_path, names[0])


def test_what_is_given_to_keep_stays_before_or_afterwards(tmp_path: Path) -> None:
    passing = Passing(tmp_path, most=2)
    first = passing.keep(picture(0))
    assert passing.put(picture(0)) == first
    second = passing.put(picture(1))
    assert passing.keep(picture(1)) == second
    for grey in range(2, 9):
        passing.put(picture(grey))
    assert {first, second} < {path.name for path in tmp_path.iterdir()}
    assert len(list(tmp_path.iterdir())) == 4


def test_one_that_comes_again_is_new(tmp_path: Path) -> None:
    passing = Passing(tmp_path, most=2)
    names = [passing.put(picture(grey)) for grey in (0, 1, 0, 2)]
    assert {path.name for path in tmp_path.iterdir()} == {names[0], names[3]}


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRequest):
        Passing(tmp_path).put(b"<svg/>")


def test_what_is_lent_stays_as_long_as_it_is_needed_and_then_goes_as_the_others_do(tmp_path: Path) -> None:
    passing = Passing(tmp_path, most=2)
    with passing.lend(picture(0)) as lent, passing.lend(picture(0)) as again:
        assert lent == again
        others = [passing.put(picture(grey)) for grey in range(1, 6)]
        assert {path.name for path in tmp_path.iterdir()} == {lent, *others[3:]}
    assert {path.name for path in tmp_path.iterdir()} == set(others[3:])
    assert not passing.lent


def test_lending_what_is_kept_changes_nothing(tmp_path: Path) -> None:
    passing = Passing(tmp_path, most=0)
    kept = passing.keep(picture(0))
    with passing.lend(picture(0)):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {kept}


def test_what_is_lent_and_no_picture_leaves_nothing(tmp_path: Path) -> None:
    passing = Passing(tmp_path)
    with pytest.raises(BadRequest), passing.lend(b"<svg/>"):
        pass
    assert not passing.lent
