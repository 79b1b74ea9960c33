"""POST txt2img and img2img: a request becomes jobs like any other's, is waited for, and is answered with its pictures."""

import json
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from api.a1111 import tasks
from api.a1111.asked import Asked, understand
from api.a1111.body import described, read
from api.a1111.errors import Route
from api.a1111.faces import model, step, with_faces
from api.a1111.fields import MODELS
from api.a1111.loans import Loans
from api.a1111.options import change, overridden
from api.a1111.people import Owner
from api.a1111.pictures import encoded
from api.a1111.tasks import Task, Tasks
from api.a1111.waiting import drawn
from api.control import patience, room
from api.jobs import TheStudio
from engine import infotext
from engine.events import Made
from engine.progress import Expected
from engine.request.control import ControlUnit
from engine.request.generation import GenerationRequest
from engine.request.preprocessors import DETECTORS
from engine.studio import Studio

router = APIRouter(prefix="/sdapi/v1", route_class=Route)
LONGEST_ID = 200
OF_A_MAP = ("preprocessor", "resolution", "threshold_a", "threshold_b", "pixel_perfect", "resize_mode", "picture")


@router.post("/txt2img", operation_id="a1111_txt2img", openapi_extra=described(MODELS["txt2img"]))
async def txt2img(request: Request, studio: TheStudio, owner: Owner) -> JSONResponse:
    """Pictures in base64, their settings inside; docs/a1111-api.md says what differs."""
    return await answer("txt2img", request, studio, owner)


@router.post("/img2img", operation_id="a1111_img2img", openapi_extra=described(MODELS["img2img"]))
async def img2img(request: Request, studio: TheStudio, owner: Owner) -> JSONResponse:
    """As txt2img, from `init_images`; with a `mask` what is white in it is redrawn."""
    return await answer("img2img", request, studio, owner)


async def answer(kind: str, request: Request, studio: Studio, owner: str) -> JSONResponse:
    body = await read(request, MODELS[kind])
    fields, given = body.model_dump(), set(body.model_fields_set)
    keep = bool(fields["save_images"])
    known: Tasks = request.app.state.tasks
    with ExitStack() as lent:
        loans = Loans(studio, lent, keep)
        asked = await to_thread.run_sync(understood, kind, fields, given, studio, owner, loans)
        first = await to_thread.run_sync(resolved, asked, 0, studio)
        name = fields["force_task_id"]
        task = Task((name or tasks.new_id(kind))[:LONGEST_ID], owner, kind, asked.rounds, asked.passes, bool(name))
        with known.running(task):
            jobs = await all_rounds(asked, first, task, studio, request, keep)
            made = [one for expected in jobs for one in expected.pictures]
            made = await with_faces(made, asked, jobs[0].job.drawn.output, task, request, loans)
        told = await to_thread.run_sync(answered, asked, jobs, made, studio, limiter=limiter_of(jobs))
    return JSONResponse({**told, "task_id": task.id})


def limiter_of(jobs: Sequence[Expected]) -> CapacityLimiter:
    """Maps of networks take long."""
    return patience if any(unit.preprocessor in DETECTORS for unit in jobs[0].job.drawn.control) else room


def understood(kind: str, fields: dict[str, Any], given: set[str], studio: Studio, owner: str, loans: Loans) -> Asked:
    overrides = fields["override_settings"] or {}
    asked = understand(kind, fields, given, overridden(studio, owner, overrides), studio, loans)
    if fields["override_settings_restore_afterwards"] is False:
        change(studio, owner, overrides)
    return asked


def resolved(asked: Asked, number: int, studio: Studio) -> list[GenerationRequest]:
    return [studio.resolved(values) for values in asked.jobs(number)]


async def all_rounds(
    asked: Asked, requests: list[GenerationRequest], task: Task, studio: Studio, request: Request, keep: bool
) -> list[Expected]:
    """One after the other, so that a client that leaves, or skips, gives back what is not begun."""
    jobs: list[Expected] = []
    for task.round in range(asked.rounds):
        if task.round:
            requests = await to_thread.run_sync(resolved, asked, task.round, studio)
        jobs += await drawn(requests, task, studio, request, keep)
        if task.interrupted:
            break
    return jobs


def answered(asked: Asked, jobs: Sequence[Expected], made: Sequence[Made], studio: Studio) -> dict[str, Any]:
    """made: the jobs' pictures, in their order; with restored faces they are not those that were drawn."""
    before = [(expected.job.drawn.picture(one.index), one) for expected in jobs for one in expected.pictures]
    pictures = [(request, one) for (request, _), one in zip(before, made, strict=True)]
    images = [encoded(made.file) for _, made in pictures] if asked.fields["send_images"] else []
    if asked.fields["send_images"] and pictures:
        images += extra_images(asked, jobs[0].job.drawn, studio)
    told = dict(asked.fields)
    if asked.kind == "img2img" and not told["include_init_images"]:
        told |= {"init_images": None, "mask": None}
    info = info_of(asked, [expected.job.drawn for expected in jobs], pictures, studio)
    if pictures != before:
        info |= {"restore_faces": True, "face_restoration_model": step(studio, model(asked), 1.0)["restorer"]}
    return {"images": images, "parameters": told, "info": json.dumps(info, ensure_ascii=False)}


def extra_images(asked: Asked, drawn: GenerationRequest, studio: Studio) -> list[str]:
    """After the pictures: the mask by choice, and what each control unit saw."""
    found = []
    if asked.options["return_mask"] and asked.fields.get("mask"):
        found.append(asked.fields["mask"].partition(",")[2] or asked.fields["mask"])
    if not asked.options["control_net_no_detectmap"]:
        found += [encoded(map_of(u, drawn, studio)) for u, m in zip(drawn.control, asked.maps, strict=True) if m]
    return found


def map_of(unit: ControlUnit, drawn: GenerationRequest, studio: Studio) -> bytes:
    width, height = drawn.size
    values = {name: value for name, value in unit.model_dump(include=set(OF_A_MAP)).items() if value is not None}
    return studio.preprocess({**values, "width": width, "height": height}, b"")


def info_of(
    asked: Asked,
    requests: Sequence[GenerationRequest],
    pictures: Sequence[tuple[GenerationRequest, Made]],
    studio: Studio,
) -> dict[str, Any]:
    """What AUTOMATIC1111 says of a result; of one that was stopped before its first picture, what was asked."""
    first, all_ = requests[0].picture(0), [one for one, _ in pictures] or [requests[0].picture(0)]
    width, height = first.size
    hires = first.hires.on
    strength = getattr(first.start, "strength", first.hires.hires_strength if hires else None)
    extra = {"Hires upscale": first.hires.hires_scale, "Hires upscaler": first.hires.hires_upscaler} if hires else {}
    digest = first.model.checkpoint_hash
    return {
        "prompt": first.words.prompt,
        "all_prompts": [one.words.prompt for one in all_],
        "negative_prompt": first.words.negative_prompt,
        "all_negative_prompts": [one.words.negative_prompt for one in all_],
        "seed": first.sampling.seed,
        "all_seeds": [one.sampling.seed for one in all_],
        "subseed": first.noise.variation_seed,
        "all_subseeds": [one.noise.variation_seed for one in all_],
        "subseed_strength": first.noise.variation_strength,
        "width": width,
        "height": height,
        "sampler_name": first.sampling.sampler,
        "cfg_scale": first.sampling.guidance,
        "steps": first.sampling.steps,
        "batch_size": requests[0].output.count,
        "restore_faces": False,
        "face_restoration_model": None,
        "sd_model_name": first.model.checkpoint,
        "sd_model_hash": digest,
        "sd_vae_name": None,
        "sd_vae_hash": None,
        "seed_resize_from_w": first.noise.resize_from_width or -1,
        "seed_resize_from_h": first.noise.resize_from_height or -1,
        "denoising_strength": strength,
        "extra_generation_params": extra,
        "index_of_first_image": 0,
        "infotexts": [made.infotext for _, made in pictures] or [infotext.write(first)],
        "styles": asked.values.get("styles", []),
        "job_timestamp": time.strftime("%Y%m%d%H%M%S"),
        "clip_skip": first.model.clip_skip,
        "is_using_inpainting_conditioning": inpaints(first, studio),
        "version": infotext.VERSION,
    }


def inpaints(drawn: GenerationRequest, studio: Studio) -> bool:
    return any(model.inpaints for model in studio.library.checkpoints() if model.name == drawn.model.checkpoint)
