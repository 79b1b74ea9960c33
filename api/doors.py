"""Finds out who a request comes from: a session's cookie, a token, a name and password; in an open studio a browser."""

import base64
import binascii
import hashlib
import hmac
import ipaddress
import re
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from http.cookies import CookieError, SimpleCookie
from typing import Literal

from anyio import CapacityLimiter, to_thread
from starlette.types import Scope

from api.access import Access, Person, new_visitor
from api.answer import Declined, Refused
from api.plugins import one_of_them, stranger
from engine.errors import AtelierError
from engine.people.people import People
from engine.people.sessions import PREFIX, Known
from engine.people.users import User

VISITOR_COOKIE, SESSION_COOKIE = "atelier_visitor", "atelier_session"
YEAR = 365 * 24 * 3600
VISITOR = re.compile(r"[0-9a-f]{32}")
HEADER = re.compile(r"(basic|bearer) +([^ ]*) *", re.IGNORECASE)
PASSWORDS = 2  # are looked at at once: each takes 19 MiB and a tenth of a second
BASIC_LASTS, MOST_BASIC = 300.0, 1000  # seconds; passwords that were found right

By = Literal["visitor", "session", "token", "basic"]


@dataclass(frozen=True)
class Caller:
    """by: how they showed who they are. cookie: what their browser is to be given. ended: whether that holds no more."""

    person: Person | None = None
    by: By = "visitor"
    cookie: str | None = None
    ended: Callable[[], bool] = bool


class Doors:
    """clock: seconds that never go back."""

    def __init__(self, access: Access, clock: Callable[[], float] = time.monotonic):
        self.access = access
        self._clock = clock
        self._key = secrets.token_bytes(32)  # what is remembered of a password is worth nothing outside this process
        self._passwords = CapacityLimiter(PASSWORDS)
        self._right: dict[bytes, tuple[str, str | None, float]] = {}  # user, their hash, until

    async def caller(self, scope: Scope) -> Caller:
        """Raises Refused for a wrong or worn-out token, name or password; a cookie that holds no more is as none."""
        people = self.access.people
        if people is None:
            return self.visitor(scope)
        given = header(scope, b"authorization")
        if given is None:
            return await self.by_session(people, scope)
        fitting = HEADER.fullmatch(given)
        if not fitting:
            raise wrong_login()
        kind, value = fitting[1].lower(), fitting[2]
        if kind == "bearer":
            return await self.by_token(people, value)
        return await self.by_password(people, value, address_of(scope))

    def visitor(self, scope: Scope) -> Caller:
        """Whoever is at the machine decides over it; others who reach an open studio draw."""
        known = cookie(scope["headers"], VISITOR_COOKIE)
        known = known if known and VISITOR.fullmatch(known) else None
        fresh = stranger(scope) if one_of_them(scope) else new_visitor()
        person = Person(known or fresh, "artist" if self.access.private else "admin")
        # In another page's frame a browser keeps a cookie only so, and only for that page.
        where = "SameSite=None; Secure; Partitioned" if self.access.policy.frames else "SameSite=Lax"
        kept = None if known else f"{VISITOR_COOKIE}={person.id}; Path=/; Max-Age={YEAR}; HttpOnly; {where}"
        return Caller(person, "visitor", kept)

    async def by_session(self, people: People, scope: Scope) -> Caller:
        secret = cookie(scope["headers"], session_cookie(scope))
        known = people.sessions.find(secret) if secret else None
        if known is None or secret is None:
            return Caller()
        if known.note:
            await to_thread.run_sync(people.sessions.note, known)
        return known_caller(known, "session", lambda: people.sessions.find(secret) is None)

    async def by_token(self, people: People, secret: str) -> Caller:
        known = people.tokens.find(secret) if secret.startswith(PREFIX) else None
        if known is None:
            raise Refused(401, "people.token_wrong", "This token is not valid.", "Make a new one.", basic=True)
        if known.note:
            await to_thread.run_sync(people.sessions.note, known)
        return known_caller(known, "token", lambda: people.tokens.find(secret) is None)

    async def by_password(self, people: People, encoded: str, address: str) -> Caller:
        try:
            pair = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raise wrong_login() from None
        key, now = hmac.digest(self._key, pair, hashlib.sha256), self._clock()
        remembered = self._right.get(key)
        user = self.still_right(people, remembered) if remembered and remembered[2] > now else None
        if user is None:
            name, colon, password = pair.decode("utf-8", "replace").partition(":")
            user = await self.check_password(people, name if colon else "", password, address)
            self._right.pop(key, None)
            self._right[key] = (user.id, user.hash, now + BASIC_LASTS)
            if len(self._right) > MOST_BASIC:
                del self._right[next(iter(self._right))]
        right = self._right[key]
        person = Person(user.id, user.role, user.name)
        return Caller(person, "basic", None, lambda: self.still_right(people, right) is None)

    async def check_password(self, people: People, name: str, password: str, address: str) -> User:
        """Raises Refused, with the same words and after the same time whether the name or the password is wrong."""
        look = partial(people.users.with_password, name, password)
        return await self.tried(people, look, name, address, wrong_login())

    async def tried(
        self, people: People, look: Callable[[], User | None], name: str, address: str, wrong: Declined
    ) -> User:
        """look: costs time and memory, and finds nobody for a wrong password or code. Raises Refused, or what look does."""
        wait = people.attempts.begin(network(address), people.account(name))
        if wait:
            raise Declined(
                429,
                "people.slowly",
                f"Too many wrong tries. Wait {wait} seconds.",
                "An admin can give you a new code.",
                retry_after=wait,
            )
        try:
            user = await to_thread.run_sync(look, limiter=self._passwords)
        except AtelierError:  # about the new password; whether name and code are right was not looked at
            people.attempts.right(network(address), people.account(name))
            raise
        if user is None:
            await to_thread.run_sync(partial(people.audit.write, name, "sign-in", "", address, wrong.problem.code))
            raise wrong
        people.attempts.right(network(address), people.account(name))
        return user

    def still_right(self, people: People, remembered: tuple[str, str | None, float]) -> User | None:
        """Another password, or being disabled, ends it at once."""
        row = people.users.find(remembered[0])
        return row if row and not row.disabled and row.hash == remembered[1] else None


def known_caller(known: Known, by: By, ended: Callable[[], bool]) -> Caller:
    return Caller(Person(known.user.id, known.role, known.user.name), by, None, ended)


def wrong_login(basic: bool = True) -> Declined:
    """The browser's own dialog is asked for only where somebody has answered it: by `Authorization`."""
    return Declined(
        401, "people.wrong", "Incorrect username or password", "Check both, and that Caps Lock is off.", basic=basic
    )


def header(scope: Scope, wanted: bytes) -> str | None:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == wanted), None)


def cookie(headers: Iterable[tuple[bytes, bytes]], wanted: str) -> str | None:
    for name, value in headers:
        if name == b"cookie" and wanted.encode() in value:
            try:
                found = SimpleCookie(value.decode("latin-1")).get(wanted)
            except CookieError:
                continue
            if found:
                return found.value
    return None


def session_cookie(scope: Scope) -> str:
    """Under TLS browsers keep it to this host and this way of asking."""
    return f"__Host-{SESSION_COOKIE}" if scope.get("scheme") == "https" else SESSION_COOKIE


def address_of(scope: Scope) -> str:
    return (scope.get("client") or ("", 0))[0]


def network(address: str) -> str:
    """Whom a limit counts: an IPv6 customer has 2**64 addresses."""
    try:
        found = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
