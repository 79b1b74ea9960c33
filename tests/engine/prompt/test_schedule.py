"""Scheduling and alternation read as AUTOMATIC1111's do: the measured cases."""

import pytest

from engine.prompt.schedule import Timeline, stages

TEN = Timeline(10)

CASES: list[tuple[str, list[tuple[int, str]]]] = [
    ("[a:b:0.5]", [(5, "a"), (10, "b")]),
    ("[a:b:5]", [(5, "a"), (10, "b")]),
    ("[a:b:1]", [(1, "a"), (10, "b")]),
    ("[a:b:1.0]", [(10, "a")]),
    ("[a:b:0]", [(10, "b")]),
    ("[a:b:20]", [(10, "a")]),
    ("[a:b:-3]", [(10, "b")]),
    ("[a:b:.99]", [(9, "a"), (10, "b")]),
    ("[a::3]", [(3, "a"), (10, "")]),
    ("[:b:3]", [(3, ""), (10, "b")]),
    ("[b:3]", [(3, ""), (10, "b")]),
    ("a [b : c : 1] d", [(1, "a b  d"), (10, "a  c  d")]),
    ("[a:[b:c:0.8]:0.4]", [(4, "a"), (8, "b"), (10, "c")]),
    ("a[b:[c:d:2]:1]e", [(1, "abe"), (2, "ace"), (10, "ade")]),
    ("[(a:2):3]", [(3, ""), (10, "(a:2)")]),
    ("a [[[b]]:2]", [(2, "a "), (10, "a [[b]]")]),
    ("(x [a:b:0.5]:1.2)", [(5, "(x a:1.2)"), (10, "(x b:1.2)")]),
    (r"\[a:b:0.5\]", [(10, r"\[a:b:0.5\]")]),
    ("[a:b]", [(10, "[a:b]")]),
    ("[a:b:x]", [(10, "[a:b:x]")]),
    ("[a:b:c:5]", [(10, "[a:b:c:5]")]),
    ("a [b:c:5", [(10, "a [b:c:5")]),
    ("((a][:b:c [d:3]", [(3, "((a][:b:c "), (10, "((a][:b:c d")]),
    ("[a:b:1e1]", [(10, "a")]),
    ("[a|b:0.5]", [(10, "[a|b:0.5]")]),
    ("a [unbalanced", [(10, "a [unbalanced")]),
    ("test", [(10, "test")]),
    ("a [b: 3]", [(3, "a "), (10, "a b")]),
    ("", [(10, "")]),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[text for text, _ in CASES])
def test_each_measured_case_reads_as_there(text: str, expected: list[tuple[int, str]]) -> None:
    assert stages(text, TEN) == expected


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("[a|b|c]", ["a", "b", "c"]),
        ("[fe|]male", ["female", "male"]),
        ("[a||b]", ["a", "", "b"]),
        ("[|a]", ["", "a"]),
        ("[fe|||]male", ["female", "male", "male", "male"]),
        ("[a|(b:1.1)]", ["a", "(b:1.1)"]),
    ],
)
def test_alternation_takes_turns_at_every_step(text: str, options: list[str]) -> None:
    assert stages(text, TEN) == [(step, options[(step - 1) % len(options)]) for step in range(1, 11)]


def test_alternation_inside_a_switch() -> None:
    assert [text for _, text in stages("[[a|b]:c:4]", TEN)] == ["a", "b", "a", "b", *["c"] * 6]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a:b:0.5]", [(10, "b")]),
        ("[a:b:1.5]", [(5, "a"), (10, "b")]),
        ("[a:b:15]", [(5, "a"), (10, "b")]),
        ("[a:b:5]", [(10, "b")]),
    ],
)
def test_a_second_pass_goes_on_counting(text: str, expected: list[tuple[int, str]]) -> None:
    assert stages(text, Timeline(10, before=10)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a:b:0.5]", [(5, "a"), (10, "b")]),
        ("[a:b:1.0]", [(1, "a"), (10, "b")]),
        ("[a:b:7.9]", [(7, "a"), (10, "b")]),
    ],
)
def test_old_timelines_know_fractions_by_their_size(text: str, expected: list[tuple[int, str]]) -> None:
    assert stages(text, Timeline(10, old=True)) == expected
    assert stages(text, Timeline(10, before=10, old=True)) == expected


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("[(a:b:c):5]", True),
        ("[(a|b):c:5]", True),
        ("[x (y ] z):3]", True),
        ("[[a:b]:c:5]", True),
        ("[a (b):c:5]", False),
    ],
)
def test_brackets_that_are_not_sound_spoil_the_switch_around_them(text: str, literal: bool) -> None:
    assert (stages(text, TEN) == [(10, text)]) is literal
