"""The doctor: what it finds on a sound machine, and what it says when something is missing."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from commands import doctor
from engine.settings import Settings

HOUSE = Path(doctor.__file__).resolve().parent.parent


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def settings(tmp_path: Path, port: int = 7860, **values: float) -> Settings:
    return Settings(data=tmp_path / "data", models=HOUSE / "models", port=port, **values)  # pyright: ignore[reportArgumentType]


def test_a_sound_machine_can_draw(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.main(["--models", str(HOUSE / "models"), "--data", str(tmp_path), "--device", "cpu"]) == 0
    told = capsys.readouterr().out
    for about in ("Python", "memory", "disk", "port", "model", "torch", "device"):
        assert f"{about} " in told
    assert "postcard (sd1" in told
    assert told.endswith("This machine can draw.\n")


def test_without_torch_it_says_so_and_how_to_get_it(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['torch'] = None; from commands.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, "doctor", "--data", str(tmp_path), "--models", str(HOUSE / "models")]
    ended = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "problem torch     is not installed" in ended.stdout
    assert "python3 launch.py" in ended.stdout
    assert ended.stderr == ""


def test_without_anything_installed_it_says_how_to_start(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['pydantic'] = None; from commands.__main__ import main; sys.exit(main(['doctor']))"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=HOUSE, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.startswith("The package pydantic is not installed.\n")


def test_a_folder_without_models_prevents_drawing(tmp_path: Path) -> None:
    [finding] = doctor.models(Settings(data=tmp_path / "data", models=tmp_path))  # pyright: ignore[reportCallIssue]
    assert finding.verdict == "problem"
    assert str(tmp_path / "checkpoints") in finding.text


def test_a_damaged_model_is_named_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "torn.safetensors").write_bytes(b"\x10\x27\0\0\0\0\0\0{")
    torn, none = doctor.models(Settings(data=tmp_path / "data", models=tmp_path))  # pyright: ignore[reportCallIssue]
    assert torn.verdict == "note"
    assert torn.text.startswith("torn cannot be used: ")
    assert torn.remedy
    assert none.verdict == "problem"


def test_a_port_in_use_is_told_with_its_user_and_another_port(tmp_path: Path, taken: socket.socket) -> None:
    number = taken.getsockname()[1]
    [finding] = doctor.port(settings(tmp_path, number))
    assert finding.verdict == "note"
    assert f"{number} is used by " in finding.text
    assert f"process {os.getpid()}" in finding.text
    assert "--port" in finding.remedy


def test_a_running_studio_on_the_port_is_well(tmp_path: Path) -> None:
    class Ready(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503)
            self.end_headers()
            self.wfile.write(b'{"ready": false, "device": "CPU", "waiting": 0}')

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Ready) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        [finding] = doctor.port(settings(tmp_path, server.server_port))
        server.shutdown()
        thread.join()
    assert finding.verdict == "ok"
    assert "the studio" in finding.text


def test_a_full_disk_prevents_drawing(tmp_path: Path) -> None:
    [finding] = doctor.disk(settings(tmp_path, disk_reserve=1e9))
    assert finding.verdict == "problem"
    assert "make room" in finding.remedy


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_prevents_drawing(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    [finding] = doctor.disk(settings(tmp_path))
    tmp_path.chmod(0o700)
    assert finding.verdict == "problem"
