"""The processes of runs: started so that they outlive the studio, and ended as a group."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from engine.errors import AtelierError
from engine.settings import HOUSE
from engine.training.run_folder import RunFolder

LONGEST = 900  # seconds that a product of a saved state may take


def launch(folder: RunFolder) -> subprocess.Popen[bytes]:
    """In a session of its own: what ends the studio does not end it. What it complains of goes to its stderr.log."""
    return start(folder, "engine.training.worker", str(folder.path))


def start(folder: RunFolder, module: str, *told: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", module, *told]
    with folder.errors.open("ab") as errors:
        return subprocess.Popen(
            command,
            cwd=HOUSE,
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            start_new_session=sys.platform != "win32",
            creationflags=subprocess.CREATE_NEW_PROCESS_GROUP if sys.platform == "win32" else 0,
        )


def make_product(folder: RunFolder, step: int, into: Path) -> None:
    """Of a saved state, in a process of its own. Raises AtelierError when it could not be made."""
    process = start(folder, "engine.training.version", str(folder.path), str(step), str(into))
    try:
        code = process.wait(LONGEST)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    if code != 0:
        raise AtelierError(
            "training.product_of",
            f"The product of step {step} could not be made.",
            "The run's stderr.log tells why; the final product is not touched by that.",
        )


def kill(folder: RunFolder) -> None:
    """With all that it has started. Only while its lock is held is the number in it that of the run."""
    pid = folder.pid()
    if pid is None or not folder.alive():
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(pid)], check=False, capture_output=True)
        else:
            os.killpg(os.getpgid(pid), signal.SIGKILL)
