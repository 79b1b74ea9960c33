"""Likeness: near duplicates differ in few of 64 bits."""

from engine.training.data.check_pictures import NEAR
from engine.training.data.look import alike, likeness
from tests.engine.training.data.folders import painting


def test_four_bits_apart_is_near_and_five_is_not() -> None:
    assert alike([0, 0b1111, 0xFF00], NEAR) == [[0, 1]]
    assert alike([0, 0b11111], NEAR) == []
    assert alike([], NEAR) == []


def test_neighbours_of_neighbours_are_one_group() -> None:
    assert alike([0xFF, 2**63, 0, 0xF], NEAR) == [[0, 1, 2, 3]]
    assert alike([0xFF, 0xF0F0F0F0, 0, 0xF], NEAR) == [[0, 2, 3]]


def test_a_picture_is_like_itself_in_another_size_and_unlike_others() -> None:
    small, large = likeness(painting(1)), likeness(painting(1).resize((200, 150)))
    assert (small ^ large).bit_count() <= NEAR
    assert (small ^ likeness(painting(2))).bit_count() > 4 * NEAR
