"""kill -9 of the whole program while a training goes on: the run never notices, and the next start finds it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.training.processes import kill
from engine.training.run_folder import RunFolder
from tests.engine.training.making import pictures
from tests.test_kill import Studio

VALUES = {"concepts": [{"folder": "rings"}], "resolution": 64, "batch": 2, "length": 100_000, "save": 0, "sample": 0}


def until(studio: Studio, run: str, ready: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    end, shown = time.monotonic() + 300, {}
    while time.monotonic() < end:
        shown = studio.client.get(f"/api/training/{run}").raise_for_status().json()
        if ready(shown):
            return shown
        time.sleep(0.1)
    raise AssertionError(f"after five minutes: {shown}")


def command(studio: Studio, run: str, told: str) -> None:
    studio.client.post(f"/api/training/{run}/command", json={"command": told}).raise_for_status()


@pytest.mark.timeout(1200)  # the program starts twice
def test_a_run_survives_the_studio_and_the_queue_goes_on_after_the_next_start(tmp_path: Path):
    studio = Studio(tmp_path)
    pictures(tmp_path / "datasets" / "rings")
    try:
        studio.start()
        ask = [studio.client.post("/api/training", json={"values": {**VALUES, "length": n}}) for n in (100_000, 2)]
        run, waiting = [answer.raise_for_status().json()["id"] for answer in ask]
        before = until(studio, run, lambda shown: shown["step"] >= 1)
        studio.kill()
        folder = RunFolder(tmp_path / "runs" / run)
        assert folder.alive()
        told = len(folder.events()[0])
        end = time.monotonic() + 60
        while len(folder.events()[0]) <= told + 2:
            assert time.monotonic() < end
            time.sleep(0.1)

        studio.start()
        found = until(studio, run, lambda shown: shown["step"] > before["step"] + 2)
        assert (found["status"], found["queued"]) == ("running", 0)
        assert studio.client.get(f"/api/training/{waiting}").json()["queued"] == 1
        command(studio, run, "stop")
        until(studio, run, lambda shown: shown["status"] == "stopped")
        assert until(studio, waiting, lambda shown: shown["status"] == "finished")["step"] == 2
    finally:
        studio.kill()
        for path in (tmp_path / "runs").glob("*"):
            kill(RunFolder(path))
