"""The guard: outside everything, Gradio included, it decides which requests may come in at all."""

import asyncio
import logging
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from urllib.parse import urlsplit

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import Access, cookie_of
from api.answer import Answer, Refused
from api.named_files import NamedFiles
from api.streams import Streams
from engine.errors import INTERNAL
from engine.picture.open import LARGEST_FILE

DATASETS = "/api/training/datasets/"
LARGEST_DATASET = 4 * 2**30
SMALL = 4 * 2**20
READ_ON, READ_ON_SECONDS = 4 * LARGEST_FILE, 20  # of what was refused
UPLOADS = frozenset(
    {"/gradio_api/upload", "/api/read-settings", "/api/pictures", "/api/preprocess", "/api/images/import"}
)
STREAMS = ("/api/state", "/gradio_api/queue/data", "/gradio_api/heartbeat/", "/gradio_api/call/")
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
NEVER = ("/gradio_api/proxy=", "/gradio_api/process_recording", "/gradio_api/vibe", "/gradio_api/stream/")
PROXY_HEADERS = frozenset({b"forwarded", b"x-real-ip", b"x-gradio-server"})
log = logging.getLogger("atelier.http")


class Guard:
    """Host and origin, body size, named files and open streams; and no error leaves with a traceback."""

    def __init__(self, app: ASGIApp, access: Access, streams: Streams):
        self.app = app
        self.access = access
        self.streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        if scope["type"] != "http":
            return await send({"type": "websocket.close", "code": 1008})
        answer = Answer(send)
        scope = {**scope, "headers": [pair for pair in scope["headers"] if not from_proxy(pair[0])]}
        headers = Headers(scope=scope)
        try:
            self.check(scope, headers)
            with self.counted(scope):
                await self.app(scope, await self.body(scope, headers, receive, answer), answer.send)
        except Refused as refused:
            await answer.instead(refused.status, refused.problem, partial(read_on, headers, receive))
        except asyncio.CancelledError:
            if not self.streams.closing:
                raise
            await answer.end()
        except Exception:
            log.exception("request %s failed", answer.request_id)
            await answer.instead(500, INTERNAL)

    def check(self, scope: Scope, headers: Headers) -> None:
        if host_of(headers.get("host", "")) not in self.access.hosts:
            raise Refused(
                421, "host.unknown", "The studio does not answer to this host name.", "Start it with --allow-host."
            )
        if scope["path"].startswith(NEVER):
            raise Refused(404, "path.unknown", "There is nothing here.")
        if scope["method"] not in SAFE and not same_origin(headers):
            raise Refused(403, "origin.foreign", "Another web page may not do this.", "Open the studio itself.")

    async def body(self, scope: Scope, headers: Headers, receive: Receive, answer: "Answer") -> Receive:
        """Where the application reads the body from: counted, and except for uploads looked through first."""
        upload = scope["path"] in UPLOADS or is_dataset(scope["path"])
        limit = LARGEST_DATASET if is_dataset(scope["path"]) else LARGEST_FILE if upload else SMALL
        announced = headers.get("content-length", "0")
        if not announced.isdecimal() or int(announced) > limit:
            raise too_large(limit)
        if scope["method"] in SAFE:
            return receive
        if upload:
            return counted_body(receive, limit, answer)
        content = await whole_body(receive, limit)
        if content:
            await self.look_through(content, headers)
        return replayed(content, receive)

    async def look_through(self, content: bytes, headers: Headers) -> None:
        look = NamedFiles(self.access.uploads, headers.get("host", "")).check
        if len(content) < 64 * 1024:
            look(content)
        else:
            await to_thread.run_sync(look, content)

    def counted(self, scope: Scope) -> AbstractContextManager[None]:
        if scope["method"] != "GET" or not is_stream(scope["path"]):
            return nullcontext()
        client = scope.get("client") or ("", 0)
        visitor = cookie_of(scope["headers"]) or client[0]
        if self.streams.full(visitor):
            raise Refused(429, "streams.many", "Too many open pages.", "Close some tabs of the studio.")
        return self.streams.counted(visitor)


def is_dataset(path: str) -> bool:
    """Where pictures to learn from are uploaded to."""
    return path.startswith(DATASETS) and "/" not in path.removeprefix(DATASETS)


def is_stream(path: str) -> bool:
    return path.startswith(STREAMS) or (path.startswith("/api/training/") and path.endswith("/stream"))


def from_proxy(name: bytes) -> bool:
    return name.startswith(b"x-forwarded-") or name in PROXY_HEADERS


def host_of(host: str) -> str:
    """Host without port, lower case; IPv6 without brackets."""
    try:
        return urlsplit("//" + host).hostname or ""
    except ValueError:
        return ""


def same_origin(headers: Headers) -> bool:
    """Browsers name the origin of what they send on behalf of a page; other programs name none."""
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    parts = origin.split("://", 1)
    return len(parts) == 2 and parts[0] in ("http", "https") and parts[1] == headers.get("host")


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
