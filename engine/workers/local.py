"""A worker in a process of its own: what kills it (a truncated model, the kernel for want of memory) costs one job."""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

from engine.logs import Format, prepare_logs
from engine.settings import prepare_environment
from engine.workers.worker import Live, run

SPAWN = multiprocessing.get_context("spawn")
PARENT_DEATH = 1  # PR_SET_PDEATHSIG of prctl(2)
swapping = threading.Lock()


class Process:
    """A spawned process. Ours is a Vessel of engine.workers.keeper. make: what `live` is given, made in the process."""

    def __init__(self, make: Callable[[], Any], live: Live = run, logs: Format = "text"):
        prepare_environment()
        self.connection, theirs = SPAWN.Pipe()
        self.process = SPAWN.Process(target=serve, args=(theirs, make, live, logs), name="atelier worker", daemon=True)
        with nameless_main():
            self.process.start()
        theirs.close()  # else the worker's death would not close the pipe

    def alive(self) -> bool:
        return self.process.is_alive()

    def kill(self) -> None:
        self.process.kill()

    def end(self) -> str:
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        return f"exit code {self.process.exitcode}"


def serve(connection: Connection, make: Callable[[], Any], live: Live, logs: Format) -> None:
    """The process's whole life. It never outlives the server: the pipe ends with it."""
    prepare_logs(logs)
    die_with_parent()
    asked_to_leave = threading.Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us too; the server stops us in good order
    signal.signal(signal.SIGTERM, lambda *_: asked_to_leave.set())
    live(connection, make, gone=lambda: os._exit(0), leave=asked_to_leave.is_set)


def die_with_parent() -> None:
    """A second string to the pipe's end, for a worker that is stuck in a call which keeps all threads waiting."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DEATH, signal.SIGKILL)


@contextmanager
def nameless_main() -> Iterator[None]:
    """Spawning imports the parent's main script in the child again, page and all. Let it see an empty one."""
    with swapping:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main
