"""The order of an epoch depends on the seed and the epoch, and on nothing else."""

from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from engine.training.data.buckets import Size
from engine.training.data.sampler import Batch, Course, batches, parts, place, split, steps_per_epoch
from tests.engine.training.data.folders import item_of

BUCKETS = st.sampled_from([(64, 64), (48, 80), (80, 48)])
ROWS = st.lists(st.tuples(BUCKETS, st.integers(1, 5)), min_size=1, max_size=30)


def course_of(rows: list[tuple[Size, int]], batch: int, seed: int = 0) -> Course:
    items = tuple(item_of(f"{number}") for number in range(len(rows)))
    return Course(items, tuple(bucket for bucket, _ in rows), tuple(times for _, times in rows), batch, seed)


def epoch(course: Course, number: int) -> list[Batch]:
    return batches(course.items, course.buckets, course.repeats, course.batch, course.seed, number)


@given(ROWS, st.integers(1, 8), st.integers(0, 2**64 - 1), st.integers(0, 1000))
def test_every_epoch_shows_every_item_as_often_as_its_repeats(
    rows: list[tuple[Size, int]], batch: int, seed: int, number: int
) -> None:
    course = course_of(rows, batch, seed)
    made = epoch(course, number)
    shown = Counter(item.id for one in made for item in one.items)
    filled = 0
    for item, times in zip(course.items, course.repeats, strict=True):
        assert shown[item.id] >= times
        filled += shown[item.id] - times
    assert len(made) == course.steps_per_epoch == steps_per_epoch(course.buckets, course.repeats, batch)
    assert filled < batch * len(set(course.buckets))
    if batch == 1:
        assert not filled


@given(ROWS, st.integers(1, 8))
def test_batches_are_full_and_of_one_bucket(rows: list[tuple[Size, int]], batch: int) -> None:
    course = course_of(rows, batch)
    buckets = dict(zip((item.id for item in course.items), course.buckets, strict=True))
    for one in epoch(course, 3):
        assert len(one.items) == len(one.turns) == batch
        assert {buckets[item.id] for item in one.items} == {one.bucket}


@given(ROWS, st.integers(1, 8))
def test_each_use_has_a_turn_of_its_own(rows: list[tuple[Size, int]], batch: int) -> None:
    uses = [(item.id, turn) for one in epoch(course_of(rows, batch), 0) for item, turn in zip(one.items, one.turns)]  # noqa: B905
    assert len(uses) == len(set(uses))


@given(ROWS, st.integers(1, 4), st.randoms())
def test_the_order_in_which_pictures_are_listed_does_not_count(
    rows: list[tuple[Size, int]], batch: int, chance
) -> None:
    course = course_of(rows, batch)
    table = list(zip(course.items, course.buckets, course.repeats, strict=True))
    chance.shuffle(table)
    items, buckets, repeats = zip(*table, strict=True)
    assert epoch(Course(items, buckets, repeats, batch, 0), 7) == epoch(course, 7)


def test_two_files_with_the_same_bytes_both_come_and_their_order_does_not_count() -> None:
    one, two = item_of("x", path=Path("a")), item_of("x", path=Path("b"))
    made = batches([one, two], [(8, 8)] * 2, [1, 1], 2, 0, 0)
    assert {item.path for item in made[0].items} == {Path("a"), Path("b")}
    assert sorted(made[0].turns) == [0, 1]
    assert batches([two, one], [(8, 8)] * 2, [1, 1], 2, 0, 0) == made


def test_epochs_and_seeds_differ_and_come_again() -> None:
    course = course_of([((64, 64), 1)] * 20, 4)
    assert epoch(course, 0) == epoch(course, 0)
    assert epoch(course, 0) != epoch(course, 1)
    assert epoch(course, 0) != epoch(course_of([((64, 64), 1)] * 20, 4, seed=1), 0)


def test_a_step_is_found_again_without_those_before_it() -> None:
    rows: list[tuple[Size, int]] = [((64, 64), 3), ((48, 80), 1), ((64, 64), 2)]
    walked = [one for number in range(4) for one in epoch(course_of(rows, 2), number)]
    for step in (17, 3, 0, 9):
        fresh = course_of(rows, 2)  # as after a restart
        if step < len(walked):
            assert fresh.batch_at(step) == walked[step]
    assert place(17, 5) == (3, 2)


def test_the_order_is_the_same_in_every_version_of_the_program() -> None:
    """Runs that were begun go on with it: when this fails, resumed runs are no longer exact."""
    order = [one.items[0].id for one in epoch(course_of([((64, 64), 1)] * 6, 1), 0)]
    assert order == ORDER


ORDER = ["0", "3", "2", "1", "5", "4"]


def test_a_lone_picture_fills_its_batch() -> None:
    (only,) = epoch(course_of([((64, 64), 1)], 4), 0)
    assert only.turns == (0, 1, 2, 3)


def test_filling_takes_pictures_that_are_not_in_the_batch_yet() -> None:
    for number in range(10):
        for one in epoch(course_of([((64, 64), 1)] * 6, 4), number):
            assert len({item.id for item in one.items}) == 4


@given(st.sets(st.text("0123456789abcdef", min_size=4, max_size=32), min_size=1, max_size=60), st.floats(0, 0.5))
def test_the_split_does_not_move_when_pictures_are_added(names: set[str], fraction: float) -> None:
    ordered = sorted(names)
    before = split([item_of(name) for name in ordered[::2]], fraction)
    after = split([item_of(name) for name in reversed(ordered)], fraction)
    for small, large in zip(before, after, strict=True):
        assert {item.id for item in small} <= {item.id for item in large}
    assert sum(map(len, after)) == len(names)


def test_about_the_wanted_part_is_held_out() -> None:
    _, held = split([item_of(f"{number}") for number in range(2000)], 0.1)
    assert 150 < len(held) < 250


def test_only_training_pictures_are_held_out() -> None:
    from engine.request.training_parts import Concept

    prior = [item_of(f"p{n}", concept=Concept(folder="x", kind="prior")) for n in range(50)]
    other = [item_of(f"v{n}", concept=Concept(folder="x", kind="validation")) for n in range(3)]
    whole = parts([*prior, *other, *(item_of(f"{n}") for n in range(50))], 0.5)
    assert len(whole.prior) == 50
    assert len(whole.train) + len(whole.validation) == 53
    assert 3 < len(whole.validation) < 50
