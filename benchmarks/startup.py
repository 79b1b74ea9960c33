"""From the start command to an answer, a usable page, the first picture and the next, in a real browser."""

import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.table import Row, timed

HOUSE = Path(__file__).parent.parent
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]


def measure(runs: int) -> list[Row]:
    answers, pages, firsts, nexts = [], [], [], []
    for _ in range(min(runs, 3)):
        with tempfile.TemporaryDirectory() as data:
            port = free_port()
            begun = time.perf_counter()
            server = subprocess.Popen(
                [sys.executable, "launch.py", "--no-browser", "--port", str(port), "--data", data],
                cwd=HOUSE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                await_answer(f"http://127.0.0.1:{port}/healthz")
                answers.append(time.perf_counter() - begun)
                page, first, following = draw(f"http://127.0.0.1:{port}/")
                pages.append(page)
                firsts.append(first)
                nexts.extend(following)
            finally:
                server.terminate()
                server.wait(30)
    return [
        timed("server answers after the start command", answers, wanted="<= 10 s"),
        timed("page usable", pages, wanted="<= 3 s"),
        timed("first picture after Generate, cold", firsts, wanted="<= 20 s"),
        timed("next pictures, 20 steps", nexts, wanted="<= 5 s"),
    ]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_answer(url: str, longest: float = 60) -> None:
    ends = time.perf_counter() + longest
    while time.perf_counter() < ends:
        try:
            if urllib.request.urlopen(url, timeout=2).status == 200:
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.05)
    raise TimeoutError("the server did not answer")


def draw(url: str) -> tuple[float, float, list[float]]:
    """Seconds until the page can be used, until the first picture, and for three more."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page()
        begun = time.perf_counter()
        page.goto(url, wait_until="commit")
        generate = page.get_by_role("button", name="Generate", exact=True)
        generate.wait_for(state="visible", timeout=60_000)
        page.wait_for_function(
            "() => document.querySelector('#field-prompt textarea')?.value.length > 0", timeout=60_000
        )
        usable = time.perf_counter() - begun
        taken = []
        for _ in range(4):
            before = count(page.request.get(url + "api/images").json())
            begun = time.perf_counter()
            generate.click()
            while count(page.request.get(url + "api/images").json()) == before:
                time.sleep(0.05)
            taken.append(time.perf_counter() - begun)
        browser.close()
        return usable, taken[0], taken[1:]


def count(answer: dict[str, int]) -> int:
    return answer["total"]
