"""Jobs over HTTP: ask for pictures, follow them, change one's mind."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from api.access import visitor
from api.answer import FRESH
from api.described import body_of
from api.follow import Known, known, news, written
from api.shapes import Accepted, Now, OneJob, Page, Secret
from engine.errors import BadRequest
from engine.job import JobState
from engine.request.webhook import read_webhook
from engine.studio import Studio

router = APIRouter(prefix="/api")
DRAWING = body_of("Drawing")
QUIET = 15  # seconds without news after which a comment is sent, which finds out whether the reader is still there


class EventStream(StreamingResponse):
    media_type = "text/event-stream"


def the_studio(request: Request) -> Studio:
    return request.app.state.studio


def the_visitor(request: Request) -> str:
    return visitor(request)


TheStudio = Annotated[Studio, Depends(the_studio)]
Visitor = Annotated[str, Depends(the_visitor)]


@router.post("/jobs", status_code=202, openapi_extra=DRAWING)
async def submit(request: Request, studio: TheStudio, owner: Visitor, live: bool = False) -> Accepted:
    """Parameters by name. The answer comes when the job is on the disk. live: it is shown and not kept, and takes the
    place of the visitor's live job before."""
    values = await values_of(request)
    hook = read_webhook(values.pop("webhook", None))
    if hook and live:
        raise BadRequest("webhook.live", "A live job has no webhook.", "Leave one of both out.", field="webhook")
    job = await to_thread.run_sync(studio.submit, values, owner, live, hook)
    return Accepted(id=job.id)


@router.get("/now", response_model=Now)
async def snapshot(studio: TheStudio, owner: Visitor) -> JSONResponse:
    """What is in work, waits or is paused, and what ended last."""
    return JSONResponse(await to_thread.run_sync(studio.snapshot, owner), headers=FRESH)


@router.get("/jobs", response_model=Page)
def listed(
    studio: TheStudio,
    owner: Visitor,
    state: JobState | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> JSONResponse:
    """One's own jobs, newest first; `next` is the cursor of the page after."""
    jobs, more = studio.store.page(owner, state, cursor, limit)
    return JSONResponse({"jobs": studio.told(jobs, studio.line.order()), "next": more}, headers=FRESH)


@router.get("/jobs/{job_id}", response_model=OneJob)
def one(job_id: str, studio: TheStudio, owner: Visitor) -> JSONResponse:
    return JSONResponse(studio.one(job_id, owner), headers=FRESH)


@router.get("/webhooks", response_model=Secret)
def webhooks(studio: TheStudio, owner: Visitor) -> JSONResponse:
    """The secret that your webhooks are signed with (docs/api.md)."""
    return JSONResponse({"secret": studio.sealer.secret(owner)}, headers=FRESH)


@router.get("/jobs/{job_id}/events", response_class=EventStream, responses={204: {"description": "It has ended."}})
async def events(request: Request, job_id: str, studio: TheStudio, owner: Visitor) -> Response:
    """Server-sent events of one job: queued, paused, running, step, made; then done, failed or cancelled, and the end.
    With the header `Last-Event-ID` they go on after that event; 204 where it was the last one."""
    job, before = await to_thread.run_sync(studio.job, job_id, owner), known(request.headers.get("last-event-id"))
    if job.state.final and job.state == before.state:
        return Response(status_code=204)  # a browser would otherwise connect again and again
    return streaming(told_events(studio.follow_job(job_id, owner), before))


async def told_events(jobs: AsyncIterator[Mapping[str, Any]], before: Known) -> AsyncIterator[str]:
    try:
        async for job in jobs:
            for event, data, after in news(job, before):
                before = after
                yield written(event, data, after)
    finally:
        await closed(jobs)


@router.get("/state", response_class=EventStream)
async def state(studio: TheStudio, owner: Visitor) -> StreamingResponse:
    """Server-sent events: the whole state in each message; ends with the event `idle` when nothing is active."""
    return streaming(states(studio.follow(owner)))


async def states(snapshots: AsyncIterator[Mapping[str, Any]]) -> AsyncIterator[str]:
    try:
        async for now in snapshots:
            yield f"data: {json.dumps(now, allow_nan=False)}\n\n"
        yield "event: idle\ndata: {}\n\n"
    finally:
        await closed(snapshots)


def streaming(messages: AsyncIterator[str]) -> StreamingResponse:
    return EventStream(
        kept_open(messages),
        headers={"cache-control": "no-store, no-transform", "x-accel-buffering": "no"},
    )


async def kept_open(messages: AsyncIterator[str]) -> AsyncIterator[str]:
    """With a comment where there is no news for long."""
    coming = asyncio.ensure_future(anext(messages, None))
    try:
        while True:
            done, _ = await asyncio.wait({coming}, timeout=QUIET)
            if not done:
                yield ": still here\n\n"
                continue
            if (message := coming.result()) is None:
                break
            yield message
            coming = asyncio.ensure_future(anext(messages, None))
    finally:
        coming.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await coming
        await closed(messages)


async def closed(stream: AsyncIterator[Any]) -> None:
    close = getattr(stream, "aclose", None)
    if close:
        await close()


async def values_of(request: Request) -> dict[str, Any]:
    try:
        values = json.loads(await request.body(), parse_constant=not_a_number)
    except (ValueError, RecursionError):
        raise BadRequest(
            "json.invalid", "The request is not valid JSON.", "Send one object with values by name."
        ) from None
    if not isinstance(values, dict):
        raise BadRequest("json.object", "The request is not a JSON object.", "Send one object with values by name.")
    return values


def not_a_number(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
