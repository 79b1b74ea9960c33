"""Batching: whose turn it is, and who may draw together."""

import pytest

from engine.queue.batching import OUTLOOK, PREFERENCES, Limits, Turn, Waiting, Working, may_join, rows, whose_turn
from engine.request.generation import GenerationRequest

LIMITS = Limits(rows=16, checkpoints=2, owners=3)
NOTHING: frozenset[str] = frozenset()


def waiting(name: str, owner: str = "A", checkpoint: str = "x", pictures: int = 1, attempts: int = 0) -> Waiting:
    return Waiting(name, owner, checkpoint, 2, pictures, attempts)


def working(name: str, owner: str = "A", checkpoint: str = "x", left: int = 1, attempts: int = 0) -> Working:
    return Working(name, owner, checkpoint, 2, left, attempts)


@pytest.mark.parametrize(("guidance", "expected"), [(1, 1), (1.5, 2), (7, 2)])
def test_guidance_doubles_the_rows(guidance: float, expected: int):
    assert rows(GenerationRequest().with_(sampling={"guidance": guidance})) == expected


def test_a_second_persons_job_joins_at_once():
    assert may_join([working("1")], waiting("2", "B"), LIMITS)


def test_it_joins_at_once_even_when_one_persons_pictures_take_all_rows():
    assert may_join([working("1", left=16)], waiting("2", "B"), LIMITS)
    assert not may_join([working("1", left=16)], waiting("2", "A"), LIMITS)


def test_ones_own_next_job_joins_when_a_row_is_free():
    assert may_join([working("1", left=7)], waiting("2"), LIMITS)
    assert not may_join([working("1", left=8)], waiting("2"), LIMITS)


def test_beyond_some_people_rows_decide():
    crowd = [working(str(i), owner, left=3) for i, owner in enumerate("ABC")]
    assert not may_join(crowd, waiting("4", "D"), LIMITS)
    assert may_join([working(str(i), owner) for i, owner in enumerate("ABC")], waiting("4", "D"), LIMITS)


def test_only_so_many_models_are_in_work():
    two = [working("1", "A", "x"), working("2", "B", "y")]
    assert not may_join(two, waiting("3", "C", "z"), LIMITS)
    assert may_join(two, waiting("3", "C", "y"), LIMITS)


def test_a_job_that_was_there_when_a_worker_died_draws_alone():
    assert may_join([], waiting("1", attempts=1), LIMITS)
    assert not may_join([working("1")], waiting("2", "B", attempts=1), LIMITS)
    assert not may_join([working("1", attempts=1)], waiting("2", "B"), LIMITS)


def test_nobody_passes_a_suspect_that_waits_to_be_alone():
    queue = [waiting("1", "A", attempts=1), waiting("2", "B")]
    assert whose_turn(queue, [working("0", "C")], frozenset("x"), LIMITS) is None
    assert whose_turn(queue, [], frozenset("x"), LIMITS) == Turn(queue[0])


def test_the_fairest_starts():
    queue = [waiting("1"), waiting("2", "B")]
    assert whose_turn(queue, [], NOTHING, LIMITS) == Turn(queue[0])
    assert whose_turn([], [], NOTHING, LIMITS) is None


def test_ones_own_job_with_the_loaded_model_goes_first_but_nobody_elses():
    queue = [waiting("1", "A", "y"), waiting("2", "B", "x"), waiting("3", "A", "x")]
    assert whose_turn(queue, [], frozenset("x"), LIMITS) == Turn(queue[2], preferred=True)


def test_the_look_ahead_ends_after_some_jobs():
    far = [waiting(str(i), "A", "y") for i in range(OUTLOOK)] + [waiting("far", "A", "x")]
    assert whose_turn(far, [], frozenset("x"), LIMITS) == Turn(far[0])


def test_a_loaded_model_is_preferred_only_so_often():
    queue = [waiting("1", "A", "y"), waiting("2", "A", "x")]
    turns = [whose_turn(queue, [], frozenset("x"), LIMITS, n) for n in range(PREFERENCES + 1)]
    assert [t and t.preferred for t in turns] == [True] * PREFERENCES + [False]


def test_while_the_fairest_waits_for_its_model_others_with_theirs_in_work_go_on_but_not_for_ever():
    busy = [working("1", "A", "x"), working("2", "B", "y")]
    queue = [waiting("3", "C", "z"), waiting("4", "D", "y")]
    limits = Limits(rows=16, checkpoints=2, owners=8)
    assert whose_turn(queue, busy, NOTHING, limits) == Turn(queue[1], preferred=True)
    assert whose_turn(queue, busy, NOTHING, limits, PREFERENCES) is None


def test_when_rows_are_short_the_fairest_makes_all_wait_so_it_does_not_starve():
    full = [working(str(i), owner, left=4) for i, owner in enumerate("ABC")]
    queue = [waiting("4", "D"), waiting("5", "A")]
    assert whose_turn(queue, full, frozenset("x"), LIMITS) is None
