"""One real studio, as a person starts it, and a real Chromium."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from engine.settings import HOUSE
from tests.browser.hands import WAIT
from tests.engine.detect.files import write_annotator
from tests.engine.library.blobs import write
from tests.engine.library.test_control_kinds import controlnet
from tests.engine.library.tiny import write_sd1
from tests.engine.library.tiny_ip_adapter import write_adapter, write_encoder

expect.set_options(timeout=20_000)  # of a busy machine
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# Gradio tells of a restored form more than once, and what is typed in between is lost; a person is not that quick.
QUIET = """() => new Promise((done) => {
  let timer = setTimeout(done, 250);
  atelier.on("form", () => { clearTimeout(timer); timer = setTimeout(done, 250); });
})"""


class Program:
    """`python app.py` on one port and one data folder; it can be stopped and started again."""

    def __init__(self, folder: Path, *flags: str):
        self.folder, self.port, self.flags = folder, free_port(), flags
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ATELIER_")}
        command = [
            sys.executable,
            "app.py",
            "--no-browser",
            "--port",
            str(self.port),
            "--data",
            str(self.folder / "data"),
            *self.flags,
        ]
        with (self.folder / "log.txt").open("a") as log:
            self.process = subprocess.Popen(command, cwd=HOUSE, env=environment, stdout=log, stderr=subprocess.STDOUT)
        wait_until_ready(f"{self.url}readyz", self.process, self.folder / "log.txt")

    def stop(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def models_of_its_own(folder: Path) -> Path:
    """A folder of models for tests that put files there: the house's checkpoints, and nothing else."""
    models = folder / "models"
    for name in ("loras", "embeddings"):
        (models / name).mkdir(parents=True)
    (models / "checkpoints").symlink_to(HOUSE / "models" / "checkpoints")
    return models


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    studio = Program(tmp_path_factory.mktemp("studio"))
    try:
        studio.start()
        yield studio
    finally:
        studio.stop()


@pytest.fixture(scope="session")
def url(program: Program) -> str:
    return program.url


@pytest.fixture(scope="session")
def controlled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A studio with the built-in model and its ControlNet for scribbles, one that does not fit it; and of random weights a
    detector, and an instruct model with an IP-Adapter for it."""
    folder = tmp_path_factory.mktemp("controlled")
    models = models_of_its_own(folder)
    (models / "checkpoints").unlink()
    (models / "checkpoints").mkdir()
    (models / "checkpoints" / "postcard").symlink_to(HOUSE / "models" / "checkpoints" / "postcard")
    edits = write_sd1(models / "checkpoints" / "tiny-edits.safetensors", in_channels=8)
    networks = models / "controlnet"
    networks.mkdir()
    (networks / "postcard-scribble").symlink_to(HOUSE / "models" / "controlnet" / "postcard-scribble")
    write(networks / "large-canny.safetensors", controlnet(768))
    write_annotator(models / "annotators", "7_model.pth")
    write_adapter(edits.unet, networks / "take-after.safetensors", "plus")
    write_encoder(models / "clip_vision" / "tiny")
    studio = Program(folder, "--models", str(models))
    try:
        studio.start()
        yield studio
    finally:
        studio.stop()


@pytest.fixture(scope="module")
def painter(chromium: Browser, program: Program) -> Iterator[Page]:
    """One page for a whole module: what a test paints, the next opens a picture over."""
    visitors = Visitors(chromium, program.url)
    yield visitors.come()
    visitors.leave()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_ready(address: str, studio: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        assert studio.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.3)
    raise AssertionError(f"the studio did not get ready: {log.read_text()}")


@dataclass
class Opened:
    """The one Chromium of this folder's tests. free: pages without a trace of who had them, by the studio's address."""

    playwright: Playwright
    browser: Browser
    free: dict[str, list[Page]] = field(default_factory=dict)


OPENED: list[Opened] = []


@pytest.fixture(scope="module")
def chromium() -> Browser:
    if CHROMIUM is None and os.environ.get("CI"):
        pytest.fail("there is no Chromium; .ci/run installs it")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium; install it to run the browser tests")
    if not OPENED:
        playwright = sync_playwright().start()
        OPENED.append(Opened(playwright, playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)))
    return OPENED[0].browser


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """After the last test of this folder: playwright keeps an event loop running, which other tests must not meet."""
    try:
        return (yield)
    finally:
        if OPENED and (nextitem is None or Path(__file__).parent not in nextitem.path.parents):
            opened = OPENED.pop()
            opened.browser.close()
            opened.playwright.stop()


class Visitors:
    """Opens the page for new visitors; keeps what their browsers complained about.

    A page that an earlier test is done with is taken where one is free: what it runs is compiled already, which is most of
    what a page costs.
    """

    def __init__(self, browser: Browser, url: str):
        self.browser, self.url = browser, url.rstrip("/") + "/"
        self.contexts: list[BrowserContext] = []
        self.spoiled: list[BrowserContext] = []  # of which something would stay with the next visitor
        self.complaints: list[str] = []
        self.heard = lambda error: self.complaints.append(str(error))

    def come(self, width: int = 1440, height: int = 900, simple: bool = False, **options: Any) -> Page:
        """simple: as on a first visit; else with all settings in sight."""
        free = OPENED[0].free.get(self.url)
        if free and not options:
            page = free.pop()
            page.set_viewport_size({"width": width, "height": height})
        else:
            context = self.browser.new_context(
                viewport={"width": width, "height": height}, **{"locale": "en-US", "color_scheme": "dark", **options}
            )
            context.set_default_timeout(WAIT)
            page = context.new_page()
            page.goto(f"{self.url}healthz")
            if options:
                self.spoiled.append(context)
        self.contexts.append(page.context)
        if not simple:
            page.evaluate("() => localStorage.setItem('atelier.mode', 'full')")
        return self.enter(page)

    def open(self, context: BrowserContext) -> Page:
        """Another tab of the same visitor."""
        return self.enter(context.new_page())

    def enter(self, page: Page) -> Page:
        page.on("pageerror", self.heard)
        page.goto(self.url)
        self.settle(page)
        return page

    def settle(self, page: Page) -> None:
        """The form has come, and the pieces know the models: the load event has been answered."""
        page.locator("#generate").wait_for()
        page.wait_for_function("() => window.atelier?.models.known && window.atelier.snapshot && window.atelier.form")
        page.evaluate(QUIET)

    def leave(self) -> None:
        for context in self.contexts:
            if context in self.spoiled or not context.pages:
                context.close()
                continue
            page, *others = context.pages
            page.evaluate("() => 0")  # what was complained of until now has been told
            for other in others:
                other.close()
            OPENED[0].free.setdefault(self.url, []).append(self.cleared(page))
        assert self.complaints == []

    def cleared(self, page: Page) -> Page:
        """As a new visitor's, in the place where the page will be."""
        page.remove_listener("pageerror", self.heard)
        page.unroute_all()
        page.mouse.move(0, 0)
        page.goto(f"{self.url}healthz")
        page.evaluate("() => sessionStorage.clear()")
        page.context.clear_cookies()
        session = page.context.new_cdp_session(page)
        session.send("Storage.clearDataForOrigin", {"origin": self.url.rstrip("/"), "storageTypes": "all"})
        session.detach()
        return page


@pytest.fixture
def visitors(chromium: Browser, url: str) -> Iterator[Visitors]:
    visitors = Visitors(chromium, url)
    yield visitors
    visitors.leave()


@pytest.fixture
def guests(chromium: Browser, controlled: Program) -> Iterator[Visitors]:
    """Visitors of the studio with ControlNets."""
    visitors = Visitors(chromium, controlled.url)
    yield visitors
    visitors.leave()


@pytest.fixture
def page(visitors: Visitors) -> Page:
    return visitors.come()
