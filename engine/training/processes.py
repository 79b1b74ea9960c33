"""The processes of runs: started so that they outlive the studio, and ended as a group."""

import contextlib
import os
import signal
import subprocess
import sys

from engine.settings import HOUSE
from engine.training.run_folder import RunFolder


def launch(folder: RunFolder, *further: str) -> subprocess.Popen[bytes]:
    """In a session of its own: what ends the studio does not end it. What it complains of goes to its stderr.log."""
    command = [sys.executable, "-m", "engine.training.worker", str(folder.path), *further]
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
