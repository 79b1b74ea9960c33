"""Previews by networks: made beside the workers, bounded in time, and whatever happens to one, the next is made."""

import io
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image

from engine.errors import AtelierError, BadRequest, Busy, ModelDamaged
from engine.request.control import ControlUnit
from engine.workers.inprocess import Thread
from engine.workers.local import Process
from engine.workers.lookout import Lookout
from engine.workers.messages import Look
from tests.engine.workers.eyes import DIE, REFUSE, SLEEP, STUMBLE, make


@pytest.fixture
def lookout() -> Iterator[Callable[..., Lookout]]:
    made: list[Lookout] = []

    def begin(vessel: Any = Process, **timing: float) -> Lookout:
        made.append(Lookout(vessel, make, **timing))
        return made[-1]

    yield begin
    for each in made:
        each.stop()


def look(does: float | None = None) -> Look:
    unit = ControlUnit(model="none", preprocessor="softedge_hed", threshold_a=does, resolution=64)
    return Look(unit, Image.new("RGB", (64, 64), (10, 20, 30)), None)


def colour(png: bytes) -> Any:
    return Image.open(io.BytesIO(png)).getpixel((5, 5))


@pytest.mark.parametrize("vessel", [Process, Thread])
def test_a_preview_is_what_the_eye_makes_of_the_picture(vessel: Any, lookout: Callable[..., Lookout]) -> None:
    assert colour(lookout(vessel).ask(look())) == (245, 235, 225)


def test_a_bad_file_is_one_clear_error_and_the_same_process_goes_on(lookout: Callable[..., Lookout]) -> None:
    out = lookout()
    with pytest.raises(ModelDamaged) as caught:
        out.ask(look(REFUSE))
    assert caught.value.problem.values == {"file": "x.pth"}
    with pytest.raises(AtelierError) as stumbled:
        out.ask(look(STUMBLE))
    assert stumbled.value.problem.code == "internal"
    process: Any = out.vessel
    assert colour(out.ask(look())) == (245, 235, 225)
    assert out.vessel is process


def test_a_preview_that_takes_too_long_is_given_up_and_the_next_is_made(lookout: Callable[..., Lookout]) -> None:
    out = lookout(longest=15)
    out.ask(look())  # it has started
    out.longest, begun = 0.5, time.monotonic()
    process: Any = out.vessel
    with pytest.raises(BadRequest) as caught:
        out.ask(look(SLEEP))
    assert caught.value.problem.code == "preview.slow"
    assert time.monotonic() - begun < 10
    assert not process.alive()
    out.longest = 15
    assert colour(out.ask(look())) == (245, 235, 225)


def test_a_process_that_dies_is_asked_once_more_and_then_given_up(lookout: Callable[..., Lookout]) -> None:
    out = lookout()
    with pytest.raises(AtelierError) as caught:
        out.ask(look(DIE))
    assert caught.value.problem.code == "internal"
    assert colour(out.ask(look())) == (245, 235, 225)


def test_an_idle_process_makes_room_and_comes_again(lookout: Callable[..., Lookout]) -> None:
    out = lookout(idle=0.2)
    out.ask(look())
    process: Any = out.vessel
    until = time.monotonic() + 20
    while process.alive():
        assert time.monotonic() < until
        time.sleep(0.05)
    assert colour(out.ask(look())) == (245, 235, 225)
    assert out.vessel is not process


def test_who_waits_too_long_behind_others_is_told(lookout: Callable[..., Lookout]) -> None:
    out = lookout(longest=0.1)
    with out.lock, pytest.raises(Busy):
        out.ask(look())
