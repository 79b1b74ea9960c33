"""The description for machines is true: whatever fits it, or does not, is answered as it says and never by a 5xx."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from api.access import LOOPBACK, Access
from api.server import make_app
from engine.library.scan import Library
from engine.request.schema import PARAMETERS
from engine.studio import PainterSettings, Studio
from tests.engine.workers.quick import make

MODELS = Path(__file__).parents[2] / "models"
VISITOR = "a" * 32
STREAMS = ("/api/state", "/events", "/stream")  # they last as long as there is something to tell
CHECKS = [not_a_server_error, response_schema_conformance, status_code_conformance]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a studio of its own, since whatever is asked is done."""
    data = tmp_path_factory.mktemp("described")
    kinds: dict[str, Any] = {"workers": "inprocess", "disk_reserve": 0, "make_painter": make}
    studio = Studio(data, Library(MODELS, data / "cache"), PainterSettings(device="cpu"), **kinds)
    studio.start()
    app = make_app(studio, Access(hosts=LOOPBACK))
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    studio.stop()


def description(*beginnings: str) -> dict[str, Any]:
    """Drawn without a studio: it asks none. beginnings: of the paths that are wanted; all where none is named."""
    told = make_app(None, Access()).openapi()  # pyright: ignore[reportArgumentType]
    wanted = [path for path in told["paths"] if path.startswith(beginnings or "/") and not path.endswith(STREAMS)]
    return {**told, "paths": {path: told["paths"][path] for path in wanted}}


jobs = schemathesis.openapi.from_dict(description("/api/jobs", "/api/now", "/api/load", "/api/webhooks", "/healthz"))
everything = schemathesis.openapi.from_dict(description())


def run(case: schemathesis.Case, url: str) -> None:
    checks = (
        CHECKS if case.operation.path.startswith("/api/") else CHECKS[:1]
    )  # AUTOMATIC1111's is described by its tests
    case.call_and_validate(base_url=url, checks=checks, cookies={"atelier_visitor": VISITOR}, timeout=20)


USUAL = settings(
    max_examples=int(os.environ.get("ATELIER_EXAMPLES", "10")),
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[*HealthCheck],  # pyright: ignore[reportArgumentType]
)


@jobs.parametrize()
@USUAL
def test_every_answer_is_as_described(case: schemathesis.Case, url: str) -> None:
    run(case, url)


@pytest.mark.slow
@everything.parametrize()
@settings(USUAL, max_examples=60, derandomize=False)
def test_every_answer_is_as_described_at_length(case: schemathesis.Case, url: str) -> None:
    run(case, url)


def test_the_parameters_stand_in_it_with_their_ranges_and_nothing_else_is_let_in() -> None:
    shapes = description()["components"]["schemas"]
    assert set(shapes["Drawing"]["properties"]) == {*PARAMETERS, "start", "control", "webhook"}
    assert shapes["Drawing"]["additionalProperties"] is False
    assert (
        shapes["Drawing"]["properties"]["steps"]["minimum"],
        shapes["Drawing"]["properties"]["steps"]["maximum"],
    ) == (1, 150)
    assert "required" not in shapes["Drawing"]


def test_every_reference_leads_somewhere() -> None:
    told = description()
    shapes = told["components"]["schemas"]

    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            for inner in value.values():
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    assert {reference.rsplit("/", 1)[1] for reference in references(told)} <= set(shapes)


def test_an_unknown_field_is_refused_with_its_name_and_a_near_one(url: str) -> None:
    with httpx.Client(base_url=url) as client:
        for path, body, field, near in [
            ("/api/jobs", {"stepz": 3}, "stepz", "steps"),
            ("/api/jobs/x/move", {"befor": "y"}, "befor", "before"),
        ]:
            said = client.post(path, json=body)
            error = said.json()["error"]
            assert (said.status_code, error["code"], error["field"]) == (400, "field.unknown", field)
            assert error["remedy"] == f"Did you mean {near}?"
