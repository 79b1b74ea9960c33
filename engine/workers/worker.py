"""One device's day: take jobs, step the painter, tell what happened; the same in a process and in a thread."""

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any, Protocol

from engine.errors import INTERNAL, AtelierError
from engine.events import Event, Failed
from engine.job import Job
from engine.workers.messages import (
    Beat,
    Drop,
    FromWorker,
    Happened,
    Hurry,
    PainterSettings,
    Place,
    Ready,
    Stop,
    Stopped,
    Take,
    Unable,
)

log = logging.getLogger(__name__)
BEAT = 1.0  # seconds between two signs of life


class Paints(Protocol):
    """What a worker drives: engine.denoise.painter.Painter. name: the device's, for people; kind: "cpu" or "cuda"."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def idle(self) -> bool: ...
    @property
    def jobs(self) -> tuple[str, ...]: ...
    @property
    def loaded(self) -> tuple[str, ...]: ...
    def add(self, job: Job, skip: frozenset[int] = frozenset()) -> None: ...
    def remove(self, job_id: str) -> None: ...
    def hasten(self, job_id: str) -> None: ...
    def step(self) -> Iterator[Event]: ...
    def close(self) -> None: ...


MakePainter = Callable[[], Paints]
Live = Callable[
    ..., None
]  # a vessel's whole life: its end of the pipe, what to make first, `gone` and `leave` as in `run`


def painter(settings: PainterSettings, place: Place) -> Paints:
    """The real one. Called in the worker; torch is imported here and not before."""
    from engine.denoise.painter import Painter
    from engine.library.scan import Library
    from engine.provenance.sign import Signer

    library = Library(place.models, place.cache)
    library.refresh()
    signer = Signer(place.keys) if place.keys else None
    how = (settings.device, settings.dtype, settings.max_rows, settings.model_memory)
    return Painter(library, *how, place.pictures, signer)


class Line:
    """The worker's end of the pipe: what comes is queued at once, what goes may be sent by any thread.

    gone: called when the other end is closed, which means that nobody waits for this worker any more.
    """

    def __init__(self, connection: Connection, gone: Callable[[], None]):
        self.connection = connection
        self.gone = gone
        self.lock = threading.Lock()
        self.inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.closed = threading.Event()
        self.latest = Beat()
        threading.Thread(target=self.listen, name="listen", daemon=True).start()
        threading.Thread(target=self.beat, name="beat", daemon=True).start()

    def listen(self) -> None:
        try:
            while True:
                self.inbox.put(self.connection.recv())
        except (EOFError, OSError):
            self.hang_up()

    def beat(self) -> None:
        """From a thread of its own, so that a long load of a model does not look like death."""
        while not self.closed.is_set():
            self.send(self.latest)
            self.closed.wait(BEAT)

    def send(self, message: FromWorker) -> None:
        try:
            with self.lock:
                self.connection.send(message)
        except OSError:
            self.hang_up()

    def hang_up(self) -> None:
        if not self.closed.is_set():
            self.closed.set()
            self.inbox.put(None)
            self.gone()

    def messages(self, wait: bool) -> Iterator[Any]:
        """What has come; with `wait`, give the first one a moment. None stands for the end."""
        try:
            yield self.inbox.get(block=wait, timeout=BEAT)
            while True:
                yield self.inbox.get_nowait()
        except queue.Empty:
            return


def run(
    connection: Connection,
    make_painter: MakePainter,
    gone: Callable[[], None] = lambda: None,
    leave: Callable[[], bool] = lambda: False,
) -> None:
    """Until Stop, `leave`, or the end of the pipe. An error that belongs to no job ends the worker: a fresh one helps.

    gone: see Line; leave: asked between two steps whether to stop in good order.
    """
    line = Line(connection, gone)
    try:
        try:
            easel = make_painter()
        except AtelierError as error:
            line.send(Unable(error.problem))
            return
        line.send(Ready(easel.name, easel.kind))
        line.latest = Beat(easel.loaded, easel.jobs)
        while work(line, easel) and not line.closed.is_set():
            if leave():
                break
        easel.close()
        line.send(Stopped())
    finally:
        line.closed.set()


def work(line: Line, easel: Paints) -> bool:
    """Read the messages, make one step. False once it is time to stop."""
    for message in line.messages(wait=easel.idle):
        match message:
            case Take(job, skip):
                begin(line, easel, job, skip)
            case Drop(job_id):
                easel.remove(job_id)
            case Hurry(job_id):
                easel.hasten(job_id)
            case Stop() | None:
                return False
    if not easel.idle:
        for event in easel.step():
            line.send(Happened(event))
    line.latest = Beat(easel.loaded, easel.jobs)
    return True


def begin(line: Line, easel: Paints, job: Job, skip: frozenset[int]) -> None:
    try:
        easel.add(job, skip)
    except AtelierError as error:
        line.send(Happened(Failed(job=job.id, problem=error.problem)))
    except Exception:
        log.exception("job %s could not be begun", job.id)
        line.send(Happened(Failed(job=job.id, problem=INTERNAL)))
