"""A job of restoring on its way: one slice at a time, so that who draws beside it has turns between."""

import io
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from engine.events import Done, Event, Made, Started, Stepped
from engine.held import Held
from engine.infotext import settings_line
from engine.job import Job
from engine.library.load_upscaler import LoadedUpscaler
from engine.metadata.sources import source_restored
from engine.metadata.write import encode
from engine.picture.fit import on_paper
from engine.picture.inputs import input_bytes
from engine.picture.open import open_safe
from engine.picture.steps.planes import Work
from engine.picture.steps.table import take
from engine.picture.texts import texts_of
from engine.picture.veil import Judge, kept, veiled
from engine.provenance.sign import Signer
from engine.request.restoring import Faces, RestoreRequest, Step, Upscale, by_network
from engine.restore.faces import Restorer, restore_faces
from engine.restore.upscale import upscale
from engine.restore_text import told, with_steps

HUNDRED = 100  # what progress is told in, for each step
PREVIEW = 256  # pixels of a preview's longer side
Network = LoadedUpscaler | Restorer


@dataclass(frozen=True)
class Means:
    """What restoring needs of the house. pictures: the folder of what was given to the studio; network: of a step that needs
    one; judge: the safety checker; both are borrowed for as long as the lease lasts. signer: of what is made, None for none."""

    pictures: Path
    network: Callable[[Step, ExitStack], Network]
    judge: Callable[[ExitStack], Judge]
    signer: Signer | None = None


@dataclass
class Restoration:
    """lease: holds the networks while it lasts. To stop, stop asking."""

    job: Job
    events: Iterator[Event] = field(default_factory=lambda: iter(()))
    lease: ExitStack = field(default_factory=ExitStack)

    @classmethod
    def of(cls, job: Job, skip: frozenset[int], means: Means) -> "Restoration":
        """skip: indices of what is stored already."""
        made = cls(job)
        made.events = restore(job, skip, means, made.lease)
        return made


def restore(job: Job, skip: frozenset[int], means: Means, lease: ExitStack) -> Iterator[Event]:
    """Ends in Done. Raises AtelierError for what cannot be opened, or has become too large."""
    asked = job.request
    assert isinstance(asked, RestoreRequest)
    wanted = {at: step for at, step in enumerate(asked.steps) if by_network(step)}
    if wanted or job.checked:
        yield Started(job=job.id, doing="loading")
    networks = {at: means.network(step, lease) for at, step in wanted.items()}
    judge = means.judge(lease) if job.checked else None
    yield Started(job=job.id, doing="drawing")
    for index, digest in enumerate(asked.pictures):
        if index in skip:
            continue
        begun, data = time.monotonic(), input_bytes(means.pictures, digest, "pictures")
        picture = open_safe(data)
        of = HUNDRED * len(asked.steps)
        for at, step in enumerate(asked.steps):
            work = one(picture, step, networks.get(at))
            try:
                while True:
                    share = next(work)
                    yield Stepped(job=job.id, index=index, step=HUNDRED * at + round(HUNDRED * share), of=of)
            except StopIteration as end:
                picture = end.value
            shown = veiled(picture) if judge else picture
            yield Stepped(job=job.id, index=index, step=HUNDRED * (at + 1), of=of, preview=small(shown))
        made, held = kept(picture, judge)
        file, text = finished(asked, made, held, data, means.signer)
        seconds, format = time.monotonic() - begun, asked.output.format
        yield Made(job=job.id, index=index, file=file, format=format, infotext=text, seconds=seconds, held=held)
    yield Done(job=job.id)


def one(picture: Image.Image, step: Step, network: Network | None) -> Work[Image.Image]:
    if isinstance(step, Faces):
        assert isinstance(network, Restorer)
        return restore_faces(picture, step, network)
    if isinstance(step, Upscale):
        assert not isinstance(network, Restorer)
        return upscale(picture, step, network)
    return take(picture, step)


def finished(
    asked: RestoreRequest, picture: Image.Image, held: Held | None, source: bytes, signer: Signer | None
) -> tuple[bytes, str]:
    """The file and its infotext."""
    text, before = kept_text(source)
    steps = ", ".join(filter(None, (before, told(asked.steps), "" if text or not held else held.told)))
    text = with_steps(text, held.told) if held else text
    kind = source_restored(source, bool(text), asked.steps)
    flat = on_paper(picture) if asked.output.format == "JPEG" else picture
    file = encode(flat, text, asked.output.format, asked.output.quality, steps, source=kind)
    if signer:
        file = signer.sign(file, kind, source)
    return file, text


def kept_text(source: bytes) -> tuple[str, str]:
    """What AUTOMATIC1111's form says of how the picture was drawn, "" where nothing does; and of steps before these."""
    found = texts_of(source).found
    for name in ("parameters", "UserComment"):
        text = found.get(name, "")
        if settings_line(text.strip().split("\n"))[0] is not None:
            return text, found.get("postprocessing", "")
    return "", found.get("postprocessing", "")


def small(picture: Image.Image) -> bytes:
    """JPEG."""
    made, buffer = on_paper(picture), io.BytesIO()
    made.thumbnail((PREVIEW, PREVIEW))
    made.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()
