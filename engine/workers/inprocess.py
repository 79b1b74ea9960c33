"""A worker in a thread of the server: for tests, and for places that allow no second process."""

import logging
import multiprocessing
import threading
from collections.abc import Callable
from typing import Any

from engine.workers.worker import Live, run

log = logging.getLogger(__name__)


class Thread:
    """A Vessel of engine.workers.keeper. It cannot be killed, only left alone: it stops at its next word."""

    def __init__(self, make: Callable[[], Any], live: Live = run):
        self.connection, self.theirs = multiprocessing.Pipe()
        self.make, self.live = make, live
        self.how = "returned"
        self.thread = threading.Thread(target=self.serve, name="atelier worker", daemon=True)
        self.thread.start()

    def serve(self) -> None:
        try:
            self.live(self.theirs, self.make)
        except Exception as error:
            log.exception("the worker stopped")
            self.how = type(error).__name__

    def alive(self) -> bool:
        return self.thread.is_alive()

    def kill(self) -> None:
        self.connection.close()

    def end(self) -> str:
        self.thread.join(5)
        return self.how if not self.thread.is_alive() else "left alone"
