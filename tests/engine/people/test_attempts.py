"""Guessing a password gets slower and slower, by a clock that the test turns."""

from hypothesis import given
from hypothesis import strategies as st

from engine.people.attempts import ACCOUNT, ADDRESS, REMEMBERED, Attempts


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_five_a_minute_from_one_address() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    tried = 0
    for _ in range(600):  # a try every tenth of a second, each at another name
        tried += attempts.begin("1.2.3.4", f"name{clock.now}") == 0
        clock.now += 0.1
    assert tried == ADDRESS.most
    assert attempts.begin("1.2.3.5", "ann") == 0, "others are let in"


def test_ten_an_hour_for_one_account_from_everywhere() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    tried = 0
    for n in range(3600):
        tried += attempts.begin(f"10.0.{n // 250}.{n % 250}", "ann") == 0
        clock.now += 1
    assert tried == ACCOUNT.most


def test_each_try_in_a_row_waits_longer() -> None:
    clock = Clock()
    attempts, waits = Attempts(clock), []
    for n in range(8):
        while wait := attempts.begin(f"10.0.0.{n}", "ann"):
            waits.append(wait)
            clock.now += wait
    assert waits == [1, 2, 4, 8, 16]


def test_a_right_try_is_taken_back_and_wrong_ones_before_stay() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    for _ in range(100):
        assert attempts.begin("1.2.3.4", "ann") == 0
        attempts.right("1.2.3.4", "ann")
    for n in range(3):
        assert attempts.begin("1.2.3.4", f"bob{n}") == 0
    assert attempts.begin("1.2.3.4", "ann") > 0


def test_many_at_once_are_no_way_around() -> None:
    attempts = Attempts(Clock())
    assert sum(attempts.begin("1.2.3.4", f"name{n}") == 0 for n in range(50)) == 3


def test_a_flood_of_addresses_takes_only_so_much_memory() -> None:
    attempts = Attempts(Clock())
    for n in range(REMEMBERED + 500):
        attempts.begin(f"address{n}", f"name{n}")
    assert len(attempts._wrong) <= REMEMBERED


@given(st.lists(st.floats(0, 4000), max_size=60))
def test_never_more_than_ten_in_any_hour(pauses: list[float]) -> None:
    clock = Clock()
    attempts, at = Attempts(clock), []
    for n, pause in enumerate(pauses):
        clock.now += pause
        if attempts.begin(f"address{n}", "ann") == 0:
            at.append(clock.now)
    assert all(later - first > 3599.999 for first, later in zip(at, at[ACCOUNT.most :], strict=False))
