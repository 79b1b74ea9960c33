"""The way back through the guard: every answer gets its headers, and one may be replaced while there is time."""

import json
import secrets
from collections.abc import Awaitable, Callable

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

from engine.errors import Problem

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

FRESH = {"cache-control": "no-store"}  # for what may change at any moment


class Refused(Exception):
    """A request that is not let in."""

    def __init__(self, status: int, code: str, message: str, remedy: str = ""):
        self.status = status
        self.problem = Problem(code=code, message=message, remedy=remedy)
        super().__init__(message)


class Answer:
    """The way back: adds the headers, and knows whether it is still time to answer something else."""

    def __init__(self, send: Send):
        self._send = send
        self.started = self.finished = False
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
        elif not message.get("more_body"):
            self.finished = True
        await self._send(message)

    async def end(self) -> None:
        """The server stops: what is open ends without an error."""
        if self.started and not self.finished:
            await self._send({"type": "http.response.body", "body": b""})
        elif not self.started:
            await self.instead(503, Problem(code="server.stopping", message="The studio is stopping."))

    async def instead(
        self, status: int, problem: Problem, read_on: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """read_on: what to do between an answer 413 and the end of the connection."""
        if self.started:
            return
        self.refused = None
        content = json.dumps({"error": problem.model_dump()}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        if status == 413:
            headers.append((b"connection", b"close"))  # the rest of the body may be too long to be read
        if status == 429:
            headers.append((b"retry-after", b"5"))
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": content, "more_body": True})
        if status == 413 and read_on:
            await read_on()
        await self.send({"type": "http.response.body", "body": b""})
