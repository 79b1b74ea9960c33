"""A painter that needs no torch: it paints plain rectangles, slowly enough to be killed at it. Only for these tests.

What the prompt says it should do to its own process, it does: "die" kills it at the second step, "die once" only when
the job's first attempt; "fail" raises an error of the job; "stuck" never returns from its step.
"""

import io
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from PIL import Image

from engine.errors import AtelierError, BadRequest
from engine.events import Done, Event, Failed, Made, Started, Stepped
from engine.job import Job

STEP = 0.01  # seconds


@dataclass
class Sheet:
    job: Job
    todo: list[int]
    step: int = 0
    hurried: bool = False
    began: float = field(default_factory=time.monotonic)


class QuickPainter:
    """The same doors as engine.denoise.painter.Painter; a picture at a time, job by job in turns."""

    name, kind = "quick", "cpu"

    def __init__(self, step: float = STEP) -> None:
        self.seconds = step
        self.sheets: dict[str, Sheet] = {}
        self.known: set[str] = set()

    @property
    def idle(self) -> bool:
        return not self.sheets

    @property
    def jobs(self) -> tuple[str, ...]:
        return tuple(self.sheets)

    @property
    def loaded(self) -> tuple[str, ...]:
        return tuple(self.known)

    def add(self, job: Job, skip: frozenset[int] = frozenset()) -> None:
        if job.drawn.words.prompt == "refuse":
            raise BadRequest("prompt.refused", "This prompt is refused.", "Write another one.", field="prompt")
        self.sheets[job.id] = Sheet(job, [i for i in range(job.drawn.output.count) if i not in skip])
        self.known.add(job.drawn.model.checkpoint_hash)

    def hasten(self, job_id: str) -> None:
        if sheet := self.sheets.get(job_id):
            sheet.hurried = True

    def remove(self, job_id: str) -> None:
        self.sheets.pop(job_id, None)

    def close(self) -> None:
        self.sheets.clear()

    def step(self) -> Iterator[Event]:
        for job_id, sheet in list(self.sheets.items()):
            try:
                yield from self.advance(sheet)
            except AtelierError as error:
                self.remove(job_id)
                yield Failed(job=job_id, problem=error.problem)

    def advance(self, sheet: Sheet) -> Iterator[Event]:
        job, steps, prompt = sheet.job, sheet.job.drawn.sampling.steps, sheet.job.drawn.words.prompt
        if sheet.step == 0 and sheet.todo:
            yield Started(job=job.id, doing="drawing")
        time.sleep(self.seconds)
        sheet.step += 1
        if sheet.step == 2:
            obey(prompt, job)
        yield Stepped(job=job.id, index=sheet.todo[0], step=sheet.step, of=steps)
        if sheet.step >= steps or sheet.hurried:
            index = sheet.todo.pop(0)
            sheet.step = 0
            yield Made(job=job.id, index=index, file=plain(job, index), infotext=prompt, seconds=self.seconds * steps)
        if not sheet.todo:
            self.remove(job.id)
            yield Done(job=job.id)


def obey(prompt: str, job: Job) -> None:
    if prompt == "die" or (prompt == "die once" and job.attempts == 0):
        os.kill(os.getpid(), signal.SIGBUS)
    if prompt == "stuck":
        os.kill(os.getpid(), signal.SIGSTOP)
    if prompt == "fail":
        raise BadRequest("prompt.bad", "This cannot be drawn.", "Write something else.", field="prompt")
    if prompt == "crash":
        raise RuntimeError("a bug that belongs to no job")


def plain(job: Job, index: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", job.drawn.size, (index * 16 % 256, 120, 200)).save(file, "PNG")
    return file.getvalue()


def make() -> QuickPainter:
    return QuickPainter()


def make_slow() -> QuickPainter:
    return QuickPainter(0.05)
