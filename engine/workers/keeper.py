"""Keeps one worker at work: hears it, misses its heartbeat, ends it, and starts the next one after a pause."""

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Protocol

from engine.events import Done
from engine.workers.messages import Gone, Happened, Heard, Stop, Stopped, ToWorker

log = logging.getLogger(__name__)
LEASE = 30.0  # seconds without a sign of life after which a worker is given up
LONGEST_PAUSE = 60.0


class Vessel(Protocol):
    """What a worker runs in: a process or a thread."""

    @property
    def connection(self) -> Connection: ...
    def alive(self) -> bool: ...
    def kill(self) -> None: ...
    def end(self) -> str:
        """Wait until it is over, and say how it ended."""
        ...


@dataclass(frozen=True)
class Word:
    """Something heard. worker: the name of the one worker that said it; its successor has another name."""

    worker: str
    message: Heard


class Keeper:
    """hear: called from the keeper's thread with every word, the last of each worker being Gone."""

    def __init__(
        self,
        start_vessel: Callable[[], Vessel],
        hear: Callable[[Word], None],
        *,
        pause: float = 1,
        lease: float = LEASE,
    ):
        self.start_vessel = start_vessel
        self.hear = hear
        self.first_pause = self.pause = pause
        self.lease = lease
        self.lock = threading.Lock()
        self.name = ""
        self.vessel: Vessel | None = None
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.keep, name="keeper", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def send(self, worker: str, message: ToWorker) -> None:
        """Words for a worker that is gone are dropped: Gone tells the server to give its jobs to the next one."""
        with self.lock:
            if self.vessel and self.name == worker:
                try:
                    self.vessel.connection.send(message)
                except OSError:
                    log.info("worker %s does not listen any more", worker)

    def stop(self, seconds: float) -> None:
        """Ask the worker to leave in good order; kill it when it has not left in time."""
        self.stopping.set()
        threading.Thread(
            target=self.send, args=(self.name, Stop(seconds)), daemon=True
        ).start()  # may block: see listen
        if self.thread.is_alive():
            self.thread.join(seconds)
        if vessel := self.vessel:
            vessel.kill()
        if self.thread.is_alive():
            self.thread.join()

    def keep(self) -> None:
        while not self.stopping.is_set():
            started = self.begin()
            if started:
                gone = self.listen(*started)
                self.hear(Word(started[0], gone))
                if not gone.orderly:
                    log.warning("worker %s ended: %s; the next one starts in %g s", started[0], gone.how, self.pause)
            self.stopping.wait(self.pause)
            self.pause = min(LONGEST_PAUSE, self.pause * 2)

    def begin(self) -> tuple[str, Vessel] | None:
        try:
            vessel = self.start_vessel()
        except OSError:
            log.exception("a worker could not be started; the next attempt follows in %g s", self.pause)
            return None
        with self.lock:
            self.name, self.vessel = secrets.token_hex(8), vessel
        if self.stopping.is_set():  # stop() came before there was anybody to tell
            self.send(self.name, Stop(0))
        return self.name, vessel

    def listen(self, name: str, vessel: Vessel) -> Gone:
        """Until the worker's end. What it said before it died is heard first: the pipe outlives it."""
        heard_at, orderly = time.monotonic(), False
        try:
            while not orderly:
                if vessel.connection.poll(0.5):
                    message = vessel.connection.recv()
                    heard_at = time.monotonic()
                    orderly = isinstance(message, Stopped)
                    if isinstance(message, Happened) and isinstance(message.event, Done):
                        self.pause = self.first_pause
                    self.hear(Word(name, message))
                elif not vessel.alive() or time.monotonic() - heard_at > self.lease:
                    break
        except (EOFError, OSError):
            pass
        except Exception:  # half a message, or one from another version
            log.exception("worker %s cannot be understood", name)
        if not orderly:
            vessel.kill()  # before the lock: a send to a worker that hangs holds it, and only this ends that send
        with self.lock:
            self.vessel = None
        how = vessel.end()
        vessel.connection.close()
        return Gone(orderly, how)
