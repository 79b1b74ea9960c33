"""The look ahead: it starts jobs in the queue's own order and takes the time that their work takes."""

from types import SimpleNamespace

import pytest

from engine.queue.batching import Limits, Waiting, Working
from engine.queue.forecast import Forecast, Scene, starts

ONE_AT_A_TIME = Limits(rows=2, checkpoints=2, owners=1)
NOTHING: frozenset[str] = frozenset()


def waiting(name: str, owner: str = "a", cost: float = 1, pictures: int = 1, checkpoint: str = "x") -> Waiting:
    return Waiting(name, owner, checkpoint, 2, pictures, 0, cost)


def working(name: str, owner: str = "a", left: int = 1) -> Working:
    return Working(name, owner, "x", 2, left)


def test_each_starts_when_the_one_before_is_done():
    queue = [waiting("1", cost=2), waiting("2", cost=3), waiting("3")]
    assert starts(Scene(queue, [(working("0"), 0.5)], NOTHING, ONE_AT_A_TIME, 10)) == {"1": 5, "2": 25, "3": 55}


def test_side_by_side_everything_takes_longer():
    queue = [waiting("1", "b"), waiting("2", "c")]
    told = starts(Scene(queue, [(working("0", "a"), 1)], NOTHING, Limits(rows=2, owners=2), 10))
    assert told == {"1": 0, "2": 20}


def test_pictures_share_the_device_alike():
    scene = Scene(
        [waiting("2", "c")], [(working("0", "a", left=3), 3), (working("1", "b"), 2)], NOTHING, Limits(2, 2, 2), 1
    )
    assert starts(scene) == {"2": 4}


def test_a_loaded_model_goes_first_as_it_will():
    queue = [waiting("1", checkpoint="y"), waiting("2")]
    told = starts(Scene(queue, [(working("0"), 1)], frozenset("x"), ONE_AT_A_TIME, 1))
    assert told == {"2": 1, "1": 2}


def test_without_a_pace_nothing_is_told():
    assert starts(Scene([waiting("1")], [], NOTHING, ONE_AT_A_TIME, None)) == {}


def test_many_questions_are_one_look_and_the_seconds_run_down(monkeypatch: pytest.MonkeyPatch):
    now, looks = [100.0], []
    monkeypatch.setattr(
        "engine.queue.forecast.time", SimpleNamespace(monotonic=lambda: now[0])
    )  # not the clock of servers

    def look() -> Scene:
        looks.append(now[0])
        return Scene([waiting("1")], [(working("0"), 1)], NOTHING, ONE_AT_A_TIME, 10)

    forecast = Forecast(look)
    assert [forecast.starts()["1"] for _ in range(50)] == [10] * 50
    now[0] += 0.5
    assert forecast.starts() == {"1": 9.5}
    assert len(looks) == 1
    forecast.forget()
    assert forecast.starts() == {"1": 10}
    now[0] += 2
    forecast.starts()
    assert len(looks) == 3
