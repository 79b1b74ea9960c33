"""What is told of a picture at one use."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.request.training_parts import Captions
from engine.training.data.captions import told
from engine.training.data.keys import lots
from engine.training.data.tags import tags_of
from tests.engine.training.data.folders import item_of

WORDS = st.lists(st.text("abcdefgh", min_size=1, max_size=6), min_size=1, max_size=8, unique=True)


def tell(caption: str, seed: int = 0, **values: Any) -> str:
    return told(item_of("x", (caption,)), Captions.model_validate({"dropout": 0, **values}), random.Random(seed))


@pytest.mark.parametrize(
    ("caption", "values", "expected"),
    [
        ("a cat", {}, "a cat"),
        ("a cat,  red", {}, "a cat,  red"),
        ("a cat", {"trigger": "sks"}, "sks, a cat"),
        ("a SKS cat", {"trigger": "sks"}, "a SKS cat"),
        ("asksa cat", {"trigger": "sks"}, "sks, asksa cat"),
        ("", {"trigger": "sks"}, "sks"),
        ("a cat", {"prefix": "photo of", "suffix": ", grain"}, "photo of a cat, grain"),
        ("a cat", {"prefix": "photo of", "trigger": "sks"}, "photo of sks, a cat"),
        ("a cat", {"prefix": "photo of sks", "trigger": "sks"}, "photo of sks a cat"),
        ("a, b, c, d", {"tag_dropout": 1, "keep": 2}, "a, b"),
        ("a, b, c, d", {"tag_dropout": 1, "keep": 2, "trigger": "t"}, "t, a"),
        ("a, t, c, d", {"tag_dropout": 1, "keep": 0, "trigger": "t"}, "t"),
        ("a, photo of t, c", {"tag_dropout": 1, "keep": 0, "trigger": "t"}, "photo of t"),
        ("a cat", {"dropout": 1, "trigger": "sks", "prefix": "x"}, ""),
    ],
)
def test_a_caption_is_completed(caption: str, values: dict[str, Any], expected: str) -> None:
    assert tell(caption, **values) == expected


@given(WORDS, st.integers(0, 8), st.integers(0, 100))
def test_shuffling_keeps_every_tag_and_the_first_in_their_place(words: list[str], keep: int, seed: int) -> None:
    told = tags_of(tell(", ".join(words), seed, shuffle=True, keep=keep))
    assert sorted(told) == sorted(words)
    assert told[:keep] == words[:keep]


@given(WORDS, st.integers(0, 100))
def test_the_trigger_word_stands_first_however_tags_are_shuffled(words: list[str], seed: int) -> None:
    assert tell(", ".join(words), seed, shuffle=True, keep=0, tag_dropout=0.5, trigger="TRIG").startswith("TRIG")


def test_dropouts_happen_as_often_as_they_say() -> None:
    captions = Captions(dropout=0.25, tag_dropout=0.5, keep=1)
    heard = [told(item_of("x", ("a, b",)), captions, lots("test", number)) for number in range(4000)]
    assert 900 < heard.count("") < 1100
    assert 1380 < heard.count("a") < 1620


def test_one_of_several_captions_is_chosen() -> None:
    item = item_of("x", ("one", "two", "three"))
    heard = {told(item, Captions(dropout=0), lots("test", number)) for number in range(50)}
    assert heard == {"one", "two", "three"}


def test_the_same_use_is_told_the_same() -> None:
    item, captions = item_of("x", ("a, b, c, d", "e, f, g")), Captions(shuffle=True, tag_dropout=0.3)
    assert [told(item, captions, lots("t", n)) for n in range(20)] == [
        told(item, captions, lots("t", n)) for n in range(20)
    ]


def test_no_caption_and_nothing_around_it_is_empty() -> None:
    assert told(item_of("x"), Captions(dropout=0, shuffle=True), random.Random(0)) == ""
