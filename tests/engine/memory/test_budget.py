from hypothesis import given
from hypothesis import strategies as st

from engine.memory.budget import Resident, evict


def test_the_least_recently_used_goes_first() -> None:
    residents = [Resident("a", 4, used=3), Resident("b", 4, used=1), Resident("c", 4, used=2)]
    assert evict(residents, needed=4, budget=12) == ["b"]


def test_what_is_in_use_stays() -> None:
    assert evict([Resident("a", 9, used=1, leases=1), Resident("b", 1, used=2)], needed=5, budget=10) == ["b"]


def test_nothing_goes_when_there_is_room() -> None:
    assert evict([Resident("a", 5, used=1)], needed=5, budget=10) == []


@given(st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=8), st.integers(0, 20), st.integers(0, 40))
def test_it_makes_room_or_lets_everything_unused_go(sizes: list[tuple[int, bool]], needed: int, budget: int) -> None:
    residents = [Resident(str(i), size, i, int(used)) for i, (size, used) in enumerate(sizes)]
    gone = evict(residents, needed, budget)
    left = sum(r.size for r in residents if r.key not in gone)
    unused = {r.key for r in residents if not r.leases}
    assert set(gone) <= unused
    assert left + needed <= budget or set(gone) == unused
