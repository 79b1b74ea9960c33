"""What is noted of a picture that comes: one that was drawn here, or one from elsewhere."""

import hashlib
import time
from pathlib import Path

from engine.events import Made
from engine.gallery import files, incoming
from engine.gallery.rows import NewImage, Rows, facts_of
from engine.gallery.schema import order_of
from engine.job import Job, new_id
from engine.picture.open import open_safe


def drawn(job: Job, made: Made) -> tuple[NewImage, bytes]:
    """The row, still without its files' names, and the thumbnail."""
    request = job.request.picture(made.index)
    small = files.thumbnail(made.file)
    new = NewImage(
        id=new_id(),
        job=job.id,
        index=made.index,
        owner=job.owner,
        created=time.time(),
        width=small.size[0],
        height=small.size[1],
        seconds=made.seconds,
        infotext=made.infotext,
        request=request,
        facts=facts_of(request),
        file="",
        thumbnail="",
        format=small.format,
        sha256=hashlib.sha256(made.file).hexdigest(),
    )
    return new, small.webp


def brought(
    content: bytes, name: str, owner: str, settings: incoming.Settings, modified: float | None
) -> tuple[NewImage, bytes]:
    """As `drawn`, of a picture from elsewhere. Raises BadRequest when it is damaged."""
    header, opened = incoming.checked(content), open_safe(content)
    image_id = new_id()
    new = NewImage(
        id=image_id,
        job=image_id,
        index=0,
        owner=owner,
        created=incoming.created_of(header, name, modified),
        width=opened.width,
        height=opened.height,
        seconds=0,
        infotext=settings.infotext,
        request=settings.request,
        facts=settings.facts,
        file="",
        thumbnail="",
        format=(header.format or "").lower(),
        sha256=hashlib.sha256(content).hexdigest(),
        name=incoming.plain_name(name),
        imported=True,
    )
    return new, files.shrunk(opened)


def known(rows: Rows, data: Path, content: bytes, owner: str | None, seed: str) -> str | None:
    """The id of the picture with the same bytes; owner: among whose. Those of an older studio have no digest: they are
    compared by themselves."""
    digest = hashlib.sha256(content).hexdigest()
    size = incoming.upright(incoming.checked(content))
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
