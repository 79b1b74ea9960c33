"""The real webuiapi client from PyPI against a running studio with the built-in model; small pictures in few steps."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import webuiapi

from tests.api.conftest import Place

TINY: dict[str, Any] = {"width": 64, "height": 64, "steps": 2, "seed": 7}
LONG: dict[str, Any] = {"width": 128, "height": 128, "steps": 150, "seed": 7, "prompt": "a red house"}
WAIT = 120  # seconds; a worker on a busy machine takes long to begin


def person(place: Place, letter: str) -> Any:
    """webuiapi as one user: its session keeps a visitor's cookie."""
    api = webuiapi.WebUIApi(baseurl=f"{place.url}/sdapi/v1", steps=2)
    api.session.cookies.set("atelier_visitor", letter * 32)
    return api


@pytest.fixture
def api(private_place: Place) -> Any:
    return person(private_place, "a")


@pytest.fixture
def http(private_place: Place) -> Iterator[httpx.Client]:
    """A client that speaks the protocol itself, and keeps no cookie of its own."""
    with httpx.Client(base_url=private_place.url, timeout=WAIT) as client:
        yield client


def until(found: Callable[[], Any], what: str) -> Any:
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(0.03)
    raise AssertionError(f"{what} did not come in two minutes")


@contextmanager
def meanwhile(work: Callable[[], Any]) -> Iterator[Callable[[], Any]]:
    """Run it in another thread; call what is given to wait for its result."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(work())
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=run)

    def result() -> Any:
        thread.join(WAIT)
        assert found, "it did not come back in two minutes"
        return found[0]

    thread.start()
    try:
        yield result
    finally:
        thread.join(WAIT)


def drawing(api: Any) -> Any:
    """Its state, once its picture has made a step."""
    return until(lambda: (now := api.get_progress())["state"]["sampling_step"] > 0 and now, "a first step")
