"""Pictures for the gallery's tests: rows without files by the door for many, and real small files."""

import io
import time
from dataclasses import replace
from typing import Any

from PIL import Image, PngImagePlugin

from engine import infotext
from engine.gallery.arrivals import bare
from engine.gallery.rows import NewImage, insert
from engine.gallery.store import Gallery
from engine.request.generation import GenerationRequest

TEXT = (
    "a red fox\nNegative prompt: blurry\nSteps: 30, Sampler: Euler a, CFG scale: 7, Seed: 99, Size: 64x48, Model: fox"
)


def row(prompt: str = "a cat", *, owner: str = "ann", created: float | None = None, **facts: Any) -> NewImage:
    """facts: model, sampler, seed, steps, negative, size."""
    width, height = facts.get("size", (512, 512))
    request = GenerationRequest().with_(
        words={"prompt": prompt, "negative_prompt": facts.get("negative", "")},
        model={"checkpoint": facts.get("model", "postcard")},
        canvas={"width": width, "height": height},
        sampling={k: facts[k] for k in ("sampler", "seed", "steps") if k in facts} or {"seed": 7},
    )
    when = time.time() if created is None else created
    new = bare(request, infotext.write(request), owner, when, (width, height))
    return replace(new, seconds=1.0, sha256=new.id)


def put(gallery: Gallery, *rows: NewImage) -> list[str]:
    with gallery.rows.writing() as connection:
        for new in rows:
            insert(connection, new)
    return [new.id for new in rows]


def file(kind: str = "PNG", text: str | None = TEXT, colour: str = "red", size: tuple[int, int] = (64, 48)) -> bytes:
    """With the settings as other studios write them: a text chunk in a PNG, EXIF's comment elsewhere."""
    content, options = io.BytesIO(), {}
    if kind == "PNG" and text is not None:
        info = PngImagePlugin.PngInfo()
        info.add_text("parameters", text)
        options["pnginfo"] = info
    elif text is not None:
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + text.encode("utf-16-be")
        options["exif"] = exif
    Image.new("RGB", size, colour).save(content, kind, **options)
    return content.getvalue()
