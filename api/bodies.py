"""The bodies of requests: counted, and what is no file read whole and looked through before the application sees it."""

import asyncio
from contextlib import suppress
from typing import Any

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from api.access import Access
from api.answer import Answer, Refused
from api.named_files import NamedFiles
from api.rules import SAFE, Rule
from engine.picture.open import LARGEST_FILE

READ_ON, READ_ON_SECONDS = 4 * LARGEST_FILE, 20  # of what was refused
THREAD = 64 * 1024  # bytes; above it looking through takes a thread


async def body_of(scope: Scope, rule: Rule, access: Access, receive: Receive, answer: Answer) -> tuple[Receive, Any]:
    """Where the application reads the body from, and the JSON in it as far as it was read here. Raises Refused."""
    headers = Headers(scope=scope)
    announced = headers.get("content-length", "0")
    if not announced.isdecimal() or int(announced) > rule.body:
        raise too_large(rule.body)
    if scope["method"] in SAFE:
        return receive, None
    if not rule.read:
        return counted_body(receive, rule.body, answer), None
    content = await whole_body(receive, rule.body)
    found = None
    if content:
        gradio = not scope["path"].startswith("/api/")  # which alone reads files that a request names
        look = NamedFiles(access.uploads, headers.get("host", ""), gradio).check
        found = look(content) if len(content) < THREAD else await to_thread.run_sync(look, content)
    return replayed(content, receive), found


def too_large(limit: int) -> Refused:
    return Refused(413, "body.large", f"The request is larger than {limit // 2**20} MB.", "Send less at once.")


async def read_on(headers: Headers, receive: Receive) -> None:
    """The rest of a body that was refused, within bounds: the answer is lost on a browser that is cut off while sending.
    Who asked before sending ("Expect") has sent nothing."""
    room = 0 if "expect" in headers else READ_ON
    with suppress(TimeoutError):
        async with asyncio.timeout(READ_ON_SECONDS):
            while room > 0:
                message = await receive()
                room -= len(message.get("body", b""))
                if not message.get("more_body"):
                    break


async def whole_body(receive: Receive, limit: int) -> bytes:
    content = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Refused(400, "body.partial", "The request ended early.")
        content += message.get("body", b"")
        if len(content) > limit:
            raise too_large(limit)
        if not message.get("more_body"):
            return bytes(content)


def replayed(content: bytes, receive: Receive) -> Receive:
    pending = [content]

    async def again() -> Message:
        if pending:
            return {"type": "http.request", "body": pending.pop(), "more_body": False}
        return await receive()

    return again


def counted_body(receive: Receive, limit: int, answer: Answer) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            answer.refused = too_large(limit)
            raise answer.refused
        return message

    return counted
