"""Models are lent, kept while there is room, and read again when their file has changed."""

from dataclasses import dataclass

import pytest

from engine.memory.residency import Residency


@dataclass
class Weights:
    """A thing with a weight, as the residency asks of what it holds; no network is needed to lend it."""

    nbytes: int = 10
    changed: bool = False

    def fresh(self) -> bool:
        return not self.changed


def test_a_model_is_loaded_once_and_lent_again() -> None:
    loads: list[Weights] = []
    residency: Residency[Weights] = Residency(100)

    def load() -> Weights:
        loads.append(Weights())
        return loads[-1]

    for _ in range(3):
        with residency.lease("a", 10, load) as model:
            assert model is loads[0]
    assert len(loads) == 1


def test_the_budget_holds_after_the_lease() -> None:
    residency: Residency[Weights] = Residency(25)
    for key in "abc":
        with residency.lease(key, 10, Weights):
            pass
    assert residency.keys == ("b", "c")


def test_a_lent_model_is_never_dropped() -> None:
    residency: Residency[Weights] = Residency(5)
    with residency.lease("a", 10, Weights):
        with residency.lease("b", 10, Weights):
            assert set(residency.keys) == {"a", "b"}
        assert residency.keys == ("a",)
    assert residency.keys == ()


def test_a_changed_file_is_read_again() -> None:
    residency: Residency[Weights] = Residency(100)
    with residency.lease("a", 10, Weights) as first:
        first.changed = True
    assert not residency.has("a")
    with residency.lease("a", 10, Weights) as second:
        assert second is not first


def test_a_failed_load_leaves_nothing_behind() -> None:
    residency: Residency[Weights] = Residency(100)

    def fail() -> Weights:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"), residency.lease("a", 10, fail):
        pass
    assert residency.keys == ()
