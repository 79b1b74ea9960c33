"""Who is asking: the names the studio answers to, and the person that each request comes from."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine.people.people import People
from engine.people.roles import Role
from engine.policy import WHOLE, Policy

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


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
    policy: what is offered at all (engine/policy.py).
    uploads: the only folder from which a request may name a file.
    people: accounts; None: the studio is open.
    events: who may call each of the page's events, by Gradio's number; what is not in it is an admin's.
    proxies: addresses whose X-Forwarded-For and -Proto are believed. root_path: as /studio, where a proxy shows the page."""

    hosts: frozenset[str] = field(default=LOOPBACK)
    private: bool = False
    uploads: Path | None = None
    people: People | None = None
    events: Mapping[int, Role] = field(default_factory=lambda: MappingProxyType({}))
    proxies: frozenset[str] = frozenset()
    root_path: str = ""
    policy: Policy = WHOLE

    def gallery_of(self, visitor_id: str) -> str | None:
        """Whose pictures a visitor sees and may delete; None stands for everybody's."""
        return visitor_id if self.private else None


def person(request: Any) -> Person:
    """From a request of Starlette's or Gradio's wrapper around one. The guard has found out who it is.

    Without accounts whoever is at the machine decides over it; others who reach it draw."""
    return getattr(request.state, "person", None) or Person(new_visitor(), "viewer")


def visitor(request: Any) -> str:
    """Under which id the jobs, pictures and forms of who is asking are kept."""
    return person(request).id


def new_visitor() -> str:
    return secrets.token_hex(16)
