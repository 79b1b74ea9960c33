"""Previews by preprocessors that are networks: made in a process of their own, so that no job waits for them or dies with
them. It starts when somebody asks, ends when nobody has for a while, and is killed when a preview takes too long.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from typing import cast

from engine.errors import INTERNAL, AtelierError, BadRequest, Busy
from engine.library.model import as_error
from engine.picture.preprocessors.maps import Detect, preview
from engine.workers.keeper import Vessel
from engine.workers.messages import Look, Place, Seen, Unseen

log = logging.getLogger(__name__)
LONGEST = 90.0  # seconds for a preview, the loading of torch and of the network included
IDLE = 120.0  # seconds after which the process makes room
TRIES = 2  # the process may be leaving just when it is asked
MakeEye = Callable[[], Detect]


class Lookout:
    """For all threads; one preview at a time. vessel: Process or Thread."""

    def __init__(self, vessel: Callable[..., Vessel], make_eye: MakeEye, longest: float = LONGEST, idle: float = IDLE):
        self.begin = partial(vessel, make_eye, partial(watch, idle=idle))
        self.longest = longest
        self.lock = threading.Lock()
        self.vessel: Vessel | None = None

    def ask(self, look: Look) -> bytes:
        """PNG. Raises ModelDamaged for weights that are none, BadRequest for a preview that takes too long, and Busy."""
        if not self.lock.acquire(timeout=self.longest):
            raise Busy("preview.busy", "Others are waiting for previews.", "Try again in a moment.", retry_after=5)
        try:
            answer = self.answer(look)
        finally:
            self.lock.release()
        if isinstance(answer, Unseen):
            raise as_error(answer.problem)
        return answer.png

    def answer(self, look: Look) -> Seen | Unseen:
        until = time.monotonic() + self.longest
        for _ in range(TRIES):
            vessel = self.vessel = self.vessel or self.begin()
            too_long = threading.Timer(self.longest, vessel.kill)  # also for one that does not even listen
            too_long.start()
            try:
                vessel.connection.send(look)
                if vessel.connection.poll(max(0.0, until - time.monotonic())):
                    return cast(Seen | Unseen, vessel.connection.recv())
            except (EOFError, OSError):
                self.end()
                continue
            finally:
                too_long.cancel()
            self.end()
            raise BadRequest(
                "preview.slow",
                f"The preview took longer than {self.longest:g} seconds and was given up.",
                "Choose a smaller size or another preprocessor.",
                field="preprocessor",
                seconds=self.longest,
            )
        log.error("the process that makes previews died twice")
        return Unseen(INTERNAL)

    def end(self) -> None:
        if vessel := self.vessel:
            self.vessel = None
            vessel.kill()
            how = vessel.end()
            vessel.connection.close()
            log.info("the process that makes previews ended: %s", how)

    def stop(self) -> None:
        """With the studio. A preview that is being made is lost."""
        if vessel := self.vessel:
            vessel.kill()


def eye(place: Place) -> Detect:
    """The real one. Called in the process; torch is imported here and not before."""
    from engine.detect.eye import Eye
    from engine.library.scan import Library

    return Eye(Library(place.models, place.cache))


def watch(
    connection: Connection,
    make_eye: MakeEye,
    gone: Callable[[], None] = lambda: None,
    leave: Callable[[], bool] = lambda: False,
    idle: float = IDLE,
) -> None:
    """The process's whole life; as engine.workers.worker.run."""
    look_with = make_eye()
    with suppress(EOFError, OSError), connection:
        while connection.poll(idle) and not leave():
            connection.send(seen(connection.recv(), look_with))


def seen(look: Look, look_with: Detect) -> Seen | Unseen:
    try:
        return Seen(preview(look.unit, look.picture, look.size, look_with))
    except AtelierError as error:
        return Unseen(error.problem)
    except Exception:
        log.exception("a preview by %s could not be made", look.unit.preprocessor)
        return Unseen(INTERNAL)
