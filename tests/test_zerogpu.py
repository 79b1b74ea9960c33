"""The whole program as ZeroGPU starts it, with the `spaces` package at its real work, as far as there is no GPU.

The platform's service that lends GPUs is played here by a few lines: they answer as the package's own client
(`spaces/zero/api.py`) reads it. Nothing here shows how the real one behaves.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psutil
import pytest

from engine.events import Made
from engine.job import Job, new_id
from engine.library.scan import Library
from engine.request.read import read
from engine.resolve import resolve
from engine.workers import worker
from engine.workers.messages import PainterSettings, Place
from tests.test_app import HOUSE, STARTED, free_port

HOST = {"host": "somebody-atelier.hf.space"}
SMALL = {"prompt": "a red house", "steps": 2, "width": 64, "height": 64}
LENT = {"idle": False, "nvidiaIndex": 0, "nvidiaUUID": "GPU-0", "allowToken": "token"}

UNATTACHED = (  # what a fork does to attach its GPU is left out, so that it draws on the processor
    "-c",
    "import spaces.zero.torch as t; t.init = t.move = lambda *_, **__: None; import app; app.main()",
)
pytestmark = linux = pytest.mark.skipif(sys.platform != "linux", reason="ZeroGPU is Linux")


@dataclass
class Lender:
    """asked: paths and parameters; answer: to the next question for a GPU, status and body."""

    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    answer: tuple[int, dict[str, Any], dict[str, str]] = (200, LENT, {})

    def serve(self) -> ThreadingHTTPServer:
        lender = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                url = urlsplit(self.path)
                lender.asked.append((url.path, {k: v[0] for k, v in parse_qs(url.query).items()}))
                status, body, headers = lender.answer if url.path == "/schedule" else (200, {}, {})
                content = json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"content-type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


@dataclass
class Space:
    process: subprocess.Popen[str]
    url: str
    lender: Lender
    said: list[str]

    @contextmanager
    def visitor(self) -> Iterator[httpx.Client]:
        with httpx.Client(base_url=self.url, headers=HOST, timeout=30) as client:
            client.headers["cookie"] = client.get("/").headers["set-cookie"].split(";")[0]
            yield client

    def ended(self, visitor: httpx.Client, job: str) -> dict[str, Any]:
        end = time.monotonic() + STARTED
        while (found := visitor.get(f"/api/jobs/{job}").json())["state"] not in ("done", "failed", "cancelled"):
            assert time.monotonic() < end, self.said
            time.sleep(0.1)
        return found

    def draw(self) -> dict[str, Any]:
        """A visitor's job, as it ended."""
        with self.visitor() as visitor:
            return self.ended(visitor, visitor.post("/api/jobs", json=SMALL).json()["id"])

    def forks(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()


@contextmanager
def start(disk: Path, program: Sequence[str] = ("app.py",), **more: str) -> Iterator[Space]:
    lender, port = Lender(), free_port()
    service = lender.serve()
    threading.Thread(target=service.serve_forever, daemon=True).start()
    environment = {
        **os.environ,
        "SYSTEM": "spaces",
        "SPACE_ID": "somebody/atelier",
        "SPACE_HOST": HOST["host"],
        "SPACES_ZERO_GPU": "true",
        "SPACES_ZERO_DEVICE_API_URL": f"http://127.0.0.1:{service.server_port}",
        "ATELIER_SPACE_DISK": str(disk),
        "ATELIER_DISK_RESERVE": "0",
        "GRADIO_NUM_WORKERS": "1",
        "GRADIO_ALLOWED_PATHS": "/",
        **more,
    }
    process = subprocess.Popen(
        [sys.executable, *program, "--host", "127.0.0.1", "--port", str(port)],
        cwd=HOUSE,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said: list[str] = []
    assert process.stdout
    for line in process.stdout:
        said.append(line)
        if "is ready" in line:
            break
    threading.Thread(target=said.extend, args=(process.stdout,), daemon=True).start()
    yield Space(process, f"http://127.0.0.1:{port}", lender, said)
    process.kill()
    process.wait()
    service.shutdown()


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    with start(tmp_path_factory.mktemp("disk")) as space:
        yield space


@pytest.fixture(scope="module")
def with_gpu(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    """Where each GPU comes up, as far as that can be played."""
    place = tmp_path_factory.mktemp("disk")
    with start(place, UNATTACHED, ATELIER_DEVICE="cpu", ATELIER_DTYPE="float32") as space:
        yield space


def test_the_platform_is_told_that_a_function_borrows(space: Space) -> None:
    """Without `launch` nothing would tell it."""
    assert space.process.poll() is None, space.said
    assert [path for path, _ in space.lender.asked] == ["/startup-report"]


def test_a_spent_quota_is_told_in_words(space: Space) -> None:
    space.lender.answer = 429, {"left": 0, "wait": 3600}, {"x-approve-result": "quota-exceeded"}
    job = space.draw()
    assert (job["state"], job["problem"]["code"]) == ("failed", "gpu.quota")
    asked = [parameters for path, parameters in space.lender.asked if path == "/schedule"][-1]
    assert asked["durationSeconds"] == "16"
    assert "token" not in asked, "the platform counts it for nobody: docs/spaces.md"


def test_a_gpu_that_does_not_come_up_costs_its_job_and_is_given_back(space: Space) -> None:
    """There is none here, so that the fork's first touch fails, in a process of its own."""
    space.lender.answer = 200, LENT, {}
    for _ in range(2):
        before = len(space.lender.asked)
        job = space.draw()
        assert (job["state"], job["problem"]["code"]) == ("failed", "gpu.taken")
        paths = [path for path, _ in space.lender.asked[before:]]
        assert paths == ["/schedule", "/allow", "/release"]
    assert httpx.get(f"{space.url}/healthz", headers=HOST).json() == {"status": "ok"}


def test_a_fork_draws_the_picture_that_the_worker_in_the_server_draws(with_gpu: Space, tmp_path: Path) -> None:
    with with_gpu.visitor() as visitor:
        for _ in range(2):
            job = visitor.post("/api/jobs", json={**SMALL, "seed": 7}).json()["id"]
            assert with_gpu.ended(visitor, job)["state"] == "done"
        images = visitor.get("/api/images").json()["images"]
        files = [visitor.get(f"/api/images/{image['id']}/file").content for image in images]
    assert [path for path, _ in with_gpu.lender.asked[1:]] == ["/schedule", "/allow", "/release"] * 2
    library = Library(HOUSE / "models", tmp_path)
    library.refresh()
    painter = worker.painter(PainterSettings("cpu", "float32"), Place(library.models, library.cache, tmp_path))
    painter.add(Job(id=new_id(), owner="anna", request=resolve(read({**SMALL, "seed": 7}), library), created=0))
    events = [event for _ in iter(lambda: painter.idle, True) for event in painter.step()]
    painter.close()
    assert files == [event.file for event in events if isinstance(event, Made)] * 2


def test_a_cancelled_job_gives_its_gpu_back_and_the_next_is_drawn_by_the_same_fork(with_gpu: Space) -> None:
    before = len(with_gpu.lender.asked)
    with with_gpu.visitor() as visitor:
        job = visitor.post("/api/jobs", json={**SMALL, "steps": 30, "width": 512, "height": 512}).json()["id"]
        end = time.monotonic() + STARTED
        while not any(picture["step"] for picture in visitor.get(f"/api/jobs/{job}").json()["pictures"]):
            assert time.monotonic() < end
            time.sleep(0.05)
        fork = with_gpu.forks()[-1].pid
        visitor.post(f"/api/jobs/{job}/cancel")
        assert with_gpu.ended(visitor, job)["state"] == "cancelled"
        with_gpu.lender.answer = 200, {**LENT, "idle": True}, {}  # the platform's word for: the process is still good
        assert with_gpu.draw()["state"] == "done"
    assert [path for path, _ in with_gpu.lender.asked[before:]] == [
        *("/schedule", "/allow", "/release"),
        *("/schedule", "/release"),
    ]
    assert fork in [one.pid for one in with_gpu.forks()]


def test_a_fork_holds_no_connection_of_the_server(with_gpu: Space) -> None:
    """A browser would wait for the end of an answer that the server has long closed."""
    assert with_gpu.draw()["state"] == "done"
    port = int(with_gpu.url.rsplit(":", 1)[1])
    assert with_gpu.forks()
    assert [c for one in with_gpu.forks() for c in one.net_connections() if c.laddr.port == port] == []


def test_one_port_is_open_and_it_is_the_guards(space: Space) -> None:
    """Gradio would open a second one on a Space after some seconds, and take code there; and processes that serve files."""
    mine = psutil.Process(space.process.pid)
    family = [mine, *mine.children(recursive=True)]
    open_ports = {c.laddr.port for one in family for c in one.net_connections() if c.status == psutil.CONN_LISTEN}
    assert open_ports == {int(space.url.rsplit(":", 1)[1])}
    assert httpx.get(f"{space.url}/gradio_api/file=/etc/passwd", headers=HOST).status_code == 403
    assert httpx.get(space.url, headers={"host": "evil.example"}).status_code == 421


def test_it_stops_in_good_order(space: Space) -> None:
    with (
        httpx.Client(base_url=space.url, headers=HOST, timeout=30) as client,
        client.stream("GET", "/api/state") as stream,
    ):
        lines = stream.iter_lines()
        next(lines)
        before = len(space.said)
        space.process.send_signal(signal.SIGTERM)
        for _ in lines:
            pass
    assert space.process.wait(STARTED) == 0  # torch is long in leaving on a busy machine
    assert not [line for line in space.said[before:] if "Traceback" in line]
    with socket.create_server(("127.0.0.1", int(space.url.rsplit(":", 1)[1]))):
        pass
