"""Extras: pictures that are made larger, one by one, as jobs of restoring."""

import html
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from api.a1111 import tasks
from api.a1111.body import described, read
from api.a1111.errors import Invalid, Route
from api.a1111.faces import restorers, step
from api.a1111.loans import Loans
from api.a1111.options import overridden
from api.a1111.people import Owner
from api.a1111.pictures import decoded, encoded
from api.a1111.tasks import Task, Tasks
from api.a1111.waiting import drawn
from api.jobs import TheStudio
from engine.metadata.sources import source_restored
from engine.metadata.write import encode
from engine.picture.open import open_safe, upright
from engine.picture.texts import texts_of
from engine.request.parts import FileFormat
from engine.request.restoring import RestoreRequest
from engine.restore_text import told
from engine.studio import Studio

router = APIRouter(prefix="/sdapi/v1", route_class=Route)
MOST = 64  # pictures of one request
Share = Annotated[float, Field(ge=0, le=1)]
NONE = "None"
FORMATS: dict[str, FileFormat] = {"jpg": "JPEG", "jpeg": "JPEG", "webp": "WebP"}


class Extras(BaseModel):
    """What AUTOMATIC1111's tab of that name asks."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    resize_mode: Annotated[int, Field(ge=0, le=1)] = 0
    show_extras_results: bool | None = True
    gfpgan_visibility: Share = 0.0
    codeformer_visibility: Share = 0.0
    codeformer_weight: Share = 0.0
    upscaling_resize: Annotated[float, Field(gt=0, le=8)] = 2.0
    upscaling_resize_w: Annotated[int, Field(ge=1, le=16384)] = 512
    upscaling_resize_h: Annotated[int, Field(ge=1, le=16384)] = 512
    upscaling_crop: bool = True
    upscaler_1: str = NONE
    upscaler_2: str = NONE
    extras_upscaler_2_visibility: Share = 0.0
    upscale_first: bool = False


class Single(Extras):
    image: str = ""


class Named(BaseModel):
    data: str
    name: str = ""


class Batch(Extras):
    imageList: Annotated[list[Named], Field(max_length=MOST)]


@router.post("/extra-single-image", operation_id="a1111_extra_single_image", openapi_extra=described(Single))
async def single(request: Request, studio: TheStudio, owner: Owner) -> JSONResponse:
    """The picture made larger, its settings kept."""
    asked = await read(request, Single)
    assert isinstance(asked, Single)
    (made,), steps = await larger(asked, [asked.image], request, studio, owner)
    return JSONResponse({"html_info": as_html(steps), "image": encoded(made)})


@router.post("/extra-batch-images", operation_id="a1111_extra_batch_images", openapi_extra=described(Batch))
async def batch(request: Request, studio: TheStudio, owner: Owner) -> JSONResponse:
    """The pictures of `imageList` made larger, in their order."""
    asked = await read(request, Batch)
    assert isinstance(asked, Batch)
    pictures, steps = await larger(asked, [one.data for one in asked.imageList], request, studio, owner)
    return JSONResponse({"html_info": as_html(steps), "images": [encoded(made) for made in pictures]})


async def larger(
    asked: Extras, given: Sequence[str], request: Request, studio: Studio, owner: str
) -> tuple[list[bytes], str]:
    """The files, and what was done, in words."""
    for name, here in (("gfpgan_visibility", restorers(studio)), ("codeformer_visibility", False)):
        if getattr(asked, name) and not here:
            raise Invalid.at(name, "There is no such face restorer here; leave it at 0.")
    options = await to_thread.run_sync(overridden, studio, owner, {})
    output = {"format": FORMATS.get(options["samples_format"], "PNG"), "quality": options["jpeg_quality"]}
    known: Tasks = request.app.state.tasks
    made, words = [], ""
    task = Task(tasks.new_id("extras"), owner, "extras", max(1, len(given)))
    with known.running(task):
        for task.round, text in enumerate(given):
            with ExitStack() as lent:
                loans = Loans(studio, lent, keep=False)
                data, requests = await to_thread.run_sync(settled, asked, text, output, studio, loans)
                jobs = await drawn(requests, task, studio, request) if requests else []
                files = [expected.pictures[0].file for expected in jobs if expected.pictures]
                words = " ".join(dict.fromkeys(told(one.steps) for one in requests))
                share = asked.extras_upscaler_2_visibility if len(files) == 2 else 0.0
                made.append(await to_thread.run_sync(joined, files, requests, share) if files else data)
            if task.interrupted:
                break
    return made, words


def settled(
    asked: Extras, text: str, output: dict[str, Any], studio: Studio, loans: Loans
) -> tuple[bytes, list[RestoreRequest]]:
    """The picture, and a request for each upscaler that is to be seen; faces are restored after it, as there."""
    data = decoded(text)
    digest = loans.bring(data)
    names = [
        name
        for name, share in ((asked.upscaler_1, 1.0), (asked.upscaler_2, asked.extras_upscaler_2_visibility))
        if name not in ("", NONE) and share
    ]
    size = size_of(asked, upright(data))
    faces = [step(studio, "GFPGAN", asked.gfpgan_visibility)] if asked.gfpgan_visibility else []
    ways = [[{"kind": "upscale", "upscaler": name, **size}, *faces] for name in names] or ([faces] if faces else [])
    return data, [studio.restoring({"pictures": [digest], "steps": steps, **output}) for steps in ways]


def size_of(asked: Extras, size: tuple[int, int]) -> dict[str, Any]:
    """Of the step. Without cropping the picture covers the size that is asked for, as there."""
    width, height = asked.upscaling_resize_w, asked.upscaling_resize_h
    if asked.resize_mode == 0:
        return {"factor": asked.upscaling_resize}
    if asked.upscaling_crop:
        return {"width": width, "height": height}
    return {"factor": max(width / size[0], height / size[1])}


def joined(files: Sequence[bytes], requests: Sequence[RestoreRequest], share: float) -> bytes:
    """Two upscalers' pictures, the second seen through the first by its share; the text is the first one's."""
    if not share:
        return files[0]
    one, other = (open_safe(file) for file in files)
    found, output = texts_of(files[0]).found, requests[0].output
    text, steps = found.get("parameters") or found.get("UserComment", ""), found.get("postprocessing", "")
    made = Image.blend(one.convert("RGB"), other.convert("RGB").resize(one.size), share)
    source = source_restored(files[0], bool(text), [step for asked in requests for step in asked.steps])
    return encode(made, text, output.format, output.quality, steps, source=source)


def as_html(steps: str) -> str:
    return f"<p>{html.escape(steps)}</p>" if steps else ""
