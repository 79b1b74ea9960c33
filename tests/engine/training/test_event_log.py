"""What a run tells is read on from where one was, or from the end, and a long run costs no more than a short one."""

import time
from itertools import pairwise
from pathlib import Path

import pytest

from engine.training.event_log import EventLog
from engine.training.events import Began, Ended, Heard, Measured, Paused, RunEvent, StepMade
from engine.training.overview import Overview
from engine.training.run_folder import RunFolder
from tests.engine.training import making

MANY = 100_000


def step(number: int) -> StepMade:
    rates = {"unet": 1e-4}
    return StepMade(step=number, epoch=1, loss=0.1, smooth=0.1, rates=rates, length=1, seconds=number, pictures=2)


def written(path: Path, *events: RunEvent, end: str = "\n") -> EventLog:
    path.write_text("\n".join(event.model_dump_json() for event in events) + end)
    return EventLog(path)


@pytest.fixture(scope="module")
def long_run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """100,000 steps, a measurement in the middle, told to stop at the end, but not ended: a crash."""
    folder = RunFolder(tmp_path_factory.mktemp("run"))
    folder.create(making.asked(Path("nowhere")))
    line = step(7_777_777).model_dump_json()
    steps = [line.replace("7777777", str(number)) for number in range(1, MANY + 1)]
    steps.insert(MANY // 2, Measured(step=MANY // 2, held_out=0.25, train=0.2, best=MANY // 2).model_dump_json())
    first = Began(step=0, total=2 * MANY, pictures=3, epoch=2).model_dump_json()
    last = Heard(seq=1, command="stop").model_dump_json()
    folder.log.path.write_text("\n".join([first, *steps, last]) + "\n")
    return folder


def seconds(of: float) -> float:
    return time.process_time() - of


def test_how_a_long_run_stands_is_read_from_its_end(long_run: RunFolder) -> None:
    begun = time.process_time()
    last = long_run.log.last()
    assert seconds(begun) < 0.05  # to read all of it takes twenty times as long
    assert isinstance(last, StepMade)
    assert last.step == MANY
    assert long_run.status() == "crashed"


def test_the_row_of_a_long_run_parses_only_what_it_shows(long_run: RunFolder) -> None:
    begun = time.process_time()
    overview = Overview(long_run)
    row = overview.row()
    assert seconds(begun) < 0.5
    assert (row["step"], row["total"], row["held_out"], row["best"]) == (MANY, 2 * MANY, 0.25, MANY // 2)
    assert row["loss"] == 0.1
    assert [event["kind"] for event in overview.last][-2:] == ["step", "heard"]
    assert overview.offset == long_run.log.path.stat().st_size


def test_the_curve_of_a_long_run_is_told_evenly_and_with_its_end(long_run: RunFolder) -> None:
    begun = time.process_time()
    events, following = long_run.log.thinned(0, 1000)
    assert seconds(begun) < 0.5
    steps = [event.step for event in events if isinstance(event, StepMade)]
    assert 500 <= len(steps) <= 1000
    assert (steps[0], steps[-1]) == (1, MANY)
    assert len({after - before for before, after in pairwise(steps[:-1])}) == 1
    assert [event.kind for event in events if not isinstance(event, StepMade)] == ["began", "measured", "heard"]  # pyright: ignore[reportAttributeAccessIssue]
    assert following == long_run.log.path.stat().st_size


@pytest.mark.parametrize("count", [0, 1, 2, 3, 9, 10, 11])
def test_few_steps_are_all_told(count: int, tmp_path: Path) -> None:
    log = written(tmp_path / "events.jsonl", Began(step=0, total=1, pictures=1, epoch=1), *map(step, range(count)))
    assert log.thinned(0, 12) == log.events()
    assert log.recent(0, 12) == log.events()


def test_of_the_steps_only_the_last_are_told_where_no_more_are_wanted(tmp_path: Path) -> None:
    events = [step(1), Paused(why="asked"), step(2), step(3)]
    assert written(tmp_path / "events.jsonl", *events).recent(0, 2)[0] == events[1:]


def test_events_are_told_in_portions_each_from_where_the_last_ended(tmp_path: Path) -> None:
    log = written(tmp_path / "events.jsonl", *map(step, range(7)))
    at, portions = 0, list[list[int]]()
    while True:
        found, at = log.placed(at, 3)
        if not found:
            break
        portions.append([event.step for event, _ in found if isinstance(event, StepMade)])
        assert at == found[-1][1]
    assert portions == [[0, 1, 2], [3, 4, 5], [6]]


def test_a_line_that_is_not_whole_yet_is_left_and_half_a_line_of_a_crash_is_passed_over(tmp_path: Path) -> None:
    log = written(tmp_path / "events.jsonl", step(1), end='\n{"time":1,"kind":"st')
    assert log.events()[0] == [step(1)]
    assert log.last() == step(1)
    log.tell(step(2))
    assert [event.step for event in log.events()[0] if isinstance(event, StepMade)] == [1, 2]
    assert log.events(log.events()[1]) == ([], log.path.stat().st_size)


def test_the_newest_word_is_found_however_far_back_it_lies(tmp_path: Path) -> None:
    heard = [Heard(seq=number, command="sample" * 100) for number in range(1000)]
    log = written(tmp_path / "events.jsonl", Ended(how="stopped", step=4), *heard)
    assert log.path.stat().st_size > 2 * 2**18
    assert log.last() == Ended(how="stopped", step=4)
    assert EventLog(tmp_path / "none.jsonl").last() is None
    assert EventLog(tmp_path / "none.jsonl").events(5) == ([], 5)
