"""Jobs with control through the painter's door: drawn, lent their networks, and nobody slowed by them."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine import infotext
from engine.denoise.painter import Painter
from engine.events import Done, Event, Failed, Made, Stepped
from engine.job import Job
from engine.library.scan import Library
from engine.request.read import read
from tests.engine.denoise.controlling import unit
from tests.engine.denoise.test_painter import finish, job
from tests.engine.detect.files import write_annotator


@pytest.fixture(scope="module")
def models(control_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Library:
    return Library(control_models, tmp_path_factory.mktemp("cache"))


@pytest.fixture
def painter(models: Library, given: Path) -> Iterator[Painter]:
    made = Painter(models, "cpu", "float32", 16, 1.0, given)
    yield made
    made.close()


def asked(models: Library, given: Path, *names: str, **values: Any) -> Job:
    units = [{**unit(given, at), "model": name, "model_hash": ""} for at, name in enumerate(names)]
    return job(models, control=units, width=64, height=64, **values)


def steps(events: list[Event], one: Job) -> int:
    return sum(isinstance(event, Stepped) and event.job == one.id for event in events)


def test_a_controlled_job_is_drawn_with_its_units_in_the_text(painter: Painter, models: Library, given: Path) -> None:
    plain, controlled = asked(models, given), asked(models, given, "first", "second", count=2)
    for one in (plain, controlled):
        painter.add(one)
    events = finish(painter)
    made = {(event.job, event.index): event for event in events if isinstance(event, Made)}
    pictures = {key: np.asarray(Image.open(BytesIO(event.file))) for key, event in made.items()}
    assert not np.array_equal(pictures[plain.id, 0], pictures[controlled.id, 0])
    text = made[controlled.id, 0].infotext
    assert f'ControlNet 1: "Module: none, Model: second [{controlled.drawn.control[1].model_hash}], ' in text
    assert read(infotext.read(text).values).control == controlled.drawn.control
    assert [type(event) for event in events if event.job == controlled.id][-1] is Done


def test_networks_are_lent_with_their_size_and_leave_when_room_is_needed(
    painter: Painter, models: Library, given: Path
) -> None:
    one = asked(models, given, "first", "first", "second")
    painter.add(one)
    next(iter(painter.step()))
    list(painter.step())
    digests = {f"control {unit.model_hash}" for unit in one.drawn.control}
    assert len(digests) == 2
    assert digests < set(painter.loaded)
    painter.residency.make_room(2**40)
    assert digests < set(painter.loaded)  # in use
    finish(painter)
    painter.residency.make_room(2**40)
    assert not painter.loaded


def test_control_is_paid_with_the_controlled_pictures_own_turns(painter: Painter, models: Library, given: Path) -> None:
    """It sits out a step whenever its two networks took as much as its rows add to a call."""
    plain, controlled = asked(models, given, steps=40), asked(models, given, "first", "second", steps=40)
    for one in (plain, controlled):
        painter.add(one)
    events: list[Event] = []
    while not steps(events, plain) >= 40:
        events += painter.step()
    share = painter.works[controlled.id].pictures[0].charge
    assert 0.6 < share < 3
    assert steps(events, controlled) == pytest.approx(40 / (1 + share), abs=2)
    assert steps(events + finish(painter), controlled) == 40


def test_alone_or_among_its_like_nobody_sits_out(painter: Painter, models: Library, given: Path) -> None:
    jobs = [asked(models, given, "first", seed=seed, steps=8) for seed in range(2)]
    for one in jobs:
        painter.add(one)
    events: list[Event] = []
    for _ in range(8):
        events += painter.step()
    assert [steps(events, one) for one in jobs] == [8, 8]


def test_one_whose_file_is_gone_fails_alone_and_says_so(
    painter: Painter, models: Library, given: Path, control_models: Path
) -> None:
    plain, controlled = asked(models, given), asked(models, given, "second")
    folder = control_models / "controlnet" / "second"
    folder.rename(folder.with_name(".away"))
    try:
        for one in (plain, controlled):
            painter.add(one)
        events = finish(painter)
    finally:
        folder.with_name(".away").rename(folder)
    (failed,) = [event for event in events if isinstance(event, Failed)]
    assert failed.job == controlled.id
    assert (failed.problem.code, failed.problem.field) == ("control.gone", "control.0.model")
    assert sum(isinstance(event, Made) for event in events) == 1


def detecting(models: Library, given: Path, name: str, **values: Any) -> Job:
    one = {**unit(given, 0), "model": "first", "model_hash": "", "preprocessor": name}
    return job(models, control=[one], width=64, height=64, steps=2, **values)


def test_a_job_draws_by_a_map_that_a_network_makes(control_models: Path, painter: Painter, given: Path) -> None:
    """controlnet-aux' PiDiNet with random weights: what is tested is the way of the map, not what it shows."""
    write_annotator(control_models / "annotators", "table5_pidinet.pth")
    jobs = [detecting(painter.library, given, name) for name in ("softedge_pidinet", "none")]
    for one in jobs:
        painter.add(one)
    events = finish(painter)
    by_map, plain = (next(e for e in events if isinstance(e, Made) and e.job == one.id) for one in jobs)
    assert by_map.file != plain.file
    assert "Module: softedge_pidinet" in by_map.infotext
    assert any(name.startswith("annotator table5_pidinet") for name in painter.loaded)


def test_a_bad_file_fails_its_job_in_words_and_no_other(control_models: Path, painter: Painter, given: Path) -> None:
    path = write_annotator(control_models / "annotators", "7_model.pth")
    path.write_bytes(path.read_bytes()[:2000])
    bad, good = detecting(painter.library, given, "softedge_teed"), asked(painter.library, given, "first")
    for one in (bad, good):
        painter.add(one)
    events = finish(painter)
    (failed,) = [event for event in events if isinstance(event, Failed)]
    assert (failed.job, failed.problem.code) == (bad.id, "model.truncated")
    assert [event.job for event in events if isinstance(event, Done)] == [good.id]
