"""Waiting for jobs without holding a thread; who leaves has their jobs cancelled."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack, suppress

from anyio import CancelScope, to_thread
from fastapi import Request

from api.a1111.errors import Failure, refused
from api.a1111.tasks import Task
from engine.errors import Busy
from engine.events import Failed
from engine.progress import Expected
from engine.request.generation import GenerationRequest
from engine.request.restoring import RestoreRequest
from engine.studio import Studio

POLL = 0.5  # seconds between two looks at whether the client is still there
STOPPING = "The studio is stopping."
LEFT = "The client has left."


async def drawn(
    requests: Sequence[GenerationRequest | RestoreRequest],
    task: Task,
    studio: Studio,
    request: Request,
    keep: bool = False,
) -> list[Expected]:
    """The jobs of one round, ended. A task whose first round is under way waits for room for the next.

    Raises Failure when one of them failed, and AtelierError when they cannot be queued."""
    stack = ExitStack()
    try:
        while True:
            try:
                task.jobs = await to_thread.run_sync(stack.enter_context, studio.waited_for(requests, task.owner, keep))
                break
            except Busy:
                if task.round == 0:
                    raise
                await asyncio.sleep(POLL)
                await still_there(task, request)
        await ended(task, studio, request)
    finally:
        with CancelScope(shield=True):
            await to_thread.run_sync(stack.close)
    for expected in task.jobs:
        if isinstance(expected.last, Failed):
            raise Failure(expected.last.problem)
    return task.jobs


async def ended(task: Task, studio: Studio, request: Request) -> None:
    with studio.progress.listen(task.owner) as changed:
        while True:
            changed.clear()
            if all(expected.last for expected in task.jobs):
                return
            if studio.progress.closed:
                raise refused(STOPPING, 503)
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await changed.wait()
            await still_there(task, request)


async def still_there(task: Task, request: Request) -> None:
    if not task.stays and await request.is_disconnected():
        raise refused(LEFT, 499)
