"""The way back through the guard: every answer gets its headers, and one may be replaced while there is time."""

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType

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

    def __init__(
        self, status: int, code: str, message: str, remedy: str = "", *, retry_after: int = 5, basic: bool = False
    ):
        """retry_after: seconds, told with 429. basic: with 401, programs are asked for name and password."""
        self.status = status
        self.headers = {429: {"retry-after": str(retry_after)}, 413: {"connection": "close"}}.get(status, {})
        if status == 401 and basic:
            self.headers = {"www-authenticate": 'Basic realm="Atelier", charset="UTF-8"'}
        values: dict[str, str | int | float] = {"seconds": retry_after} if status == 429 else {}
        self.problem = Problem(code=code, message=message, remedy=remedy, values=values)
        super().__init__(message)


class Declined(Refused):
    """A wrong name, password or code, wherever it was given: in a header to the guard, or to the application."""


class Answer:
    """The way back: adds the headers, and knows whether it is still time to answer something else."""

    def __init__(self, send: Send, frames: Sequence[str] = ()):
        """frames: other pages that may show ours in a frame."""
        self._send = send
        self._framed = framed(frames) if frames else {}
        self.cookie: str | None = None  # for the browser to keep
        self.secure: dict[str, str] = {}  # more headers, under TLS
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
            policy = headers.get("content-security-policy", CONTENT_POLICY)  # a page of ours may have a stricter one
            for name, value in {**HEADERS, "content-security-policy": policy, **self.secure, **self._framed}.items():
                headers[name] = value
            if self._framed:
                del headers["x-frame-options"]  # it knows of no list
            headers["x-request-id"] = self.request_id
            if self.cookie:
                headers.append("set-cookie", self.cookie)
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
        self,
        status: int,
        problem: Problem,
        headers: Mapping[str, str] = MappingProxyType({}),
        read_on: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """read_on: what to do between an answer 413 and the end of the connection."""
        if self.started:
            return
        self.refused = None
        # `detail` is where programs written for AUTOMATIC1111 look
        content = json.dumps({"error": problem.model_dump(), "detail": problem.message}).encode()
        given = {"content-type": "application/json", "content-length": str(len(content)), **headers}
        await self.send({"type": "http.response.start", "status": status, "headers": raw(given)})
        await self.send({"type": "http.response.body", "body": content, "more_body": True})
        if status == 413 and read_on:
            await read_on()
        await self.send({"type": "http.response.body", "body": b""})

    async def lead(self, place: str, status: int = 303) -> None:
        """To another page of ours."""
        given = {"location": place, "content-length": "0", "cache-control": "no-store"}
        await self.send({"type": "http.response.start", "status": status, "headers": raw(given)})
        await self.send({"type": "http.response.body", "body": b""})


def framed(pages: Sequence[str]) -> dict[str, str]:
    return {
        "content-security-policy": CONTENT_POLICY.replace(
            "frame-ancestors 'self'", f"frame-ancestors 'self' {' '.join(pages)}"
        )
    }


def raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
