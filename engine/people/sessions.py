"""Sessions of browsers and tokens of programs: found by the digest of their secret, gone at once when they are ended."""

import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.errors import BadRequest, NotFound
from engine.people.ledger import Ledger
from engine.people.roles import SCOPES, Role, limited
from engine.people.secrets import digest, new_secret
from engine.people.users import User, user_of

DAY = 24 * 3600.0
IDLE, LONGEST = 7 * DAY, 30 * DAY
PREFIX = "atl_"
SEEN = 60.0  # seconds between two notes of when something was used
MOST_TOKENS, MOST_SESSIONS, LONGEST_NAME = 50, 50, 80


@dataclass(frozen=True)
class Known:
    """A person by session or token. role: what they may do with it. note: when it was used last is to be written down."""

    user: User
    role: Role
    by: str
    secret: str
    note: bool


class Sessions:
    """clock: seconds since 1970."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float]):
        self._ledger, self._clock = ledger, clock

    def begin(self, user: User, address: str, agent: str) -> str:
        """The secret for the browser; we keep its digest. The oldest go where one person has very many."""
        secret, now = new_secret(), self._clock()
        with self._ledger.writing() as db:
            db.execute(
                "DELETE FROM sessions WHERE seen < ? OR created < ? OR (user = ? AND secret NOT IN"
                " (SELECT secret FROM sessions WHERE user = ? ORDER BY seen DESC LIMIT ?))",
                (now - IDLE, now - LONGEST, user.id, user.id, MOST_SESSIONS - 1),
            )
            db.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?)",
                (digest(secret), user.id, now, now, address[:64], agent[:200]),
            )
        return secret

    def find(self, secret: str) -> Known | None:
        now = self._clock()
        row = self._ledger.one(
            "SELECT users.*, sessions.seen AS seen FROM sessions JOIN users ON users.id = sessions.user"
            " WHERE secret = ? AND seen > ? AND sessions.created > ? AND NOT disabled",
            digest(secret),
            now - IDLE,
            now - LONGEST,
        )
        if row is None:
            return None
        user = user_of(row)
        return Known(user, user.role, "session", digest(secret), now - row["seen"] > SEEN)

    def end(self, secret: str) -> None:
        with self._ledger.writing() as db:
            db.execute("DELETE FROM sessions WHERE secret = ?", (digest(secret),))

    def note(self, known: Known) -> None:
        table, column = ("sessions", "seen") if known.by == "session" else ("tokens", "used")
        with self._ledger.writing() as db:
            db.execute(f"UPDATE {table} SET {column} = ? WHERE secret = ?", (self._clock(), known.secret))


class Tokens:
    """What programs sign in with. clock: seconds since 1970."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float]):
        self._ledger, self._clock = ledger, clock

    def add(self, user: User, name: Any, scope: Any = "draw", days: Any = None) -> tuple[str, str]:
        """Its id, and the token itself, which is told only now. days: after which it ends; None: never."""
        text = " ".join(name.split()) if isinstance(name, str) else ""
        if not 1 <= len(text) <= LONGEST_NAME:
            raise BadRequest(
                "people.token_name",
                f"A token has a name of 1 to {LONGEST_NAME} letters.",
                "Name the program that will use it.",
                field="name",
                longest=LONGEST_NAME,
            )
        if scope not in SCOPES:
            raise BadRequest(
                "people.scope", "There is no such scope.", f"Choose one of {', '.join(SCOPES)}.", field="scope"
            )
        if days is not None and (isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= 3650):
            raise BadRequest("people.days", "A token lasts 1 to 3650 days.", "Correct it.", field="days")
        token_id, secret, now = secrets.token_hex(8), PREFIX + new_secret(), self._clock()
        text = text.encode("utf-8", "replace").decode()
        with self._ledger.writing() as db:
            if db.execute("SELECT COUNT(*) FROM tokens WHERE user = ?", (user.id,)).fetchone()[0] >= MOST_TOKENS:
                raise BadRequest("people.tokens", "You have too many tokens.", "End one first.", most=MOST_TOKENS)
            expires = None if days is None else now + days * DAY
            db.execute(
                "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
                (token_id, digest(secret), user.id, text, scope, now, expires),
            )
        return token_id, secret

    def find(self, secret: str) -> Known | None:
        now = self._clock()
        row = self._ledger.one(
            "SELECT users.*, scope, used FROM tokens JOIN users ON users.id = tokens.user"
            " WHERE secret = ? AND (expires IS NULL OR expires > ?) AND NOT disabled",
            digest(secret),
            now,
        )
        if row is None:
            return None
        user = user_of(row)
        return Known(user, limited(user.role, row["scope"]), "token", digest(secret), now - (row["used"] or 0) > SEEN)

    def of(self, user_id: str) -> list[sqlite3.Row]:
        """id, name, scope, created, expires, used; never the secret."""
        wanted = "SELECT id, name, scope, created, expires, used FROM tokens WHERE user = ? ORDER BY created DESC"
        return list(self._ledger.all(wanted, user_id))

    def end(self, token_id: str, user_id: str) -> None:
        with self._ledger.writing() as db:
            ended = db.execute("DELETE FROM tokens WHERE id = ? AND user = ?", (token_id, user_id))
        if not ended.rowcount:
            raise NotFound("people.token_unknown", "There is no such token.", "It may have been ended already.")
