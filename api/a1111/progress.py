"""How far the person's own requests are, and stopping them: nobody's stop ends another's job."""

import time
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from api.a1111.body import described, read
from api.a1111.errors import Route
from api.a1111.people import Owner
from api.a1111.tasks import State, Task, Tasks, state_of
from api.answer import FRESH
from api.jobs import TheStudio
from engine.studio import Studio

router = APIRouter(route_class=Route)
IDLE = State(False, 0.0, 0, 0, 0, 0.0, None, None)


@router.get("/sdapi/v1/progress", operation_id="a1111_progress")
async def progress(request: Request, studio: TheStudio, owner: Owner, skip_current_image: bool = False) -> JSONResponse:
    """Of the oldest of the person's requests. It never says 1: what has ended is idle again."""
    known: Tasks = request.app.state.tasks
    task = known.current(owner, studio.progress)
    state = state_of(task, studio.progress) if task else IDLE
    options = await to_thread.run_sync(studio.options.get, owner)
    shows = not skip_current_image and options.get("live_previews_enable", True)
    told = {
        "progress": state.progress,
        "eta_relative": state.eta,
        "state": of_task(task, state),
        "current_image": state.preview.partition(",")[2] if shows and state.preview else None,
        "textinfo": state.doing,
        "current_task": task.id if task else None,
    }
    return JSONResponse(told, headers=FRESH)


def of_task(task: Task | None, state: State) -> dict[str, Any]:
    rounds = task.rounds if task else 0
    many = f"Batch {task.round + 1} out of {rounds}" if task and rounds > 1 else None
    return {
        "skipped": bool(task and task.skipped),
        "interrupted": bool(task and task.interrupted),
        "stopping_generation": bool(task and task.interrupted),
        "job": (many or f"scripts_{task.kind}") if task else "",
        "job_count": rounds * task.passes if task else 0,
        "job_timestamp": stamp(task.created) if task else "0",
        "job_no": state.job_no,
        "sampling_step": state.step,
        "sampling_steps": state.steps,
    }


def stamp(seconds: float) -> str:
    return time.strftime("%Y%m%d%H%M%S", time.localtime(seconds))


@router.post("/sdapi/v1/interrupt", operation_id="a1111_interrupt")
async def interrupt(request: Request, studio: TheStudio, owner: Owner) -> dict[str, Any]:
    """The request at hand ends with what is there after the present step; while nothing is drawn it does nothing."""
    if task := await stopped(request, studio, owner):
        task.interrupted = True
        await hasten(task, studio)
    return {}


@router.post("/sdapi/v1/skip", operation_id="a1111_skip")
async def skip(request: Request, studio: TheStudio, owner: Owner) -> JSONResponse:
    """The round at hand ends so, and the next begins."""
    if task := await stopped(request, studio, owner):
        task.skipped = True
        await hasten(task, studio)
    return JSONResponse(None)


async def stopped(request: Request, studio: Studio, owner: str) -> Task | None:
    known: Tasks = request.app.state.tasks
    return known.current(owner, studio.progress)


async def hasten(task: Task, studio: Studio) -> None:
    for expected in list(task.jobs):
        if not expected.last:
            await to_thread.run_sync(studio.hasten, expected.job)


class Watched(BaseModel):
    id_task: str | None = None
    id_live_preview: int | None = -1
    live_preview: bool | None = True


@router.post("/internal/progress", operation_id="a1111_task_progress", openapi_extra=described(Watched))
async def task_progress(request: Request, studio: TheStudio, owner: Owner) -> JSONResponse:
    """Of one task of the person's own, by the id that `force_task_id` gave it."""
    watched = await read(request, Watched)
    assert isinstance(watched, Watched)
    known: Tasks = request.app.state.tasks
    own = known.of(owner)
    task = next((task for task in own if task.id == watched.id_task), None)
    state = state_of(task, studio.progress) if task else IDLE
    queued = [other for other in own if not state_of(other, studio.progress).begun]
    waits = task is not None and not state.begun
    told = {
        "active": state.begun,
        "queued": waits,
        "completed": (owner, watched.id_task or "") in known.ended and task is None,
        "progress": state.progress if state.begun else None,
        "eta": state.eta if state.begun else None,
        "live_preview": state.preview if watched.live_preview else None,
        "id_live_preview": state.step if state.preview else watched.id_live_preview,
        "textinfo": f"In queue: {queued.index(task) + 1}/{len(queued)}" if task and waits else state.doing or "",
    }
    return JSONResponse(told, headers=FRESH)


@router.get("/internal/pending-tasks", operation_id="a1111_pending_tasks")
async def pending_tasks(request: Request, studio: TheStudio, owner: Owner) -> JSONResponse:
    """Of the person's own, those that have not begun."""
    known: Tasks = request.app.state.tasks
    waiting = [task.id for task in known.of(owner) if not state_of(task, studio.progress).begun]
    return JSONResponse({"size": len(waiting), "tasks": waiting}, headers=FRESH)


@router.get("/internal/ping", operation_id="a1111_ping")
async def ping() -> dict[str, Any]:
    return {}
