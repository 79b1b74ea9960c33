"""The whole program as a person starts it: one process, its worker, its page; and what it says when it cannot start."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.access import Access
from app import access_for, compose, listen
from engine.errors import BadRequest, InUse
from engine.settings import Settings

HOUSE = Path(__file__).parents[1]
STARTED = 120  # seconds, on a busy machine
PASSWD = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}


@dataclass
class Running:
    process: subprocess.Popen[str]
    port: int
    data: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def start(data: Path, *flags: str, port: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "app.py", "--no-browser", "--data", str(data), "--disk-reserve", "0"]
    if port:
        command += ["--port", str(port)]
    return subprocess.Popen([*command, *flags], cwd=HOUSE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    data, port = tmp_path_factory.mktemp("data"), free_port()
    process = start(data, port=port)
    assert process.stdout
    assert process.stdout.readline() == f"Atelier is ready: http://127.0.0.1:{port}\n"
    yield Running(process, port, data)
    if process.poll() is None:
        process.kill()
    process.wait()


def test_the_page_and_the_api_answer(running: Running) -> None:
    page = httpx.get(running.url)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "atelier_visitor=" in page.headers["set-cookie"]
    assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
    assert httpx.get(f"{running.url}/healthz").json() == {"status": "ok"}
    assert httpx.get(running.url, headers={"host": "evil.example"}).status_code == 421


def test_a_picture_is_drawn_by_the_worker(running: Running) -> None:
    with httpx.Client(base_url=running.url, timeout=60) as client:
        client.post("/api/jobs", json={"prompt": "a tree", "steps": 2, "width": 64, "height": 64}).raise_for_status()
        until = time.monotonic() + STARTED
        while not (images := client.get("/api/images").json()["images"]) and time.monotonic() < until:
            time.sleep(0.2)
        assert images[0]["prompt"] == "a tree"
        assert client.get("/readyz").json()["ready"] is True


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_server_itself_holds_no_torch(running: Running) -> None:
    assert "libtorch" not in Path(f"/proc/{running.process.pid}/maps").read_text()


def test_no_event_of_the_page_reads_a_file_of_the_server(running: Running) -> None:
    with httpx.Client(base_url=running.url, timeout=30) as client:
        config = client.get("/config").json()
        assert config["dependencies"]
        for event in config["dependencies"]:
            data = [PASSWD] * len(event["inputs"])
            body = {"data": data, "fn_index": event["id"], "session_hash": "x"}
            if data:
                assert client.post("/gradio_api/queue/join", json=body).status_code == 400
    assert not [path for path in running.data.rglob("*passwd*")]


def test_a_second_server_on_the_same_data_says_so(running: Running) -> None:
    second = start(running.data, port=free_port())
    said, _ = second.communicate(timeout=STARTED)
    assert second.returncode == 2
    assert "data folder" in said
    assert "Traceback" not in said


def test_a_second_server_on_the_same_port_says_so_at_once(running: Running, tmp_path: Path) -> None:
    second = start(tmp_path, port=running.port)
    said, _ = second.communicate(timeout=STARTED)
    assert second.returncode == 2
    assert said.strip() == (
        f"Port {running.port} is used by another program. Stop it, or choose another port: --port {running.port + 1}."
    )
    assert list(tmp_path.iterdir()) == [], "nothing was begun"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--prot", "80"], "There is no flag --prot. Did you mean --port?"),
        (["--port", "99999"], "--port should be less than or equal to 65535"),
        (["--device", "tpu"], "--device should be 'auto', 'cpu' or 'cuda'"),
        (["--host", "no.such.host.invalid"], "There is no address no.such.host.invalid here."),
        (["--share"], "Gradio's tunnel would carry passwords"),
        (["--root-path", "studio"], "--root-path should be a path as /studio"),
        (["--trusted-proxy", "localhost"], "--trusted-proxy should be an address as 127.0.0.1"),
        (["--tls-cert", "cert.pem"], "Give both --tls-cert and --tls-key."),
        (["--tls-cert", "no.pem", "--tls-key", "no.pem"], "The certificate or its key cannot be used."),
    ],
)
def test_a_wrong_flag_is_refused_in_a_sentence(tmp_path: Path, flags: list[str], words: str) -> None:
    process = start(tmp_path, *flags)
    said, _ = process.communicate(timeout=STARTED)
    assert process.returncode == 2
    assert words in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("prot = 1", "There is no setting 'prot'. Did you mean port?"),
        ("port = 'x", "settings.toml cannot be read"),
        ("port = -1", "The setting port should be greater than or equal to 1"),
    ],
)
def test_a_wrong_settings_file_is_refused_in_a_sentence(tmp_path: Path, toml: str, words: str) -> None:
    (tmp_path / "settings.toml").write_text(toml)
    process = start(tmp_path)
    said, _ = process.communicate(timeout=STARTED)
    assert process.returncode == 2
    assert words in said


def test_flags_go_before_the_environment_and_this_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commands.flags import settings_from

    (tmp_path / "settings.toml").write_text('port = 1001\nmax_rows = 4\nallow_host = ["studio.lan"]\ndevice = "cpu"')
    monkeypatch.setenv("ATELIER_PORT", "1002")
    monkeypatch.setenv("ATELIER_MAX_ROWS", "6")
    settings = settings_from(["--data", str(tmp_path), "--port", "1003", "--no-browser"])
    assert (settings.port, settings.max_rows, settings.device) == (1003, 6, "cpu")
    assert (settings.allow_host, settings.browser) == (("studio.lan",), False)


def test_a_port_is_held_from_the_first_moment() -> None:
    port = free_port()
    with listen("127.0.0.1", port), pytest.raises(InUse, match=f"Port {port} is used"):
        listen("127.0.0.1", port)
    with pytest.raises(BadRequest, match="no address"):
        listen("203.0.113.77x", port)


def test_on_loopback_all_pictures_are_shown_and_in_a_network_ones_own() -> None:
    alone = access_for(Settings.model_validate({}), Path("uploads"))
    assert not alone.private
    assert alone.hosts == {"127.0.0.1", "localhost", "::1"}
    shared = access_for(Settings.model_validate({"listen": True, "allow_host": ["Studio.LAN"]}), Path("uploads"))
    assert shared.private
    assert {"127.0.0.1", "studio.lan", socket.gethostname().lower()} <= shared.hosts


def test_gradio_is_told_that_it_is_served(tmp_path: Path) -> None:
    """Without it, Gradio's own check of named files is off; the guard's is the second lock."""
    from engine.library.scan import Library
    from engine.studio import Studio
    from engine.workers.messages import PainterSettings

    studio = Studio(tmp_path, Library(HOUSE / "models", tmp_path / "cache"), PainterSettings(), disk_reserve=0)
    try:
        page: Any = compose(studio, Access()).routes[-1]
        blocks = page.app.get_blocks()
        assert blocks.has_launched
        assert not blocks.show_error
        assert blocks.allowed_paths == []
    finally:
        studio.lock.release()


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_open_pages_do_not_hold_up_the_end(running: Running) -> None:
    """Last: it stops the server of this file."""
    process = running.process
    with httpx.Client(base_url=running.url, timeout=30) as client:
        client.post("/api/jobs", json={"prompt": "a tree", "steps": 150}).raise_for_status()
        with client.stream("GET", "/api/state") as state, client.stream("GET", "/gradio_api/heartbeat/x") as heartbeat:
            readers = [state.iter_lines(), heartbeat.iter_lines()]  # kept: a reader thrown away closes its connection
            for lines in readers:
                next(lines)
            begun = time.monotonic()
            process.send_signal(signal.SIGTERM)
            said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert time.monotonic() - begun < 15
    assert "Traceback" not in said
    assert "ERROR" not in said
    with pytest.raises(httpx.ConnectError):
        httpx.get(running.url)
