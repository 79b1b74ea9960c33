"""The guard: outside everything, Gradio included, it decides which requests may come in at all."""

import json
import logging
import os
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import Access, cookie_of
from engine.errors import INTERNAL, Problem

LARGE = 64 * 2**20
SMALL = 4 * 2**20
UPLOADS = frozenset({"/gradio_api/upload", "/api/read-settings"})
STREAMS = ("/api/state", "/gradio_api/queue/data", "/gradio_api/heartbeat/", "/gradio_api/call/")
MOST_STREAMS = 12  # per visitor
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
NEVER = ("/gradio_api/proxy=", "/gradio_api/process_recording", "/gradio_api/vibe", "/gradio_api/stream/")
PROXY_HEADERS = frozenset({b"forwarded", b"x-real-ip", b"x-gradio-server"})
CONTENT_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",  # Gradio compiles its HTML templates in the browser
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    ]
)
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "SAMEORIGIN",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": CONTENT_POLICY,
}
log = logging.getLogger("atelier.http")


class Refused(Exception):
    """A request that is not let in."""

    def __init__(self, status: int, code: str, message: str, remedy: str = ""):
        self.status = status
        self.problem = Problem(code=code, message=message, remedy=remedy)
        super().__init__(message)


class Guard:
    """Host and origin, body size, named files and open streams; and no error leaves with a traceback."""

    def __init__(self, app: ASGIApp, access: Access):
        self.app = app
        self.access = access
        self.streams: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        if scope["type"] != "http":
            return await send({"type": "websocket.close", "code": 1008})
        answer = Answer(send)
        scope = {**scope, "headers": [pair for pair in scope["headers"] if not from_proxy(pair[0])]}
        try:
            headers = Headers(scope=scope)
            self.check(scope, headers)
            with self.counted(scope, headers):
                await self.app(scope, await self.body(scope, headers, receive, answer), answer.send)
        except Refused as refused:
            await answer.instead(refused.status, refused.problem)
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
        upload = scope["path"] in UPLOADS
        limit = LARGE if upload else SMALL
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

    @contextmanager
    def counted(self, scope: Scope, headers: Headers) -> Iterator[None]:
        if scope["method"] != "GET" or not scope["path"].startswith(STREAMS):
            yield
            return
        client = scope.get("client") or ("", 0)
        who = cookie_of(scope["headers"]) or client[0]
        if self.streams[who] >= MOST_STREAMS:
            raise Refused(429, "streams.many", "Too many open pages.", "Close some tabs of the studio.")
        self.streams[who] += 1
        try:
            yield
        finally:
            self.streams[who] -= 1
            if not self.streams[who]:
                del self.streams[who]


class NamedFiles:
    """Gradio reads a file that a request names by path or URL. Only what was uploaded may be named.

    Gradio's own check depends on how it is served and on the component; this one looks at every JSON body.
    """

    def __init__(self, uploads: Path | None, host: str):
        self.uploads = real(uploads) if uploads else None
        self.host = host

    def check(self, content: bytes) -> None:
        try:
            json.loads(content, object_pairs_hook=self.check_pairs)
        except (ValueError, RecursionError):
            raise Refused(400, "json.invalid", "The request is not valid JSON.") from None

    def check_pairs(self, pairs: list[tuple[str, Any]]) -> None:
        """Each pair by itself: a key may come twice."""
        for key, value in pairs:
            if (key == "path" and not self.uploaded(value)) or (key == "url" and not self.ours(value)):
                raise Refused(400, "file.foreign", "This file was not uploaded.", "Upload it first.")

    def uploaded(self, path: Any) -> bool:
        if not path:
            return True
        if not isinstance(path, str) or not self.uploads or "\0" in path:
            return False
        return real(path).startswith(self.uploads + os.sep)

    def ours(self, url: Any) -> bool:
        if not url:
            return True
        if not isinstance(url, str):
            return False
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        if parts.scheme in ("http", "https"):
            return parts.netloc == self.host
        return parts.scheme in ("", "data") and not parts.netloc


class Answer:
    """The way back: adds the headers, and knows whether it is still time to answer something else."""

    def __init__(self, send: Send):
        self._send = send
        self.started = False
        self.refused: Refused | None = None  # set while the body is read; then the application's answer is dropped
        self.request_id = secrets.token_hex(8)

    async def send(self, message: Message) -> None:
        if self.refused and not self.started:
            raise self.refused
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            for name in [name for name in headers if name.startswith("access-control-")]:
                del headers[name]  # no other origin reads our answers
            for name, value in HEADERS.items():
                headers[name] = value
            headers["x-request-id"] = self.request_id
        await self._send(message)

    async def instead(self, status: int, problem: Problem) -> None:
        if self.started:
            return
        self.refused = None
        content = json.dumps({"error": problem.model_dump()}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        if status == 413:
            headers.append((b"connection", b"close"))  # the rest of the body is not read
        if status == 429:
            headers.append((b"retry-after", b"5"))
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": content})


def real(path: str | Path) -> str:
    """Without links and dots; on Windows also without differences of case."""
    return os.path.normcase(os.path.realpath(path))


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
