"""AND joins prompts, each with its weight; comments and extra networks are taken out."""

import pytest

from engine.errors import BadRequest
from engine.prompt import comments
from engine.prompt.composition import joined, rows, split
from engine.prompt.networks import Network, take_out


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", [("a", 1)]),
        ("", [("", 1)]),
        ("a :1.2 AND b:0.5", [("a", 1.2), (" b", 0.5)]),
        ("a:2", [("a", 2)]),
        ("a:-1. AND b:.5", [("a", -1), (" b", 0.5)]),
        ("aANDb", [("aANDb", 1)]),
        ("a and b", [("a and b", 1)]),
        ("a AND ", [("a", 1), ("", 1)]),
        ("(a AND b:1.2)", [("(a", 1), (" b:1.2)", 1)]),
        ("a:b", [("a:b", 1)]),
    ],
)
def test_and_splits_before_everything_else(text: str, parts: list[tuple[str, float]]) -> None:
    assert split(text) == parts


def test_too_many_parts_are_refused_in_words() -> None:
    with pytest.raises(BadRequest, match="at most 15"):
        split(" AND ".join("a" * 16))


@pytest.mark.parametrize(
    ("text", "guidance", "expected"), [("a", 1, 1), ("a", 7, 2), ("a:2", 1, 2), ("a AND b", 1, 3), ("a AND b", 7, 3)]
)
def test_rows_count_every_part_and_the_negative_prompt(text: str, guidance: float, expected: int) -> None:
    assert rows(text, guidance) == expected


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a, b # why\nc", "a, b \nc"),
        ("# all of it\na", "a"),
        ("a\n  # in the middle\nb", "a\nb"),
        (r"a \# b", r"a \# b"),
        ("a", "a"),
    ],
)
def test_comments_are_not_drawn(text: str, left: str) -> None:
    assert comments.strip(text) == left


def test_extra_networks_are_taken_out_and_named() -> None:
    left, found = take_out("a <lora:pixel art:0.8:te=1> b <hypernet:x:1>")
    assert left == "a  b "
    assert found == [Network("lora", ("pixel art", "0.8", "te=1")), Network("hypernet", ("x", "1"))]


@pytest.mark.parametrize("text", ["a < b", "<lora:never closed", "<b>", "<:x>", "<lora:>"])
def test_what_only_looks_like_one_stays(text: str) -> None:
    assert take_out(text) == (text, [])


@pytest.mark.parametrize("text", ["a boat", "a boat :1.25 AND sea", "a :-0.5 AND b AND c :2"])
def test_parts_joined_are_the_text_that_they_came_from(text: str) -> None:
    assert joined(split(text)) == text
    assert split(joined(split(text + "  "))) == split(text)
