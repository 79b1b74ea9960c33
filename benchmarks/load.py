"""A hundred people at once, and one who asks for fifty pictures: who is answered, how soon, and what is lost.

The painter is a fake that paints rectangles at once (benchmarks/load_server.py): what is measured is the server.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx
import psutil

from benchmarks.table import Row

HOUSE = Path(__file__).parent.parent
ASKED = {"prompt": "a boat", "steps": 1, "width": 64, "height": 64}
CLIENTS, EACH, HOG = 100, 10, 50


@dataclass
class Storm:
    """What came of it. unanswered: requests that ended in an error of the connection or a 5xx; bare: 429 without
    Retry-After; health: seconds of each /healthz; lost: accepted jobs that are not done, or have no picture."""

    answers: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0
    bare: int = 0
    health: list[float] = field(default_factory=list)
    accepted: int = 0
    lost: int = 0
    seconds: float = 0


def measure(runs: int) -> list[Row]:
    with server() as (url, process):
        asyncio.run(storm(url, 20, 10))  # warms up: imports, pools, caches
        before = memory(process)
        one = asyncio.run(storm(url, CLIENTS, EACH))
        between = memory(process)
        asyncio.run(storm(url, CLIENTS, EACH))
        after = memory(process)
    with server() as (url, _):
        asyncio.run(storm(url, 2, 2))
        waited, begun = asyncio.run(hog(url, HOG))
    health = sorted(one.health)
    p95 = quantiles(health, n=20)[-1]

    def number(name: str, value: float, unit: str = "", wanted: str = "") -> Row:
        return Row(name, value, value, value, unit, wanted)

    return [
        number(f"{CLIENTS} clients at once: requests", one.answers.total() + one.unanswered),
        number("of these not answered, or with a 5xx", one.unanswered, wanted="0"),
        number("429", one.answers[429]),
        number("429 without Retry-After", one.bare, wanted="0"),
        number("jobs accepted", one.accepted, wanted=str(CLIENTS * EACH)),
        number("jobs lost", one.lost, wanted="0"),
        number("jobs a second", one.accepted / one.seconds),
        Row("/healthz meanwhile", median(health) * 1000, health[0] * 1000, health[-1] * 1000, "ms"),
        number("/healthz meanwhile, 95 of 100", p95 * 1000, "ms", "< 500 ms"),
        Row("resident memory, after 200, 1,200 and 2,200 jobs", between, before, after, "MB", "flat"),
        number(f"first picture beside somebody's {HOG} jobs", waited, "s"),
        number("of those jobs begun before it", begun, wanted="one batch at most: 8"),
    ]


@contextmanager
def server() -> Iterator[tuple[str, psutil.Process]]:
    with tempfile.TemporaryDirectory() as data:
        running = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.load_server", data], cwd=HOUSE, stdout=subprocess.PIPE, text=True
        )
        try:
            assert running.stdout
            url = f"http://127.0.0.1:{int(running.stdout.readline())}"
            wait_until_ready(url)
            yield url, psutil.Process(running.pid)
        finally:
            running.terminate()
            running.wait(30)


def wait_until_ready(url: str) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            if httpx.get(f"{url}/readyz", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise TimeoutError("the studio did not get ready")


def memory(process: psutil.Process) -> float:
    return process.memory_info().rss / 2**20


async def storm(url: str, clients: int, each: int) -> Storm:
    """All submit at the same moment, come back when they are told to, and follow their jobs to the end."""
    told, began = Storm(), time.monotonic()
    over = asyncio.Event()
    watching = asyncio.create_task(watch(url, told, over))
    await asyncio.gather(*(client(url, number, each, told) for number in range(clients)))
    told.seconds = time.monotonic() - began
    over.set()
    await watching
    return told


async def watch(url: str, told: Storm, over: asyncio.Event) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=60) as looking:
        while not over.is_set():
            began = time.perf_counter()
            answer = await asked(looking, told, "GET", "/healthz")
            if answer is not None and answer.status_code == 200:
                told.health.append(time.perf_counter() - began)
            await asyncio.sleep(0.02)


async def client(url: str, number: int, each: int, told: Storm) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=60) as person:
        await asked(person, told, "GET", "/api/now")  # brings the cookie
        jobs = await asyncio.gather(*(submitted(person, told, number * each + at) for at in range(each)))
        accepted = [job for job in jobs if job]
        told.accepted += len(accepted)
        for job in accepted:
            end = await followed(person, told, job)
            told.lost += end is None or end["state"] != "done" or not all(p["image"] for p in end["pictures"])


async def submitted(person: httpx.AsyncClient, told: Storm, seed: int) -> str | None:
    for _ in range(100):
        answer = await asked(person, told, "POST", "/api/jobs", json=ASKED | {"seed": seed})
        if answer is not None and answer.status_code == 202:
            return answer.json()["id"]
        if answer is None or answer.status_code != 429:
            return None
        if "retry-after" not in answer.headers:
            told.bare += 1
        await asyncio.sleep(float(answer.headers.get("retry-after", 1)))
    return None


async def followed(person: httpx.AsyncClient, told: Storm, job: str) -> dict[str, Any] | None:
    """The job once it has ended."""
    end = time.monotonic() + 300
    while time.monotonic() < end:
        try:
            async with person.stream("GET", f"/api/jobs/{job}/events") as events:
                told.answers[events.status_code] += 1
                async for _ in events.aiter_lines():
                    pass
        except httpx.HTTPError:
            told.unanswered += 1
        answer = await asked(person, told, "GET", f"/api/jobs/{job}")
        if answer is not None and answer.json().get("finished"):
            return answer.json()
        await asyncio.sleep(0.2)
    return None


async def asked(person: httpx.AsyncClient, told: Storm, method: str, path: str, **how: Any) -> httpx.Response | None:
    """None where there was no answer; a 5xx counts as none, too."""
    try:
        answer = await person.request(method, path, **how)
    except httpx.HTTPError as error:
        told.unanswered += 1
        print(f"{method} {path}: {type(error).__name__}", file=sys.stderr)
        return None
    told.answers[answer.status_code] += 1
    told.unanswered += answer.status_code >= 500
    return answer


async def hog(url: str, many: int) -> tuple[float, int]:
    """Somebody asks for many pictures, then somebody else for one: the seconds until it is there, and how many of the
    many have begun in between."""
    async with (
        httpx.AsyncClient(base_url=url, timeout=60) as greedy,
        httpx.AsyncClient(base_url=url, timeout=60) as other,
    ):
        long = ASKED | {"steps": 10}
        jobs = [(await greedy.post("/api/jobs", json=long)).raise_for_status().json()["id"] for _ in range(many)]
        began = time.monotonic()
        mine = (await other.post("/api/jobs", json=long)).raise_for_status().json()["id"]
        end = await followed(other, Storm(), mine)
        waited = time.monotonic() - began
        assert end is not None
        theirs = [(await greedy.get(f"/api/jobs/{job}")).json() for job in jobs]
        await greedy.post("/api/jobs/cancel")
        between = [job for job in theirs if job["started"] and end["created"] < job["started"] <= end["started"]]
        return waited, len(between)
