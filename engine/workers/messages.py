"""What server and worker say to each other over a pipe, and what a worker must know to paint."""

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from engine.errors import Problem
from engine.events import Event
from engine.job import Job
from engine.request.control import ControlUnit


@dataclass(frozen=True)
class PainterSettings:
    """What engine.settings says of drawing. model_memory: GiB for resident checkpoints, 0 takes half of what is free."""

    device: str = "auto"
    dtype: str = "auto"
    max_rows: int = 16
    model_memory: float = 0.0


@dataclass(frozen=True)
class Place:
    """The folders that a worker reads. pictures: the starting pictures that were given to the studio; keys: to sign every
    file with, None where files are not signed."""

    models: Path
    cache: Path
    pictures: Path
    keys: Path | None = None


@dataclass(frozen=True)
class Take:
    """Draw this job. skip: indices of its pictures that are stored already."""

    job: Job
    skip: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Drop:
    """Leave this job out from the next step on, without a further word about it."""

    job_id: str


@dataclass(frozen=True)
class Hurry:
    """End this job with what is there after the step at hand: its pictures are made of the present guess."""

    job_id: str


@dataclass(frozen=True)
class Stop:
    """Finish the step at hand and leave; unfinished jobs are given back. seconds: the time until it is killed."""

    seconds: float


@dataclass(frozen=True)
class Ready:
    """The worker can draw. device: in words a person knows ("CPU", the name of a graphics card); kind: "cpu" or "cuda"."""

    device: str
    kind: str


@dataclass(frozen=True)
class Unable:
    """The worker cannot draw at all, and leaves; the next one will try again."""

    problem: Problem


@dataclass(frozen=True)
class Beat:
    """The worker's process lives. loaded: hashes of the resident checkpoints; jobs: the ids in its hands."""

    loaded: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Happened:
    event: Event


@dataclass(frozen=True)
class Stopped:
    """The worker's last word: it leaves in good order, and what it has not finished is nobody's fault."""


@dataclass(frozen=True)
class Gone:
    """Not sent but concluded by the server's side: the worker ended. orderly: it said Stopped; how: for the log."""

    orderly: bool
    how: str


@dataclass(frozen=True)
class Look:
    """To the process that makes previews: what does this unit make of the picture? size: as it will be drawn, if known."""

    unit: ControlUnit
    picture: Image.Image
    size: tuple[int, int] | None


@dataclass(frozen=True)
class Seen:
    """Its answer."""

    png: bytes


@dataclass(frozen=True)
class Unseen:
    problem: Problem


ToWorker = Take | Drop | Hurry | Stop
FromWorker = Ready | Unable | Beat | Happened | Stopped
Heard = FromWorker | Gone
