"""What is noted of a picture that comes: one that was drawn here, or one from elsewhere."""

import hashlib
import json
import time
from dataclasses import replace
from pathlib import Path

from engine.events import Made
from engine.gallery import files, incoming
from engine.gallery.rows import NewImage, Rows, facts_of
from engine.gallery.schema import order_of
from engine.held import Held
from engine.job import Job, new_id
from engine.picture.open import open_safe, upright
from engine.request.generation import GenerationRequest
from engine.request.restoring import RestoreRequest
from engine.restore_text import told


def bare(request: GenerationRequest, text: str, owner: str, created: float, size: tuple[int, int]) -> NewImage:
    """The row of a PNG, its files called by its id until `Filing` names them. text: the infotext."""
    image_id = new_id()
    return NewImage(
        id=image_id,
        job=image_id,
        index=0,
        owner=owner,
        created=created,
        width=size[0],
        height=size[1],
        seconds=0,
        infotext=text,
        request=request,
        facts=facts_of(request),
        file=f"outputs/{image_id}.png",
        thumbnail=f"thumbnails/{image_id}.webp",
        format="png",
        sha256=None,
    )


def made_here(job: Job, made: Made) -> tuple[NewImage, bytes]:
    """The row, and the thumbnail."""
    small = files.thumbnail(made.file)
    row = restored if isinstance(job.request, RestoreRequest) else drawn
    new = replace(
        row(job, made, small.size),
        job=job.id,
        index=made.index,
        seconds=made.seconds,
        format=small.format,
        sha256=hashlib.sha256(made.file).hexdigest(),
        outside=made.outside,
        made_with=json.dumps(made.made_with) if made.made_with else None,
        held=made.held or Held.read(made.infotext),
    )
    return new, small.webp


def drawn(job: Job, made: Made, size: tuple[int, int]) -> NewImage:
    return bare(job.drawn.picture(made.index), made.infotext, job.owner, time.time(), size)


def restored(job: Job, made: Made, size: tuple[int, int]) -> NewImage:
    """What drew the picture that it was before is in its file."""
    assert isinstance(job.request, RestoreRequest)
    settings = incoming.settings_of(made.file)
    new = bare(settings.request, settings.infotext, job.owner, time.time(), size)
    source = job.request.pictures[made.index]
    return replace(new, facts=settings.facts, restored=told(job.request.steps), source=source)


def brought(
    content: bytes, name: str, owner: str, settings: incoming.Settings, modified: float | None
) -> tuple[NewImage, bytes]:
    """As `made_here`, of a picture from elsewhere. Raises BadRequest when it is damaged."""
    header, opened = incoming.checked(content), open_safe(content)
    new = replace(
        bare(settings.request, settings.infotext, owner, incoming.created_of(header, name, modified), opened.size),
        facts=settings.facts,
        format=(header.format or "").lower(),
        sha256=hashlib.sha256(content).hexdigest(),
        name=incoming.plain_name(name),
        imported=True,
        held=Held.read(settings.infotext),
    )
    return new, files.shrunk(opened)


def known(rows: Rows, data: Path, content: bytes, owner: str | None, seed: str) -> str | None:
    """The id of the picture with the same bytes; owner: among whose. Those of an older studio have no digest: they are
    compared by themselves."""
    digest = hashlib.sha256(content).hexdigest()
    size = upright(content)
    mine, values = ("", ()) if owner is None else (" AND catalogue.owner = ?", (owner,))
    with rows.reading() as connection:
        found = connection.execute(f"SELECT id FROM catalogue WHERE sha256 = ?{mine}", (digest, *values)).fetchone()
        alike = connection.execute(
            "SELECT id, file FROM catalogue JOIN images USING (id) WHERE sha256 IS NULL AND catalogue.seed = ?"
            f" AND catalogue.width = ? AND catalogue.height = ?{mine}",
            (order_of(seed or None), *size, *values),
        ).fetchall()
    if found:
        return found["id"]
    for row in alike:
        path = data / row["file"]
        if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
            with rows.writing() as connection:
                connection.execute("UPDATE catalogue SET sha256 = ? WHERE id = ?", (digest, row["id"]))
            return row["id"]
    return None
