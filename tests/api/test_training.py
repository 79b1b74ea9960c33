"""Training over HTTP, with real runs of the built-in model on a dozen tiny pictures."""

import io
import json
import os
import shutil
import signal
import time
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.access import COOKIE
from engine.training.processes import kill
from engine.training.run_folder import RunFolder
from tests.api.conftest import MODELS, Place, drawn, serve
from tests.engine.training.making import pictures

SMALL = {"resolution": 64, "batch": 2, "learning_rate": 1e-3, "seed": 5, "save": 0, "sample": 0, "measure": 0}
PATIENCE = 300  # seconds; on a busy machine a run's process takes minutes to import torch
pytestmark = pytest.mark.timeout(900)


def uploaded(client: httpx.Client, folder: Path, name: str, count: int = 12) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in pictures(folder, count).iterdir():
            archive.write(path, path.name)
    files = {"files": ("rings.zip", packed.getvalue(), "application/zip")}
    answer = client.post(f"/api/training/datasets/{name}", files=files).raise_for_status().json()
    assert answer == {"name": name, "pictures": count, "left_out": []}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """With a models folder of its own, since products go there; no page."""
    models = tmp_path_factory.mktemp("models")
    shutil.copytree(MODELS / "checkpoints" / "postcard", models / "checkpoints" / "postcard")
    data = tmp_path_factory.mktemp("data")
    yield from serve(data, private=True, models=models)
    for path in (data / "runs").glob("*"):  # what a failed test has left
        kill(RunFolder(path))


@pytest.fixture(scope="module")
def ann(place: Place) -> Iterator[httpx.Client]:
    with place.client() as client:
        client.get("/api/jobs")  # brings the cookie
        yield client


@pytest.fixture(scope="module")
def rings(ann: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> str:
    uploaded(ann, tmp_path_factory.mktemp("rings"), "rings")
    return "rings"


@pytest.fixture(scope="module")
def finished(ann: httpx.Client, rings: str) -> tuple[str, list[str]]:
    """A run that was followed from its beginning to its end, and the lines of the stream."""
    run = asked(ann, rings, length=4, prompts=["a purple ring"], steps=2, name="ring lora", sample=2)
    with ann.stream("GET", f"/api/training/{run}/stream", timeout=PATIENCE) as stream:
        return run, list(stream.iter_lines())


@pytest.fixture(autouse=True)
def one_at_a_time(place: Place) -> Iterator[None]:
    """What a failed test leaves running would keep the next one's run in the queue."""
    yield
    for path in (place.data / "runs").glob("*"):
        if RunFolder(path).alive():
            kill(RunFolder(path))


def asked(client: httpx.Client, dataset: str, **values: Any) -> str:
    body = {"values": {"concepts": [{"folder": dataset}], **SMALL, **values}}
    return client.post("/api/training", json=body).raise_for_status().json()["id"]


def until(client: httpx.Client, run: str, ready: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    end, shown = time.monotonic() + PATIENCE, {}
    while time.monotonic() < end:
        shown = client.get(f"/api/training/{run}").raise_for_status().json()
        if ready(shown):
            return shown
        time.sleep(0.1)
    raise AssertionError(f"after {PATIENCE} seconds: {shown}")


def told(client: httpx.Client, run: str) -> list[dict[str, Any]]:
    return client.get(f"/api/training/{run}/events").raise_for_status().json()["events"]


def kinds(client: httpx.Client, run: str) -> list[str]:
    return [event["kind"] for event in told(client, run)]


def command(client: httpx.Client, run: str, command: str) -> None:
    client.post(f"/api/training/{run}/command", json={"command": command}).raise_for_status()


def test_a_run_goes_to_its_end_and_its_product_is_found_by_the_studio(
    place: Place, ann: httpx.Client, finished: tuple[str, list[str]]
):
    run, _ = finished
    shown = until(ann, run, lambda shown: shown["status"] != "running")
    assert (shown["status"], shown["step"], shown["total"], shown["problem"]) == ("finished", 4, 4, None)
    assert shown["values"]["seed"] == "5"
    assert shown["base"] == "postcard"
    heard = kinds(ann, run)
    assert heard.count("step") == 4
    assert heard[-2:] == ["exported", "ended"]
    picture = ann.get(f"/{shown['sample']}")
    assert (picture.headers["content-type"], picture.content[:4]) == ("image/png", b"\x89PNG")
    placed = ann.post(f"/api/training/{run}/use", json={"step": "final"}).raise_for_status().json()
    assert placed == {"kind": "lora", "name": "ring lora"}
    assert (place.studio.library.models / "loras" / "ring lora.safetensors").is_file()
    assert ann.post(f"/api/training/{run}/use", json={}).json() == placed


def test_a_dozen_bad_values_name_their_field(ann: httpx.Client, rings: str):
    good = {"concepts": [{"folder": rings}], **SMALL}
    for changed, field in (
        ({"rank": 4}, "rank"),
        ({"lora.rank": 0}, "lora.rank"),
        ({"learning_rate": "fast"}, "learning_rate"),
        ({"method": "magic"}, "method"),
        ({"checkpoint": "nowhere"}, "checkpoint"),
        ({"concepts": []}, "concepts"),
        ({"concepts": [{"folder": "nowhere"}]}, "concepts"),
        ({"concepts": [{"folder": "/etc"}]}, "concepts"),
        ({"concepts": [{"folder": "../.."}]}, "concepts"),
        ({"length": 0}, "length"),
    ):
        for path in ("/api/training", "/api/training/estimate"):
            answer = ann.post(path, json={"values": {**good, **changed}})
            problem = answer.json()["error"]
            assert (answer.status_code, problem["field"]) == (400, field), problem
            assert problem["message"]
    assert ann.post("/api/training", json={"values": good, "more": 1}).json()["error"]["field"] == "more"


def test_a_run_rests_stops_and_goes_on_where_it_was(ann: httpx.Client, rings: str):
    run = asked(ann, rings, length=100_000)
    tell = partial(command, ann, run)
    until(ann, run, lambda shown: shown["step"] >= 2)
    tell("pause")
    rested = until(ann, run, lambda shown: shown["status"] == "paused")
    assert rested["why"] == "asked"
    assert ann.delete(f"/api/training/{run}").status_code == 409
    assert ann.post(f"/api/training/{run}/start").status_code == 409
    tell("resume")
    until(ann, run, lambda shown: shown["status"] == "running" and shown["step"] > rested["step"])
    waiting = asked(ann, rings, length=1)
    assert until(ann, waiting, lambda shown: shown["queued"])["queued"] == 1
    assert ann.post(f"/api/training/{waiting}/command", json={"command": "stop"}).json() == {"seq": 0}
    assert ann.get(f"/api/training/{waiting}").json()["status"] == "stopped"
    tell("stop")
    stopped = until(ann, run, lambda shown: shown["status"] == "stopped")
    assert ann.post(f"/api/training/{run}/command", json={"command": "pause"}).status_code == 409
    ann.post(f"/api/training/{run}/start").raise_for_status()
    again = until(ann, run, lambda shown: shown["status"] == "running" and shown["step"] > stopped["step"])
    began = [event["step"] for event in told(ann, run) if event["kind"] == "began"]
    assert began == [0, stopped["step"]]
    assert again["problem"] is None
    tell("stop_now")
    until(ann, run, lambda shown: shown["status"] == "stopped")


def test_a_killed_run_is_seen_as_crashed_and_goes_on(place: Place, ann: httpx.Client, rings: str):
    run = asked(ann, rings, length=100_000, save=2)
    until(ann, run, lambda shown: shown["step"] >= 3)
    folder = RunFolder(place.data / "runs" / run)
    pid = folder.pid()
    assert pid
    os.killpg(pid, signal.SIGKILL)
    crashed = until(ann, run, lambda shown: shown["status"] == "crashed")
    assert crashed["last_words"] is not None
    ann.post(f"/api/training/{run}/start").raise_for_status()
    until(ann, run, lambda shown: shown["step"] > crashed["step"])
    began = [event["step"] for event in told(ann, run) if event["kind"] == "began"]
    assert began[0] == 0
    assert 2 <= began[1] <= crashed["step"]
    command(ann, run, "stop_now")
    until(ann, run, lambda shown: shown["status"] == "stopped")


def test_a_run_rests_while_pictures_are_drawn_and_goes_on_by_itself(place: Place, ann: httpx.Client, rings: str):
    run = asked(ann, rings, length=100_000)
    until(ann, run, lambda shown: shown["step"] >= 1)
    drawn(ann, steps=30, width=256, height=256)
    rests = [event for event in told(ann, run) if event["kind"] == "paused"]
    assert [event["why"] for event in rests] == ["drawing"]
    until(ann, run, lambda shown: "resumed" in [event["kind"] for event in shown["events"]])
    command(ann, run, "stop_now")
    until(ann, run, lambda shown: shown["status"] == "stopped")


def test_strangers_find_neither_runs_nor_pictures(
    place: Place, ann: httpx.Client, rings: str, finished: tuple[str, list[str]]
):
    path = f"/api/training/{finished[0]}"
    with place.client() as bob:
        assert bob.get("/api/training").json()["runs"] == []
        ways = (path, f"{path}/events", f"{path}/stream", f"{path}/sample/0/01.png", f"{path}/report")
        assert [bob.get(way).status_code for way in ways] == [404] * len(ways)
        for way, body in (("command", {"command": "stop"}), ("start", {}), ("use", {})):
            assert bob.post(f"{path}/{way}", json=body).status_code == 404
        assert bob.delete(path).status_code == 404
        assert bob.get("/api/training/datasets").json() == []
        assert bob.get(f"/api/training/datasets/{rings}/pictures").status_code == 404
        answer = bob.post("/api/training/scan", json={"values": {"concepts": [{"folder": rings}]}})
        assert answer.json()["findings"][0]["code"] == "dataset.missing"
        away = bob.post(
            "/api/training", json={"values": {"concepts": [{"folder": f"../{ann.cookies[COOKIE]}/{rings}"}]}}
        )
        assert away.json()["error"]["code"] == "dataset.outside"


def test_the_stream_tells_each_event_once_and_ends(ann: httpx.Client, finished: tuple[str, list[str]]):
    run, lines = finished
    steps = [json.loads(line[6:])["step"] for line in lines if line.startswith("data: ") and '"kind":"step"' in line]
    assert steps == [1, 2, 3, 4]
    assert lines[-3:-1] == ["event: idle", "data: {}"]
    ids = [int(line[4:]) for line in lines if line.startswith("id: ")]
    assert ids == sorted(set(ids))
    for heard in (1, len(ids) // 2):
        rest = ann.get(f"/api/training/{run}/events", params={"from": ids[heard - 1]}).json()
        assert rest["events"] == told(ann, run)[heard:]


def test_an_estimate_is_a_guess_until_a_dry_run_has_measured_it(ann: httpx.Client, rings: str):
    values = {"concepts": [{"folder": rings}], **SMALL, "batch": 3, "length": 2, "unit": "epochs"}
    guessed = ann.post("/api/training/estimate", json={"values": values}).raise_for_status().json()
    assert (guessed["steps"], guessed["pictures"], guessed["batches_per_epoch"]) == (8, 12, 4)
    assert guessed["measured"] is False
    assert min(guessed["seconds"], guessed["memory"], guessed["disk"]) > 0
    assert (guessed["fits"], guessed["remedies"]) == (True, [])
    dry = ann.post("/api/training/dryrun", json={"values": values}).raise_for_status().json()["id"]
    shown = until(ann, dry, lambda shown: shown["status"] == "finished")
    assert (shown["dry"], shown["step"]) == (True, 2)
    measured = ann.post("/api/training/estimate", json={"values": values}).json()
    assert measured["measured"] is True
    assert measured["memory"] != guessed["memory"]
    longer = ann.post("/api/training/estimate", json={"values": {**values, "length": 20}}).json()
    assert longer["measured"] is True
    assert longer["seconds"] > measured["seconds"]


def test_a_saved_state_becomes_a_product_without_ending_the_run(place: Place, ann: httpx.Client, rings: str):
    run = asked(ann, rings, length=100_000, save=2, states=100, name="early")
    until(ann, run, lambda shown: shown["step"] >= 4)
    command(ann, run, "pause")
    until(ann, run, lambda shown: shown["status"] == "paused")
    used = ann.post(f"/api/training/{run}/use", json={"step": 2}, timeout=PATIENCE).raise_for_status().json()
    assert used == {"kind": "lora", "name": "early-000002"}
    assert (place.studio.library.models / "loras" / "early-000002.safetensors").is_file()
    assert ann.post(f"/api/training/{run}/use", json={"step": 1}).status_code == 404
    assert ann.post(f"/api/training/{run}/use", json={}).status_code == 404
    assert ann.get(f"/api/training/{run}").json()["status"] == "paused"
    command(ann, run, "stop_now")
    until(ann, run, lambda shown: shown["status"] == "stopped")


def test_what_came_out_of_a_deleted_run_stays_unless_all_goes(place: Place, ann: httpx.Client, rings: str):
    for everything, kept in ((False, True), (True, False)):
        run = asked(ann, rings, length=1)
        command(ann, run, "stop")
        until(ann, run, lambda shown: shown["status"] in ("stopped", "finished"))
        products = RunFolder(place.data / "runs" / run).products
        products.mkdir(exist_ok=True)
        (products / "made.safetensors").write_bytes(b"weights")
        assert ann.delete(f"/api/training/{run}", params={"all": everything}).status_code == 204
        assert ann.get(f"/api/training/{run}").status_code == 404
        assert (place.data / "products" / run / "made.safetensors").exists() is kept
        assert not (place.data / "runs" / run).exists()
