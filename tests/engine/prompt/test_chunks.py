"""Chunks: the comma rule, BREAK, and no token lost."""

from hypothesis import given
from hypothesis import strategies as st

from engine.prompt.attention import Piece
from engine.prompt.chunks import chunks

COMMA = 0


def ids_of(text: str) -> list[int]:
    return [COMMA if letter == "," else ord(letter) for letter in text]


def texts(*parts: Piece, room: int = 75) -> list[str]:
    made = chunks(parts, ids_of, room, COMMA)
    return ["".join("," if token == COMMA else chr(token) for token in chunk.ids) for chunk in made]


def test_what_follows_a_near_comma_moves_to_the_next_chunk() -> None:
    assert texts(Piece("a" * 60 + "," + "b" * 20)) == ["a" * 60 + ",", "b" * 20]


def test_a_comma_further_back_moves_nothing() -> None:
    assert texts(Piece("a" * 54 + "," + "b" * 30)) == ["a" * 54 + "," + "b" * 20, "b" * 10]
    assert texts(Piece("a" * 55 + "," + "b" * 30)) == ["a" * 55 + ",", "b" * 30]


def test_a_comma_right_after_a_full_chunk_opens_the_next() -> None:
    assert texts(Piece("a" * 75 + ",b")) == ["a" * 75, ",b"]


def test_break_ends_the_chunk() -> None:
    assert texts(Piece("a"), Piece("", breaks=True), Piece("b")) == ["a", "b"]
    assert texts(Piece("", breaks=True)) == [""]
    assert texts(Piece("")) == [""]


def test_weights_move_with_their_tokens() -> None:
    first, second = chunks([Piece("a" * 60 + ",", 1.0), Piece("b" * 20, 1.5)], ids_of, 75, COMMA)
    assert (set(first.weights), second.weights) == ({1.0}, [1.5] * 20)


@given(st.text("ab,", max_size=400), st.integers(1, 75))
def test_no_token_is_lost_and_no_chunk_too_long(text: str, room: int) -> None:
    made = texts(Piece(text), room=room)
    assert "".join(made) == text
    assert all(len(part) <= room for part in made)
