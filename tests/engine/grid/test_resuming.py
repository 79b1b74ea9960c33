"""A grid goes on by itself after kill -9: no cell is drawn twice, none is lost."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "grid_server.py"
HOUSE = Path(__file__).parents[3]


def serve(data: Path, task: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), str(data), task],
        stdout=subprocess.PIPE,
        text=True,
        cwd=HOUSE,
        env={**os.environ, "PYTHONPATH": str(HOUSE)},
    )


def kill_once(server: subprocess.Popen[str], done: int) -> None:
    """As soon as that many cells are done."""
    assert server.stdout
    for line in server.stdout:
        if line.startswith("done") and int(line.split()[1]) >= done:
            break
    server.kill()
    server.communicate()


def test_the_grid_of_two_samplers_and_three_step_counts_resumes_after_kill_9(tmp_path: Path):
    kill_once(serve(tmp_path, "begin"), 0)
    kill_once(serve(tmp_path, "go on"), 2)
    assert done(tmp_path) < 6, "the kill must come in the middle"
    last = serve(tmp_path, "go on")
    last.communicate(timeout=120)
    assert last.returncode == 0
    with closing(sqlite3.connect(tmp_path / "atelier.db")) as database:
        cells = database.execute("SELECT job FROM grid_cells ORDER BY at").fetchall()
        jobs = database.execute("SELECT id, state FROM jobs").fetchall()
        images = database.execute("SELECT job, idx FROM images").fetchall()
    assert len(cells) == len(set(cells)) == 6
    assert sorted(jobs) == sorted((job, "done") for (job,) in cells)
    assert sorted(images) == sorted((job, 0) for (job,) in cells)


def done(data: Path) -> int:
    with closing(sqlite3.connect(data / "atelier.db")) as database:
        return database.execute("SELECT COUNT(*) FROM jobs WHERE state = 'done'").fetchone()[0]
