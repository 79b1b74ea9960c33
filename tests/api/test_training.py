"""Training over HTTP, with real runs of the built-in model on a dozen tiny pictures."""

import io
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import MODELS, Place, serve
from tests.engine.training.making import pictures

SMALL = {"resolution": 64, "batch": 2, "learning_rate": 1e-3, "seed": 5, "save": 0, "sample": 0, "measure": 0}
PATIENCE = 120  # seconds, on a busy machine


def uploaded(client: httpx.Client, folder: Path, name: str, count: int = 12) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in pictures(folder, count).iterdir():
            archive.write(path, path.name)
    files = {"files": ("rings.zip", packed.getvalue(), "application/zip")}
    told = client.post(f"/api/training/datasets/{name}", files=files).raise_for_status().json()
    assert told == {"name": name, "pictures": count, "left_out": []}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """With a models folder of its own, since products go there; no page."""
    models = tmp_path_factory.mktemp("models")
    shutil.copytree(MODELS / "checkpoints" / "postcard", models / "checkpoints" / "postcard")
    yield from serve(tmp_path_factory.mktemp("data"), private=True, models=models)


@pytest.fixture(scope="module")
def ann(place: Place) -> Iterator[httpx.Client]:
    with place.client() as client:
        client.get("/api/jobs")  # brings the cookie
        yield client


@pytest.fixture(scope="module")
def rings(ann: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> str:
    uploaded(ann, tmp_path_factory.mktemp("rings"), "rings")
    return "rings"


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


def kinds(client: httpx.Client, run: str) -> list[str]:
    return [event["kind"] for event in client.get(f"/api/training/{run}/events").json()["events"]]


def test_a_run_goes_to_its_end_and_its_product_is_found_by_the_studio(place: Place, ann: httpx.Client, rings: str):
    run = asked(ann, rings, length=4, prompts=["a purple ring"], steps=2, name="ring lora", sample=2)
    shown = until(ann, run, lambda shown: shown["status"] not in ("new", "running"))
    assert (shown["status"], shown["step"], shown["total"], shown["problem"]) == ("finished", 4, 4, None)
    assert shown["values"]["seed"] == "5"
    assert shown["base"] == "postcard"
    told = kinds(ann, run)
    assert told.count("step") == 4
    assert told[-2:] == ["exported", "ended"]
    picture = ann.get(f"/{shown['sample']}")
    assert (picture.headers["content-type"], picture.content[:4]) == ("image/png", b"\x89PNG")
    placed = ann.post(f"/api/training/{run}/use", json={"step": "final"}).raise_for_status().json()
    assert placed == {"kind": "lora", "name": "ring lora"}
    assert (place.studio.library.models / "loras" / "ring lora.safetensors").is_file()
    assert ann.post(f"/api/training/{run}/use", json={}).json() == placed
    assert ann.delete(f"/api/training/{run}").status_code == 204
    assert ann.get(f"/api/training/{run}").status_code == 404
