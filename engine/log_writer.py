"""Writes the log from a thread of its own: a terminal or a pipe that nobody reads must not hold up the studio."""

import logging
import os
import queue
import threading
from io import RawIOBase

MOST = 10_000  # lines that wait; what comes on top of them is lost, and their number is told
PATIENCE = 2.0  # seconds that the last lines get at the end of the process


class LogWriter(logging.Handler):
    """Lines are formatted where they arise, since they tell of the task there. file: unbuffered, so that no lock of
    Python's is held by a write that waits."""

    def __init__(self, file: RawIOBase, most: int = MOST):
        super().__init__()
        self.file, self.most = file, most
        self.begin()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.begin)

    def begin(self) -> None:
        self.lost, self.lines = 0, queue.Queue[str](self.most)
        threading.Thread(target=self.serve, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.lines.put_nowait(self.format(record))
        except queue.Full:
            self.lost += 1
        except Exception:
            self.handleError(record)

    def serve(self) -> None:
        while True:
            line = self.lines.get()
            if lost := self.take_lost():
                line += "\n" + self.format(told(f"{lost} lines were lost after this one: nobody read them in time"))
            try:
                self.write(f"{line}\n".encode("utf-8", "backslashreplace"))
            except OSError:
                pass  # nobody is there to be told
            finally:
                self.lines.task_done()

    def take_lost(self) -> int:
        self.acquire()  # as whoever logs does
        try:
            lost, self.lost = self.lost, 0
            return lost
        finally:
            self.release()

    def write(self, data: bytes) -> None:
        while data:
            data = data[self.file.write(data) or 0 :]

    def flush(self) -> None:
        """Until all is written, or patience ends."""
        with self.lines.all_tasks_done:
            self.lines.all_tasks_done.wait_for(lambda: not self.lines.unfinished_tasks, PATIENCE)


def told(text: str) -> logging.LogRecord:
    return logging.LogRecord(__name__, logging.WARNING, __file__, 0, text, None, None)
