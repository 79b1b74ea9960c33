"""Attention reads as AUTOMATIC1111's does: the measured cases."""

import pytest

from engine.errors import BadRequest
from engine.prompt.attention import Piece, parse

UP, DOWN = 1.1, 1 / 1.1

CASES: list[tuple[str, list[tuple[str, float]]]] = [
    ("normal text", [("normal text", 1)]),
    ("an (important) word", [("an ", 1), ("important", UP), (" word", 1)]),
    ("(unbalanced", [("unbalanced", UP)]),
    (r"\(literal\]", [("(literal]", 1)]),
    ("(unnecessary)(parens)", [("unnecessaryparens", UP)]),
    (
        "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).",
        [
            ("a ", 1),
            ("house", 1.573),
            (" ", UP),
            ("on", 1),
            (" a ", UP),
            ("hill", 0.55),
            (", sun, ", UP),
            ("sky", 1.4641),
            (".", UP),
        ],
    ),
    ("", [("", 1)]),
    ("()", [("", 1)]),
    ("(a:1.5", [("a:1.5", UP)]),
    ("a:1.5)", [("a:1.5)", 1)]),
    ("(a: 1.2 )", [("a", 1.2)]),
    ("(a:0)", [("a", 0)]),
    ("(a:-1)", [("a", -1)]),
    ("((a:1.3))", [("a", 1.43)]),
    ("(a:1.3:1.2)", [("a:1.3", 1.2)]),
    ("[[a]]", [("a", 0.8264)]),
    ("[a:1.3]", [("a:1.3", DOWN)]),
    ("(a (b:1.5) c:1.2)", [("a ", 1.2), ("b", 1.8), (" c", 1.2)]),
    ("(a, [b:1.5])", [("a, ", UP), ("b:1.5", 1)]),
    ("(:1.3)", [("", 1)]),
    ("(a:.5)", [("a", 0.5)]),
    ("(a:1.)", [("a", 1)]),
    ("(a:1,5)", [("a:1,5", UP)]),
    ("(a:1e1)", [("a:1e1", UP)]),
    ("a :) b", [("a :) b", 1)]),
    (r"smile \:)", [("smile :)", 1)]),
    (r"(a\:1.5)", [("a", 1.5)]),
    (r"a\\b", [("a\\b", 1)]),
    (r"\(a:1.5\)", [("(a:1.5)", 1)]),
    ("C++ (x)", [("C++ ", 1), ("x", UP)]),
    ("a\nb", [("a\nb", 1)]),
    ("(a [b) c]", [("a ", UP), ("b", 1), (" c", DOWN)]),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[text for text, _ in CASES])
def test_each_measured_case_reads_as_there(text: str, expected: list[tuple[str, float]]) -> None:
    made = parse(text)
    assert [piece.text for piece in made] == [said for said, _ in expected]
    assert [piece.weight for piece in made] == pytest.approx([weight for _, weight in expected], abs=1e-4)


BREAK = Piece("", breaks=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a BREAK b", [Piece("a"), BREAK, Piece("b")]),
        ("BREAK", [Piece(""), BREAK, Piece("")]),
        ("a \n BREAK\n b", [Piece("a"), BREAK, Piece("b")]),
        ("aBREAKb", [Piece("aBREAKb")]),
        ("a break b", [Piece("a break b")]),
        ("(a BREAK b:1.4)", [Piece("a", 1.4), BREAK, Piece("b", 1.4)]),
    ],
)
def test_break_is_a_mark_of_its_own(text: str, expected: list[Piece]) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize("text", ["(a:1.2.3)", "(a:.)", "x (a:..)"])
def test_a_weight_that_is_no_number_is_refused_in_words(text: str) -> None:
    with pytest.raises(BadRequest, match="is not a weight"):
        parse(text)


@pytest.mark.parametrize("text", ["(" * 10_000 + "a", "(a:101)", "(a:-1000)", "((a:99)b)"])
def test_a_weight_that_nothing_could_draw_is_refused_in_words(text: str) -> None:
    with pytest.raises(BadRequest, match="beyond 100"):
        parse(text)


def test_ten_thousand_square_brackets_weigh_nothing() -> None:
    (piece,) = parse("[" * 10_000 + "a")
    assert (piece.text, piece.weight) == ("a", pytest.approx(0))
