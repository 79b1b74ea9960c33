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
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psutil
import pytest

from tests.test_app import HOUSE, STARTED, free_port

HOST = {"host": "somebody-atelier.hf.space"}
SMALL = {"prompt": "a red house", "steps": 2, "width": 64, "height": 64}
LENT = {"idle": False, "nvidiaIndex": 0, "nvidiaUUID": "GPU-0", "allowToken": "token"}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ZeroGPU is Linux")


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

    def draw(self) -> dict[str, Any]:
        """A visitor's job, as it ended."""
        with httpx.Client(base_url=self.url, headers=HOST, timeout=30) as client:
            client.headers["cookie"] = client.get("/").headers["set-cookie"].split(";")[0]
            job = client.post("/api/jobs", json=SMALL).json()["id"]
            end = time.monotonic() + STARTED
            while (found := client.get(f"/api/jobs/{job}").json())["state"] not in ("done", "failed", "cancelled"):
                assert time.monotonic() < end, self.said
                time.sleep(0.1)
            return found


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
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
        "ATELIER_SPACE_DISK": str(tmp_path_factory.mktemp("disk")),
        "ATELIER_DISK_RESERVE": "0",
        "GRADIO_NUM_WORKERS": "1",
        "GRADIO_ALLOWED_PATHS": "/",
    }
    process = subprocess.Popen(
        [sys.executable, "app.py", "--host", "127.0.0.1", "--port", str(port)],
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


def test_the_platform_is_told_that_a_function_borrows(space: Space) -> None:
    """Without `launch` nothing would tell it."""
    assert space.process.poll() is None, space.said
    assert [path for path, _ in space.lender.asked] == ["/startup-report"]


def test_one_port_is_open_and_it_is_the_guards(space: Space) -> None:
    """Gradio would open a second one on a Space, and take code there; and processes that serve files."""
    mine = psutil.Process(space.process.pid)
    family = [mine, *mine.children(recursive=True)]
    open_ports = {c.laddr.port for one in family for c in one.net_connections() if c.status == psutil.CONN_LISTEN}
    assert open_ports == {int(space.url.rsplit(":", 1)[1])}
    assert httpx.get(f"{space.url}/gradio_api/file=/etc/passwd", headers=HOST).status_code == 403
    assert httpx.get(space.url, headers={"host": "evil.example"}).status_code == 421


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
