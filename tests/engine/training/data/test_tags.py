"""Tag operations: pure, looked at before they are done."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.training.data import tags
from engine.training.data.tags import Change, Operation, counted, preview


@pytest.mark.parametrize(
    ("operation", "before", "after"),
    [
        (tags.add("red"), "a cat", "a cat, red"),
        (tags.add("red"), "a cat,Red", "a cat,Red"),
        (tags.remove("red", "blue"), "red, a cat, Blue, red hat", "a cat, red hat"),
        (tags.remove("red"), "a,b ,c", "a,b ,c"),
        (tags.replace("red", "green"), "red, a red cat", "green, a red cat"),
        (tags.arrange(), "c, B, a", "a, B, c"),
        (tags.arrange(keep=1), "c, B, a", "c, a, B"),
        (tags.dedupe(), "Red, a, red, b, a", "Red, a, b"),
        (tags.prefix("photo of"), "a cat", "photo of a cat"),
        (tags.prefix("photo of"), "photo of a cat", "photo of a cat"),
        (tags.trigger("sks"), "a cat", "sks, a cat"),
        (tags.trigger("sks"), "the sks cat", "the sks cat"),
        (tags.trigger("(a+b)*"), "x", "(a+b)*, x"),
    ],
)
def test_an_operation_changes_what_it_says(operation: Operation, before: str, after: str) -> None:
    assert operation(before) == after


@given(st.text(st.sampled_from("ab, ")), st.sampled_from(["a", "b", "ab"]))
def test_done_twice_is_done_once(caption: str, tag: str) -> None:
    for operation in (tags.add(tag), tags.remove(tag), tags.arrange(), tags.dedupe(), tags.trigger(tag)):
        once = operation(caption)
        assert operation(once) == once


def test_a_preview_shows_what_would_change_and_nothing_else() -> None:
    told = {"one": ("a, b", "b"), "two": ("a",), "three": ()}
    assert preview(told, tags.remove("b")) == [Change("one", ("a, b", "b"), ("a", ""))]
    assert preview(told, tags.remove("b"), tags.trigger("t"))[2] == Change("three", (), ("t",))
    assert told["one"] == ("a, b", "b")


def test_tags_are_counted_once_a_picture() -> None:
    assert counted([("a, b", "a"), ("a",)]) == {"a": 2, "b": 1}
