"""Lives of a studio, each in a process of its own, forked from this one, which holds no thread and no torch.

Arguments: a folder, what happens ("kill", "full", "fault"), every how many places. Each life starts a studio on a fresh
data folder and draws two pictures; at one place where it touches the disk it is killed, or the disk refuses. One line of
JSON tells how each life went on.
"""

import errno
import json
import os
import sqlite3
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from PIL import Image

from engine.errors import AtelierError
from engine.library.scan import Library
from engine.studio import PainterSettings, Studio
from tests.engine.faults import Disk, Happening, die, refuse
from tests.engine.workers.quick import QuickPainter

MODELS = Path(__file__).parents[2] / "models"
BOAT: dict[str, Any] = {"prompt": "a boat", "steps": 2, "count": 2, "width": 64, "height": 64}
SECONDS = 20
CODES = {"full": errno.ENOSPC, "fault": errno.EIO}


def main(folder: Path, what: str, stride: int) -> None:
    cache = folder / "cache"
    Library(MODELS, cache).find("")  # hashed once
    happening = die if what == "kill" else refuse(CODES[what])
    first = in_a_process(lambda tell: life(folder / "first", cache, tell, -1, happening))
    places = next(word["places"] for word in first if "places" in word)
    print(json.dumps({"places": places}), flush=True)
    for at in range(0, len(places), stride):
        data = folder / str(at)
        told = in_a_process(lambda tell, data=data, at=at: life(data, cache, tell, at, happening))
        acknowledged = [word["job"] for word in told if "job" in word]
        after = in_a_process(lambda tell, data=data: afterwards(data, cache, tell))
        line = {"at": at, "place": places[at], "told": told, "after": after, **evidence(data, acknowledged)}
        print(json.dumps(line), flush=True)


def life(data: Path, cache: Path, tell: Callable[..., None], at: int, happen: Happening) -> None:
    """A killed one is watched from its first breath, one whose disk refuses once it has started."""
    disk = Disk()
    disk.watch()
    if happen is die:
        disk.arm(at, happen)
    studio = opened(data, cache)
    if happen is not die:
        disk.arm(at, happen, lasting=bool(at % 2))
    job = submitted(studio, tell)
    end = time.monotonic() + 0.6
    while job and not studio.job(job, "anna").state.final and time.monotonic() < end:
        time.sleep(0.005)
    tell(places=list(disk.reached))
    disk.heal()
    job = job or submitted(studio, tell)
    while job and not studio.job(job, "anna").state.final:
        time.sleep(0.005)
    another = submitted(studio, tell)
    while another and not studio.job(another, "anna").state.final:
        time.sleep(0.005)
    tell(another=another and studio.job(another, "anna").state.value)
    studio.stop()


def submitted(studio: Studio, tell: Callable[..., None]) -> str | None:
    """None: it was refused, and said so."""
    try:
        job = studio.submit(BOAT, "anna").id
    except (AtelierError, OSError, sqlite3.OperationalError) as error:
        tell(refused=type(error).__name__)
        return None
    tell(job=job)
    return job


def afterwards(data: Path, cache: Path, tell: Callable[..., None]) -> None:
    """The next start: all that was promised is finished, and one more job is drawn."""
    studio = opened(data, cache)
    submitted(studio, tell)
    while studio.snapshot("")["waiting"] or studio.store.running():
        time.sleep(0.005)
    studio.stop()


def opened(data: Path, cache: Path) -> Studio:
    studio = Studio(
        data,
        Library(MODELS, cache),
        PainterSettings(device="cpu"),
        workers="inprocess",
        disk_reserve=0,
        make_painter=lambda: QuickPainter(0.001),
    )
    studio.start()
    return studio


def evidence(data: Path, acknowledged: list[str]) -> dict[str, Any]:
    """What the disk says in the end. orphans: files that no row knows; broken: pictures that cannot be read whole."""
    with closing(sqlite3.connect(data / "atelier.db")) as database:
        whole = database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        jobs = dict(database.execute("SELECT id, state FROM jobs").fetchall())
        found = database.execute("SELECT DISTINCT json_extract(problem, '$.code') FROM jobs WHERE state = 'failed'")
        problems = sorted(code for (code,) in found)
        images = database.execute("SELECT job, idx, file, thumbnail FROM images").fetchall()
    known = {name for _, _, *names in images for name in names}
    files = {p.relative_to(data).as_posix() for d in ("outputs", "thumbnails") for p in (data / d).rglob("*.*")}
    pictures = {job: sum(of == job for of, *_ in images) for job in jobs}
    return {
        "whole": whole,
        "lost": [job for job in acknowledged if job not in jobs],
        "states": sorted(set(jobs.values())),
        "problems": problems,
        "incomplete": [job for job, state in jobs.items() if state == "done" and pictures[job] != 2],
        "twice": len(images) - len({(job, idx) for job, idx, *_ in images}),
        "orphans": sorted(files - known),
        "broken": sorted(name for name in known if not readable(data / name)),
    }


def readable(file: Path) -> bool:
    try:
        with Image.open(file) as picture:
            picture.load()
    except OSError:
        return False
    return True


def in_a_process(act: Callable[[Callable[..., None]], None]) -> list[dict[str, Any]]:
    """What `act` told until it was over; how it ended comes last, unless it ended well."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)

        def tell(**word: Any) -> None:
            os.write(writing, (json.dumps(word) + "\n").encode())

        try:
            act(tell)
            os._exit(0)
        except BaseException as error:
            tell(error=type(error).__name__, trace=traceback.format_exc()[-2000:])
            os._exit(1)
    os.close(writing)
    end = time.monotonic() + SECONDS
    status = 0
    while not (done := os.waitpid(process, os.WNOHANG))[0]:
        if time.monotonic() > end:
            os.kill(process, 9)
            status = os.waitpid(process, 0)[1]
            break
        time.sleep(0.002)
    else:
        status = done[1]
    with os.fdopen(reading) as told:
        words = [json.loads(line) for line in told]
    return words if status == 0 else [*words, {"ended": status, "late": time.monotonic() > end}]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
