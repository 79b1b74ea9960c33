"""Styles are A1111's: its rule, its file, byte for byte."""

from pathlib import Path

import pytest

from engine.errors import BadRequest, NotFound
from engine.prompt.styles import Style, Styles, apply

THEIRS = (
    "\ufeffname,prompt,negative_prompt\r\n"
    'Photo,"photo of {prompt}, 35mm, ""sharp""","drawing, painting"\r\n'
    "Mood,warm light,\r\n"
    'Lines,"two\nlines",\r\n'
)


@pytest.fixture
def styles(tmp_path: Path) -> Styles:
    (tmp_path / "styles.csv").write_bytes(THEIRS.encode())
    return Styles(tmp_path / "styles.csv")


@pytest.mark.parametrize(
    ("style", "prompt", "expected"),
    [
        ("photo of {prompt}, sharp", "a cat", "photo of a cat, sharp"),
        ("warm", "a cat ", "a cat, warm"),
        ("warm", "", "warm"),
        ("", "a cat", "a cat"),
        ("{prompt} and {prompt}", "x", "x and x"),
    ],
)
def test_the_prompt_goes_to_its_place_or_before_the_style(style: str, prompt: str, expected: str) -> None:
    assert apply(style, prompt) == expected


def test_their_file_is_read_and_written_back_byte_for_byte(styles: Styles) -> None:
    assert styles.find("Photo").prompt == 'photo of {prompt}, 35mm, "sharp"'
    assert styles.find("Lines").prompt == "two\nlines"
    styles.put(styles.find("Mood"))
    assert styles.file.read_bytes() == THEIRS.encode()


def test_an_old_file_without_negative_prompts_is_read(tmp_path: Path) -> None:
    (tmp_path / "styles.csv").write_text("name, text\nA, b\n")
    assert Styles(tmp_path / "styles.csv").all() == [Style("A", "b")]


def test_styles_are_added_changed_renamed_and_deleted(styles: Styles) -> None:
    styles.put(Style("New", "n"))
    styles.put(Style("Mood", "cold light"))
    styles.put(Style("Daylight", "cold light"), instead_of="Mood")
    styles.delete("Photo")
    assert [style.name for style in Styles(styles.file).all()] == ["Daylight", "Lines", "New"]
    with pytest.raises(NotFound):
        styles.delete("Photo")


def test_a_name_that_is_taken_is_not_doubled_by_a_renaming(styles: Styles) -> None:
    styles.put(Style("Photo", "p"), instead_of="Mood")
    assert [style.name for style in styles.all()] == ["Photo", "Lines"]


def test_an_unknown_style_is_refused_at_its_field(styles: Styles) -> None:
    with pytest.raises(BadRequest, match="no style 'Nope'") as caught:
        styles.find("Nope")
    assert caught.value.problem.field == "styles"


def test_a_damaged_file_is_said_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "styles.csv"
    file.write_bytes(b"name,prompt\n\xff\xfe\x00,b\n")
    with pytest.raises(BadRequest, match="cannot be read"):
        Styles(file).put(Style("A"))
    assert file.read_bytes().startswith(b"name,prompt\n\xff")


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 201])
def test_a_style_needs_a_name(name: str, styles: Styles) -> None:
    with pytest.raises(BadRequest, match="needs a name"):
        styles.put(Style(name))
