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
from PIL import Image

from api.doors import VISITOR_COOKIE
from engine.training.processes import kill
from engine.training.run_folder import RunFolder
from tests.api.conftest import MODELS, Place, drawn, serve
from tests.engine.training.making import pictures

SMALL = {"resolution": 64, "batch": 2, "learning_rate": 1e-3, "seed": 5, "save": 0, "sample": 0, "measure": 0}
SAVED = 4  # steps from a state of the long run to the next
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
    for path in (data / "runs").glob("*"):
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
def finished(place: Place, ann: httpx.Client, rings: str) -> tuple[str, list[str]]:
    """A run that was followed from its beginning to its end, and the lines of the stream."""
    make_room(place)
    run = asked(ann, rings, length=4, prompts=["a purple ring"], steps=2, name="ring lora", sample=2)
    with ann.stream("GET", f"/api/training/{run}/stream", timeout=PATIENCE) as stream:
        return run, list(stream.iter_lines())


@pytest.fixture
def going(place: Place, ann: httpx.Client, long_run: str) -> str:
    """The long run at work, whatever another test has done to it."""
    if not RunFolder(place.data / "runs" / long_run).alive():
        ann.post(f"/api/training/{long_run}/start").raise_for_status()
    before = until(ann, long_run, lambda shown: shown["status"] in ("running", "paused"))
    if before["why"] == "asked":
        command(ann, long_run, "resume")
    until(ann, long_run, lambda shown: shown["status"] == "running" and shown["step"] > max(before["step"], SAVED))
    return long_run


@pytest.fixture(scope="module")
def long_run(place: Place, ann: httpx.Client, rings: str) -> str:
    """One for all tests that disturb a run: a process takes long to begin."""
    make_room(place)
    return asked(ann, rings, length=100_000, save=SAVED, name="early")


def make_room(place: Place) -> None:
    """What another test has left going would keep the next run in the queue."""
    for path in (place.data / "runs").glob("*"):
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


def began(client: httpx.Client, run: str) -> list[int]:
    """The steps from which its processes went on."""
    return [event["step"] for event in told(client, run) if event["kind"] == "began"]


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


def test_what_samples_follow_is_fetched_by_its_number(place: Place, ann: httpx.Client, finished: tuple[str, list[str]]):
    path, folder = f"/api/training/{finished[0]}/condition", place.data / "runs" / finished[0] / "conditions"
    assert ann.get(f"{path}/01.png").status_code == 404  # a LoRA follows nothing
    folder.mkdir()
    Image.new("RGB", (8, 8), (10, 20, 30)).save(folder / "01.png")
    found = ann.get(f"{path}/01.png")
    assert (found.status_code, found.content) == (200, (folder / "01.png").read_bytes())
    for name in ("..%2F01.png", "card.json", "x1.png"):
        assert ann.get(f"{path}/{name}").status_code == 404
    with place.client() as bob:
        assert bob.get(f"{path}/01.png").status_code == 404


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
        sets = f"/api/training/datasets/{rings}"
        for way in ("pictures", "tags", "file/00.png"):
            assert bob.get(f"{sets}/{way}").status_code == 404
        change = {"changes": [{"name": "00.png", "caption": "mine"}]}
        assert bob.put(f"{sets}/captions", json=change).status_code == 404
        assert bob.post(f"{sets}/tags", json={"operation": "add", "tag": "x", "apply": True}).status_code == 404
        assert bob.post("/api/training/scan/undo", json={}).status_code == 404  # nor what she has changed
        answer = bob.post("/api/training/scan", json={"values": {"concepts": [{"folder": rings}]}})
        assert answer.json()["findings"][0]["code"] == "dataset.missing"
        away = bob.post(
            "/api/training", json={"values": {"concepts": [{"folder": f"../{ann.cookies[VISITOR_COOKIE]}/{rings}"}]}}
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


@pytest.mark.parametrize(("language", "word"), [("zh-CN", "状态"), ("en", "Status"), ("../xx", "Status")])
def test_the_report_is_told_in_the_language_of_the_page(
    language: str, word: str, ann: httpx.Client, finished: tuple[str, list[str]]
):
    page = ann.get(f"/api/training/{finished[0]}/report", params={"language": language}).raise_for_status().text
    assert word in page


def test_an_estimate_is_a_guess_until_a_dry_run_has_measured_it(place: Place, ann: httpx.Client, rings: str):
    values = {"concepts": [{"folder": rings}], **SMALL, "batch": 3, "length": 2, "unit": "epochs"}
    guessed = ann.post("/api/training/estimate", json={"values": values}).raise_for_status().json()
    assert (guessed["steps"], guessed["pictures"], guessed["batches_per_epoch"]) == (8, 12, 4)
    assert guessed["measured"] is False
    assert min(guessed["seconds"], guessed["memory"], guessed["disk"]) > 0
    assert (guessed["fits"], guessed["remedies"]) == (True, [])
    make_room(place)
    dry = ann.post("/api/training/dryrun", json={"values": values}).raise_for_status().json()["id"]
    shown = until(ann, dry, lambda shown: shown["status"] == "finished")
    assert (shown["dry"], shown["step"]) == (True, 2)
    measured = ann.post("/api/training/estimate", json={"values": values}).json()
    assert measured["measured"] is True
    assert measured["memory"] != guessed["memory"]
    longer = ann.post("/api/training/estimate", json={"values": {**values, "length": 20}}).json()
    assert longer["measured"] is True
    assert longer["seconds"] > measured["seconds"]


def test_a_run_rests_stops_and_goes_on_where_it_was(ann: httpx.Client, rings: str, going: str):
    tell = partial(command, ann, going)
    tell("pause")
    rested = until(ann, going, lambda shown: shown["status"] == "paused")
    assert rested["why"] == "asked"
    assert ann.delete(f"/api/training/{going}").status_code == 409
    assert ann.post(f"/api/training/{going}/start").status_code == 409
    tell("resume")
    until(ann, going, lambda shown: shown["status"] == "running" and shown["step"] > rested["step"])
    waiting = asked(ann, rings, length=1)
    assert until(ann, waiting, lambda shown: shown["queued"])["queued"] == 1
    assert ann.post(f"/api/training/{waiting}/command", json={"command": "stop"}).json() == {"seq": 0}
    assert ann.get(f"/api/training/{waiting}").json()["status"] == "stopped"
    tell("stop")
    stopped = until(ann, going, lambda shown: shown["status"] == "stopped")
    assert ann.post(f"/api/training/{going}/command", json={"command": "pause"}).status_code == 409
    ann.post(f"/api/training/{going}/start").raise_for_status()
    again = until(ann, going, lambda shown: shown["status"] == "running" and shown["step"] > stopped["step"])
    assert began(ann, going)[-1] == stopped["step"]
    assert again["problem"] is None


def test_a_killed_run_is_seen_as_crashed_and_goes_on(place: Place, ann: httpx.Client, going: str):
    pid = RunFolder(place.data / "runs" / going).pid()
    assert pid
    os.killpg(pid, signal.SIGKILL)
    crashed = until(ann, going, lambda shown: shown["status"] == "crashed")
    assert crashed["last_words"] is not None
    ann.post(f"/api/training/{going}/start").raise_for_status()
    until(ann, going, lambda shown: shown["step"] > crashed["step"])
    assert crashed["step"] - SAVED <= began(ann, going)[-1] <= crashed["step"]


def test_a_run_rests_while_pictures_are_drawn_and_goes_on_by_itself(ann: httpx.Client, going: str):
    before = len(told(ann, going))
    drawn(ann, steps=30, width=256, height=256)
    rests = [event for event in told(ann, going)[before:] if event["kind"] == "paused"]
    assert [event["why"] for event in rests] == ["drawing"]
    until(ann, going, lambda _: "resumed" in kinds(ann, going)[before:])


def test_a_saved_state_becomes_a_product_without_ending_the_run(place: Place, ann: httpx.Client, going: str):
    command(ann, going, "pause")
    step = until(ann, going, lambda shown: shown["status"] == "paused")["step"]
    used = ann.post(f"/api/training/{going}/use", json={"step": step}, timeout=PATIENCE).raise_for_status().json()
    assert used == {"kind": "lora", "name": f"early-{step:06}"}
    assert (place.studio.library.models / "loras" / f"early-{step:06}.safetensors").is_file()
    assert ann.post(f"/api/training/{going}/use", json={"step": 1}).status_code == 404
    assert ann.post(f"/api/training/{going}/use", json={}).status_code == 404
    assert ann.get(f"/api/training/{going}").json()["status"] == "paused"


def test_all_that_belongs_to_a_deleted_run_goes_and_what_was_put_to_use_stays(
    place: Place, ann: httpx.Client, rings: str, going: str
):
    run = asked(ann, rings, length=1, name="kept")  # it waits for the one that goes on
    command(ann, run, "stop")
    products = RunFolder(place.data / "runs" / run).products
    products.mkdir()
    (products / "kept.safetensors").write_bytes(b"weights")
    ann.post(f"/api/training/{run}/use", json={"step": "final"}).raise_for_status()
    assert ann.delete(f"/api/training/{run}").status_code == 204
    assert ann.get(f"/api/training/{run}").status_code == 404
    left = [path for path in place.data.rglob("*") if run in path.name or path.name == "kept.safetensors"]
    assert left == []
    assert (place.studio.library.models / "loras" / "kept.safetensors").read_bytes() == b"weights"
