"""The guard: outside everything, Gradio included, it decides which requests may come in at all.

Nothing is open by being forgotten: what the table of api/rules.py does not name is an admin's alone.
"""

import asyncio
import logging
import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import Access, Person
from api.answer import Answer, Refused
from api.bodies import body_of, read_on
from api.doors import Caller, Doors, address_of, network
from api.proxies import as_the_client_sent_it
from api.rates import ADDRESS, PERSON, STRANGER, Rates
from api.rules import SAFE, Rule, rule_of
from api.streams import Streams
from engine.errors import INTERNAL
from engine.people.roles import enough

NEVER = ("/gradio_api/proxy=", "/gradio_api/process_recording", "/gradio_api/vibe", "/gradio_api/stream/")
EVENTS = frozenset({"/gradio_api/run/predict", "/gradio_api/queue/join"})
FIRST = frozenset(
    {"/set-up", "/healthz", "/readyz", "/favicon.ico", "/api/people/first"}
)  # all that is there before an admin
MOST_HEADERS, LONGEST_HEADERS, LONGEST_PATH = 100, 32 * 1024, 40 * 1024  # number, bytes, bytes
HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]{0,5})?")
MOST_AT_ONCE = 2000  # requests under way, streams among them
TLS = {"strict-transport-security": "max-age=31536000"}
log = logging.getLogger("atelier.http")


class Lead(Exception):
    """A browser that is to open another page of ours first."""

    def __init__(self, place: str):
        self.place = place


class Guard:
    """Host, origin, sizes and rates; who is asking, and whether they may; no error leaves with a traceback.

    clock: seconds that never go back."""

    def __init__(
        self,
        app: ASGIApp,
        access: Access,
        streams: Streams,
        doors: Doors | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.app = app
        self.access = access
        self.streams = streams
        self.doors = doors or Doors(access, clock)
        self.rates = Rates(clock)
        self.under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        if scope["type"] != "http":
            return await send({"type": "websocket.close", "code": 1008})
        answer = Answer(send, self.access.policy.frames)
        if self.under_way >= MOST_AT_ONCE and scope["path"] != "/healthz":
            many = Refused(429, "requests.many", "Too many requests at once.", "Wait a moment.", retry_after=2)
            return await answer.instead(many.status, many.problem, many.headers)
        self.under_way += 1
        try:
            await self.let_through(scope, receive, send, answer)
        finally:
            self.under_way -= 1

    async def let_through(self, scope: Scope, receive: Receive, send: Send, answer: Answer) -> None:
        scope = as_the_client_sent_it(scope, self.access)
        headers = Headers(scope=scope)
        answer.secure = TLS if scope.get("scheme") == "https" else {}
        try:
            check(scope, headers, self.access)
            if not scope["path"]:  # the page's own address: what it asks for is named from below it
                raise Lead("/")
            rule = self.offered(rule_of(scope["path"]))
            caller = await self.let_in(scope, rule)
            if caller.cookie and (scope["path"] == "/" or scope["path"].startswith("/api/")):
                answer.cookie = caller.cookie
            scope["state"] = {**scope.get("state", {}), "person": caller.person, "by": caller.by}
            within = placed(scope, self.access.root_path)
            with self.counted(scope, rule, caller):
                reading, found = await body_of(scope, rule, self.access, receive, answer)
                self.check_event(scope, caller.person, found)
                await self.app(within, reading, self.watched(answer, rule, caller))
        except Lead as lead:
            await answer.lead(self.access.root_path + lead.place)
        except Refused as refused:
            reading_on = partial(read_on, headers, receive)
            await answer.instead(refused.status, refused.problem, refused.headers, reading_on)
        except Ended:
            await answer.end()
        except asyncio.CancelledError:
            if not self.streams.closing:
                raise
            await answer.end()
        except Exception:
            log.exception("request %s failed", answer.request_id)
            await answer.instead(500, INTERNAL)

    def offered(self, rule: Rule) -> Rule:
        """The row as the policy has it. Raises Refused for one that a demo leaves out."""
        policy = self.access.policy
        if policy.offered is not None and rule.prefix not in policy.offered:
            raise Refused(403, "demo.closed", "This demo does not offer that.", "Run Atelier on your own machine.")
        return rule if policy.upload is None else replace(rule, body=min(rule.body, policy.upload))

    async def let_in(self, scope: Scope, rule: Rule) -> Caller:
        """Raises Refused, or Lead for a browser that has to sign in."""
        path, address = scope["path"], network(address_of(scope))
        if self.access.private:
            self.paced(self.rates.take(ADDRESS, address))
        if self.access.people and not self.access.people.begun() and path not in FIRST:
            if path in ("/", "/sign-in") and scope["method"] in SAFE:
                raise Lead("/set-up")
            raise Refused(403, "people.set_up", "The studio has no admin yet.", "Open its page to make the first one.")
        caller = await self.doors.caller(scope)
        need = rule.look if scope["method"] in SAFE else rule.act
        if self.access.private:
            self.paced(
                self.rates.take(PERSON, caller.person.id) if caller.person else self.rates.take(STRANGER, address)
            )
        if need == "anyone":
            return caller
        if caller.person is None:
            if path == "/" and scope["method"] in SAFE:
                raise Lead("/sign-in")
            raise Refused(401, "people.sign_in", "Not authenticated", "Sign in.", basic=rule.basic)
        if not enough(caller.person.role, need):
            raise forbidden(need)
        if rule.in_person and caller.by not in ("session", "visitor"):
            raise Refused(403, "people.in_person", "A program may not do this.", "Sign in on the page.")
        return caller

    def paced(self, wait: int) -> None:
        if wait:
            raise Refused(429, "requests.many", "Too many requests at once.", "Wait a moment.", retry_after=wait)

    def check_event(self, scope: Scope, person: Person | None, found: Any) -> None:
        """Which of the page's events is called stands in the body; one that nobody listed is an admin's."""
        if scope["path"] not in EVENTS or scope["method"] in SAFE:
            return
        number = found.get("fn_index") if isinstance(found, dict) else None
        need = self.access.events.get(number, "admin") if isinstance(number, int) else "admin"
        if person is None or not enough(person.role, need):
            raise forbidden(need)

    def watched(self, answer: Answer, rule: Rule, caller: Caller) -> Send:
        """A stream ends when what opened it does: signed out, disabled, another role or password."""
        if not rule.stream:
            return answer.send

        async def send(message: Message) -> None:
            if caller.ended():
                raise Ended
            await answer.send(message)

        return send

    def counted(self, scope: Scope, rule: Rule, caller: Caller) -> AbstractContextManager[None]:
        if scope["method"] != "GET" or not rule.stream:
            return nullcontext()
        whose = caller.person.id if caller.person and not caller.cookie else address_of(scope)
        if self.streams.full(whose):
            raise Refused(429, "streams.many", "Too many open pages.", "Close some tabs of the studio.")
        return self.streams.counted(whose)


class Ended(Exception):
    """Who opened a stream is signed in no more."""


def check(scope: Scope, headers: Headers, access: Access) -> None:
    """What needs to know of nobody. Raises Refused."""
    sizes = [len(name) + len(value) for name, value in scope["headers"]]
    if len(sizes) > MOST_HEADERS or sum(sizes) > LONGEST_HEADERS:
        raise Refused(431, "headers.large", "The request's headers are too large.", "Delete this site's cookies.")
    if len(scope["path"]) + len(scope.get("query_string", b"")) > LONGEST_PATH:
        raise Refused(414, "path.long", "The address is too long.", "Ask for less at once.")
    if host_of(headers.get("host", "")) not in access.hosts or len(headers.getlist("host")) > 1:
        raise Refused(
            421, "host.unknown", "The studio does not answer to this host name.", "Start it with --allow-host."
        )
    if scope["path"].startswith(NEVER):
        raise Refused(404, "path.unknown", "There is nothing here.")
    if scope["method"] not in SAFE and not same_origin(headers):
        raise Refused(403, "origin.foreign", "Another web page may not do this.", "Open the studio itself.")


def forbidden(need: str) -> Refused:
    if need == "admin":
        return Refused(403, "people.admins", "Only an admin may do this.", "Ask who runs the studio.")
    return Refused(
        403, "people.artists", "You may look, not draw or change.", "Ask an admin for the role of an artist."
    )


def placed(scope: Scope, root_path: str) -> Scope:
    """As ASGI has it for an application below another path: there the path begins with it."""
    return {**scope, "root_path": root_path, "path": root_path + scope["path"]} if root_path else scope


def host_of(host: str) -> str:
    """Host without port, lower case; IPv6 without brackets. Empty for what no browser would send."""
    fitting = HOST.fullmatch(host)
    return (fitting[1] or fitting[2]).lower() if fitting else ""


def same_origin(headers: Headers) -> bool:
    """Browsers name the origin of what they send on behalf of a page; other programs name none."""
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    parts = origin.split("://", 1)
    return len(parts) == 2 and parts[0] in ("http", "https") and parts[1] == headers.get("host")
