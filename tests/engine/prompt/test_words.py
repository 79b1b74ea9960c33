"""Words that stand for vectors are found as words, stay in one piece and are counted."""

import time

import pytest

from engine.errors import BadRequest
from engine.prompt.attention import Piece
from engine.prompt.chunks import chunks
from engine.prompt.words import Words


def letters(text: str) -> list[int]:
    return [ord(letter) for letter in text if letter != " "]


WORDS = Words({"bad": 2, "bad-hands": 3, "<my-cat>": 1, "Style (v2)": 1})


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("a bad b", [97, (-1, -2), 98]),
        ("BAD", [(-1, -2)]),
        ("bad-hands", [(-3, -4, -5)]),
        ("badly", letters("badly")),
        ("a<my-cat>", letters("a<my-cat>")),
        ("a, <my-cat>", [97, 44, (-6,)]),
        ("style (v2)", [(-7,)]),
    ],
)
def test_a_word_becomes_its_vectors(text: str, tokens: list[int]) -> None:
    assert WORDS.atoms(letters)(text) == tokens


def test_words_are_named_also_with_escaped_brackets() -> None:
    assert WORDS.within(r"a bad (style \(v2\):1.2), Bad") == ["bad", "style (v2)"]
    assert Words({}).within("bad") == []


def test_vectors_are_not_torn_between_two_chunks_and_bear_the_weight() -> None:
    made = chunks([Piece("aaa", 1.0), Piece("bad-hands", 1.3)], WORDS.atoms(letters), room=5, comma=None)
    assert [chunk.ids for chunk in made] == [[97, 97, 97], [-3, -4, -5]]
    assert made[1].weights == [1.3] * 3
    with pytest.raises(BadRequest, match="has 3 vectors; this model reads 2"):
        chunks([Piece("bad-hands")], WORDS.atoms(letters), room=2, comma=None)


def test_many_words_do_not_make_a_long_prompt_slow() -> None:
    many = Words({f"word-{n}": 1 for n in range(1000)})
    begun = time.process_time()
    many.within("word word-1 and wor d, " * 1000)
    assert time.process_time() - begun < 0.5
