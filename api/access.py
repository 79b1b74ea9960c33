"""Who is asking: the names the studio answers to, and the visitor that a browser's cookie stands for."""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any, Literal

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "atelier_visitor"
YEAR = 365 * 24 * 3600
VISITOR = re.compile(r"[0-9a-f]{32}")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
Role = Literal["admin", "artist", "viewer"]


@dataclass(frozen=True)
class Person:
    """Who is asking. id: what their jobs, pictures and forms are kept under; name: None for a browser without account.

    viewer: looks at what is shared; artist: draws and trains; admin: also decides over models, people and the server."""

    id: str
    role: Role
    name: str | None = None


@dataclass(frozen=True)
class Access:
    """hosts: names and addresses under which the page may be opened, without port, in lower case.
    private: everybody sees only their own pictures; on one's own machine all are shown.
    uploads: the only folder from which a request may name a file."""

    hosts: frozenset[str] = field(default=LOOPBACK)
    private: bool = False
    uploads: Path | None = None

    def gallery_of(self, visitor_id: str) -> str | None:
        """Whose pictures a visitor sees and may delete; None stands for everybody's."""
        return visitor_id if self.private else None


def person(request: Any) -> Person:
    """As `visitor`. Without accounts whoever is at the machine decides over it; others who reach it draw."""
    access: Access = request.app.state.access
    return Person(visitor(request), "artist" if access.private else "admin")


def visitor(request: Any) -> str:
    """The visitor's id, from a request of Starlette's or Gradio's wrapper around one, which hides its attributes.

    `VisitorCookie` has given every request one; without it, it is a stranger that nobody else is."""
    return known(request.cookies.get(COOKIE)) or new_visitor()


def new_visitor() -> str:
    return secrets.token_hex(16)


def known(value: str | None) -> str | None:
    return value if value and VISITOR.fullmatch(value) else None


class VisitorCookie:
    """Gives a request without a cookie a fresh visitor, and pages and our API's answers the cookie to keep it."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or known(cookie_of(scope["headers"])):
            return await self.app(scope, receive, send)
        fresh = new_visitor()
        others = [(name, value) for name, value in scope["headers"] if name != b"cookie"]
        scope = {**scope, "headers": [*others, (b"cookie", f"{COOKIE}={fresh}".encode())]}

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append(
                    "set-cookie", f"{COOKIE}={fresh}; Path=/; Max-Age={YEAR}; HttpOnly; SameSite=Lax"
                )
            await send(message)

        keeps = scope["path"] == "/" or scope["path"].startswith("/api/")
        await self.app(scope, receive, with_cookie if keeps else send)


def cookie_of(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    for name, value in headers:
        if name == b"cookie" and COOKIE.encode() in value:
            try:
                found = SimpleCookie(value.decode("latin-1")).get(COOKIE)
            except CookieError:
                return None
            return found.value if found else None
    return None
