"""A real server on 127.0.0.1: our API, the built-in model drawing in a thread, and a small Gradio page behind the guard."""

import asyncio
import io
import os
import socket
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from api.access import LOOPBACK, Access
from api.doors import SESSION_COOKIE
from api.server import make_app
from engine.library.scan import Library
from engine.people.people import People
from engine.people.roles import Role
from engine.studio import Studio, Training
from engine.workers.messages import PainterSettings
from ui.entrance.pages import pages

MODELS = Path(__file__).parents[2] / "models"
SMALL = {"prompt": "a red house", "steps": 2, "width": 64, "height": 64, "seed": 1}


@dataclass(frozen=True)
class Place:
    url: str
    data: Path
    uploads: Path
    studio: Studio

    def client(self) -> httpx.Client:
        """A browser of its own, with its own visitor."""
        return httpx.Client(
            base_url=self.url, timeout=60, verify=False
        )  # no TLS here, and its certificates take long to read


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """On loopback: the gallery shows everybody's pictures."""
    yield from serve(tmp_path_factory.mktemp("data"), private=False)


@pytest.fixture(scope="session")
def private_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """As in a network: everybody has their own pictures."""
    yield from serve(tmp_path_factory.mktemp("private"), private=True)


PASSWORDS = {
    "ann": "a red house at night",
    "bob": "three blue boats",
    "vic": "only here to look",
    "ada": "I run this place",
}
ROLES: dict[str, Role] = {"ann": "artist", "bob": "artist", "vic": "viewer", "ada": "admin"}


@dataclass(frozen=True)
class Shared:
    """A studio with accounts: ann and bob draw, vic looks, ada decides."""

    place: Place
    people: People

    def client(self, name: str | None = None) -> httpx.Client:
        """A browser of its own, signed in; None: signed in as nobody."""
        client = self.place.client()
        if name:
            user = self.people.users.named(name)
            assert user
            client.cookies.set(SESSION_COOKIE, self.people.sessions.begin(user, "127.0.0.1", "test"))
        return client


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    data = tmp_path_factory.mktemp("shared")
    people = People(data)
    for name, role in ROLES.items():
        people.users.add(name, role, PASSWORDS[name])
    for place in serve(data, private=True, people=people):
        yield Shared(place, people)
    people.close()


class Server(uvicorn.Server):
    """One that can tell what it waits for."""

    loop: asyncio.AbstractEventLoop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        await super().startup(sockets)

    def stacks(self) -> str:
        told = io.StringIO()
        for task in asyncio.all_tasks(self.loop):
            told.write(f"{task.get_name()}:\n{''.join(waits(task.get_coro()))}")
        frames = sys._current_frames()
        for thread in threading.enumerate():
            stack = traceback.format_stack(frames.get(thread.ident or 0))
            told.write(f"{thread.name}:\n{''.join(stack)}")
        return told.getvalue()


def waits(coroutine: Any) -> Iterator[str]:
    """Where it stands, from the outside in."""
    while coroutine is not None:
        kind = next((kind for kind in ("cr", "gi", "ag") if hasattr(coroutine, f"{kind}_frame")), None)
        if kind is None:
            yield f"  {coroutine!r}\n"
            return
        frame = getattr(coroutine, f"{kind}_frame")
        if frame:
            yield f"  {frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_qualname}\n"
        coroutine = getattr(coroutine, "gi_yieldfrom" if kind == "gi" else f"{kind}_await")


def serve(
    data: Path, private: bool, models: Path = MODELS, people: People | None = None, **how: Any
) -> Iterator[Place]:
    uploads = data / "gradio"
    uploads.mkdir()
    studio = Studio(
        data,
        Library(models, data / "cache"),
        PainterSettings(device="cpu", dtype="float32"),
        workers="inprocess",
        disk_reserve=0,
        training=Training(private=private),
        **how,
    )
    studio.start()
    words = {"zh-CN": {"report.Status": "状态"}}
    access = Access(hosts=LOOPBACK, private=private, uploads=uploads, people=people)
    app = make_app(studio, access, words, pages())
    if not private:
        mount(app, uploads)
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(uvicorn.Config(app, log_level="critical", proxy_headers=False, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield Place(f"http://127.0.0.1:{listening.getsockname()[1]}", data, uploads, studio)
    finally:
        server.should_exit = True
        thread.join(30)
        if thread.is_alive():  # met once, after all of the tests of this folder; the run must not hang on it
            warnings.warn(f"the server did not end within 30 seconds; it was here:\n{server.stacks()}", stacklevel=1)
        studio.stop()


def mount(app: Any, uploads: Path) -> None:
    """Gradio as it comes, with every input that takes files, and without its own switch: the guard must do alone."""
    os.environ["GRADIO_TEMP_DIR"] = str(uploads)
    import gradio

    with gradio.Blocks() as page:
        told = gradio.Textbox()
        for name, taker in (
            ("file", gradio.File()),
            ("image", gradio.Image(type="filepath")),
            ("gallery", gradio.Gallery(type="filepath")),
            ("text", gradio.Textbox()),
        ):
            gradio.Button(name).click(tell, taker, told, api_name=name)
    gradio.mount_gradio_app(app, page, path="/", show_error=True, run_history=False)


def tell(given: Any) -> str:
    """What a careless page would do: open the file and show what is in it."""
    if isinstance(given, list):
        given = given[0][0]
    path = Path(str(given))
    return path.read_bytes().decode("latin-1") if path.is_file() else f"text: {given}"


def drawn(client: httpx.Client, **values: Any) -> str:
    """Submit a small picture and wait until it is stored; its image id."""
    job = client.post("/api/jobs", json=SMALL | values).raise_for_status().json()["id"]
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for shown in client.get("/api/jobs").json()["jobs"]:
            if shown["id"] == job and shown["state"] == "done":
                return shown["pictures"][0]["image"]
            assert shown["id"] != job or shown["state"] != "failed", shown["problem"]
        time.sleep(0.05)
    raise AssertionError("the picture was not drawn in a minute")
