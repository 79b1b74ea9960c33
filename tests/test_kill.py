"""kill -9 of the whole program, with the real model, in the middle of a grid: it finishes after the next start."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.test_app import HOUSE, STARTED, free_port

GRID = {
    "values": {"prompt": "a red house in the snow", "seed": 7},
    "axes": [{"what": "sampler", "values": "Euler, DPM++ 2M"}, {"what": "steps", "values": "10, 40, 90"}],
}


class Studio:
    """The program in a process group of its own, as its worker belongs to it; one visitor."""

    def __init__(self, data: Path):
        self.data, self.port = data, free_port()
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [sys.executable, "app.py", "--no-browser", "--data", str(self.data), "--disk-reserve", "0"]
        command += ["--port", str(self.port)]
        self.process = subprocess.Popen(
            command, cwd=HOUSE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        assert self.process.stdout
        assert self.process.stdout.readline().startswith("Atelier is ready")
        self.client.get("/")

    def kill(self) -> None:
        if self.process:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()
            self.process = None

    def grid_with(self, done: int, grid: str, states: tuple[str, ...] = ("going", "done")) -> dict[str, Any]:
        """The grid as soon as that many cells are done and it is in one of the states."""
        until = time.monotonic() + STARTED
        while time.monotonic() < until:
            shown = self.client.get(f"/api/grids/{grid}").raise_for_status().json()
            if shown["counts"].get("done", 0) >= done and shown["state"] in states:
                return shown
            time.sleep(0.05)
        raise AssertionError(f"the grid has not {done} cells after {STARTED} seconds")

    def picture(self, image: str) -> bytes:
        return self.client.get(f"/api/images/{image}/file").raise_for_status().content


@pytest.mark.timeout(600)  # the program starts twice
def test_a_grid_of_the_real_model_finishes_after_kill_9_and_what_was_done_stays(tmp_path: Path):
    studio = Studio(tmp_path)
    try:
        studio.start()
        grid = studio.client.post("/api/grids", json=GRID).raise_for_status().json()["id"]
        before = studio.grid_with(2, grid)
        kept = {image: studio.picture(image) for cell in before["cells"] for image in cell["images"]}
        studio.kill()
        assert 2 <= len(kept) < 6, "the kill must come in the middle"

        studio.start()
        after = studio.grid_with(6, grid, ("done",))
        images = [cell["images"] for cell in after["cells"]]
        assert [len(of_one_cell) for of_one_cell in images] == [1] * 6
        assert kept.keys() <= {image for [image] in images}
        assert {image: studio.picture(image) for image in kept} == kept
        told = [studio.client.get(f"/api/images/{image}").json() for [image] in images]
        wanted = [(sampler, steps) for steps in (10, 40, 90) for sampler in ("Euler", "DPM++ 2M")]
        assert [(image["sampler"], image["steps"]) for image in told] == wanted
        with closing(sqlite3.connect(tmp_path / "atelier.db")) as database:
            jobs = database.execute("SELECT state FROM jobs").fetchall()
            pictures = database.execute("SELECT job, idx FROM images").fetchall()
        assert jobs == [("done",)] * 6
        assert len(pictures) == len(set(pictures)) == 6
    finally:
        studio.kill()
