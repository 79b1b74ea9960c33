"""A worker in a thread of the server: for tests, and for places that allow no second process."""

import logging
import multiprocessing
import threading

from engine.workers.worker import MakePainter, run

log = logging.getLogger(__name__)


class Thread:
    """A Vessel of engine.workers.keeper. It cannot be killed, only left alone: the painter stops at its next word."""

    def __init__(self, make_painter: MakePainter):
        self.connection, self.theirs = multiprocessing.Pipe()
        self.make_painter = make_painter
        self.how = "returned"
        self.thread = threading.Thread(target=self.serve, name="atelier worker", daemon=True)
        self.thread.start()

    def serve(self) -> None:
        try:
            run(self.theirs, self.make_painter)
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
