"""kill -9 at any moment, worker and server in turn: no acknowledged job is lost, no half file is left."""

import os
import queue
import random
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from PIL import Image

SCRIPT = Path(__file__).with_name("crash_server.py")
HOUSE = Path(__file__).parents[2]


class Server:
    """The script in a process of its own, and what it has told so far."""

    def __init__(self, data: Path, painter: str, task: str):
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(data), painter, task],
            stdout=subprocess.PIPE,
            text=True,
            cwd=HOUSE,
            env={**os.environ, "PYTHONPATH": str(HOUSE)},
        )
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.put(line.strip())

    def ready(self) -> None:
        assert self.lines.get(timeout=90) == "ready"

    def kill_worker(self) -> None:
        for child in psutil.Process(self.process.pid).children():
            if "spawn_main" in " ".join(child.cmdline()):
                child.kill()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def acknowledged(self) -> list[str]:
        """Ids told until now; the last line may be half a line, and then it does not count."""
        if self.process.poll() is not None:
            self.reader.join()
        told = [self.lines.get() for _ in range(self.lines.qsize())]
        return [line.split()[1] for line in told if line.startswith("job ") and len(line) == 36]


def crash(data: Path, painter: str, rounds: int, longest: float) -> list[str]:
    """Kill the worker and the server in turn, at random moments; then let a last server finish."""
    chance = random.Random(7)
    server, acknowledged = Server(data, painter, "submit"), []
    server.ready()
    for number in range(rounds):
        time.sleep(chance.uniform(0.05, longest))
        if number % 2 == 0:
            server.kill_worker()
            continue
        server.kill()
        acknowledged += server.acknowledged()
        assert sound(data)
        server = Server(data, painter, "submit")
        server.ready()
    time.sleep(chance.uniform(0.05, longest))
    server.kill()
    acknowledged += server.acknowledged()
    last = Server(data, painter, "finish")
    assert last.process.wait(timeout=240) == 0
    return acknowledged


def sound(data: Path) -> bool:
    with closing(sqlite3.connect(data / "atelier.db")) as database:
        return database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


@pytest.mark.parametrize(
    ("painter", "rounds", "longest"),
    [
        ("quick", 25, 0.8),
        pytest.param("real", 4, 4.0, marks=pytest.mark.slow),
    ],
)
def test_a_job_survives_kill_9(tmp_path: Path, painter: str, rounds: int, longest: float):
    acknowledged = crash(tmp_path, painter, rounds, longest)
    assert len(acknowledged) > rounds
    with closing(sqlite3.connect(tmp_path / "atelier.db")) as database:
        jobs = dict(database.execute("SELECT id, state FROM jobs").fetchall())
        problems = dict(database.execute("SELECT id, json_extract(problem, '$.code') FROM jobs WHERE state = 'failed'"))
        images = database.execute("SELECT job, file, thumbnail FROM images").fetchall()
    assert [job for job in acknowledged if job not in jobs] == []
    assert set(jobs.values()) <= {"done", "failed"}
    assert set(problems.values()) <= {"job.interrupted", "job.killed"}, "they were tried twice, and were in work twice"
    done = [job for job, state in jobs.items() if state == "done"]
    assert len(done) > len(jobs) / 2
    for job in done:
        assert sum(of == job for of, _, _ in images) == 2
    for _, file, thumbnail in images:
        for name in (file, thumbnail):
            with Image.open(tmp_path / name) as picture:
                picture.load()
    known = {name for _, *names in images for name in names}
    files = {p.relative_to(tmp_path).as_posix() for d in ("outputs", "thumbnails") for p in (tmp_path / d).rglob("*.*")}
    assert files == known, "no half file and no orphan is left"
    assert sound(tmp_path)
    print(f"{len(acknowledged)} acknowledged, 0 lost, {len(done)} done, {len(problems)} failed after two attempts")
