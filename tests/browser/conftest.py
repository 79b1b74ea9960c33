"""One real studio, as a person starts it, and a real Chromium."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

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
    visitors.contexts[0].close()
    assert visitors.complaints == []


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


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Of one module, since playwright keeps an event loop running, which tests of other kinds must not meet."""
    if CHROMIUM is None and os.environ.get("CI"):
        pytest.fail("there is no Chromium; .ci/run installs it")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium; install it to run the browser tests")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Visitors:
    """Opens the page for new visitors; keeps what their browsers complained about."""

    def __init__(self, browser: Browser, url: str):
        self.browser, self.url = browser, url
        self.contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def come(self, width: int = 1440, height: int = 900, simple: bool = False, **options: Any) -> Page:
        """simple: as on a first visit; else with all settings in sight."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, **{"locale": "en-US", "color_scheme": "dark", **options}
        )
        context.set_default_timeout(WAIT)
        if not simple:
            context.add_init_script(
                "localStorage.setItem('atelier.mode', localStorage.getItem('atelier.mode') ?? 'full')"
            )
        self.contexts.append(context)
        return self.open(context)

    def open(self, context: BrowserContext) -> Page:
        """Another tab of the same visitor."""
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(self.url)
        self.settle(page)
        return page

    def settle(self, page: Page) -> None:
        """The form has come, and the pieces know the models: the load event has been answered."""
        page.locator("#generate").wait_for()
        page.wait_for_function("() => window.atelier?.models.known && window.atelier.snapshot && window.atelier.form")
        page.evaluate(QUIET)


@pytest.fixture
def visitors(chromium: Browser, url: str) -> Iterator[Visitors]:
    visitors = Visitors(chromium, url)
    yield visitors
    for context in visitors.contexts:
        context.close()
    assert visitors.complaints == []


@pytest.fixture
def guests(chromium: Browser, controlled: Program) -> Iterator[Visitors]:
    """Visitors of the studio with ControlNets."""
    visitors = Visitors(chromium, controlled.url)
    yield visitors
    for context in visitors.contexts:
        context.close()
    assert visitors.complaints == []


@pytest.fixture
def page(visitors: Visitors) -> Page:
    return visitors.come()
