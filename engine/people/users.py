"""Accounts: names, roles and what each may use; the last admin stays one."""

import re
import secrets
import sqlite3
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.errors import BadRequest, NotFound
from engine.people.ledger import Ledger
from engine.people.roles import ROLES, Role
from engine.people.secrets import code_digest, hashed, matches, new_code, same

CODE_LASTS = 24 * 3600.0  # seconds
LONGEST_NAME = 64
NAME = re.compile(r"[\w][\w .@+-]*")  # no colon: HTTP Basic ends the name there
NUMBERS: dict[str, tuple[float, float]] = {"weight": (0.1, 100), "cost_per_day": (0, 1e12), "jobs_waiting": (1, 10_000)}


@dataclass(frozen=True)
class User:
    """weight: share of the queue beside the others'; cost_per_day in the queue's cost: None is no limit; jobs_waiting: None is
    the usual number (engine/queue/terms.py).

    has_password: False until the one-time code was used. created: seconds since 1970."""

    id: str
    name: str
    role: Role
    weight: float
    cost_per_day: float | None
    jobs_waiting: int | None
    disabled: bool
    created: float
    has_password: bool
    hash: str | None


class Users:
    """clock: seconds since 1970. What ends sessions and tokens ends them in the same transaction."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float]):
        self._ledger, self._clock = ledger, clock

    def find(self, user_id: str) -> User | None:
        row = self._ledger.one("SELECT * FROM users WHERE id = ?", user_id)
        return user_of(row) if row else None

    def get(self, user_id: str) -> User:
        """Raises NotFound."""
        found = self.find(user_id)
        if found is None:
            raise unknown()
        return found

    def named(self, name: str) -> User | None:
        row = self._ledger.one("SELECT * FROM users WHERE folded = ?", folded(name))
        return user_of(row) if row else None

    def all(self) -> list[User]:
        return [user_of(row) for row in self._ledger.all("SELECT * FROM users ORDER BY folded")]

    def any(self) -> bool:
        return self._ledger.one("SELECT 1 FROM users LIMIT 1") is not None

    def has_admin(self) -> bool:
        """One who can sign in. Until there is one, the console's code makes the first."""
        found = "SELECT 1 FROM users WHERE role = 'admin' AND NOT disabled AND hash IS NOT NULL LIMIT 1"
        return self._ledger.one(found) is not None

    def add(self, name: str, role: Role, password: str | None = None) -> User:
        """Without a password they need a code to sign in with first. Raises BadRequest for a name that is taken."""
        name, role = checked_name(name), checked_role(role)
        stored = hashed(password, name) if password is not None else None
        fresh = secrets.token_hex(16)
        try:
            with self._ledger.writing() as db:
                db.execute(
                    "INSERT INTO users (id, name, folded, hash, role, created) VALUES (?, ?, ?, ?, ?, ?)",
                    (fresh, name, folded(name), stored, role, self._clock()),
                )
        except sqlite3.IntegrityError:
            raise BadRequest(
                "people.taken",
                f"There is somebody called '{name}' already.",
                "Take another name.",
                field="name",
                name=name,
            ) from None
        return self.get(fresh)

    def first(self, name: str, password: str) -> User:
        """The first admin. Raises BadRequest when there is one already."""
        stored, fresh = hashed(password, checked_name(name)), secrets.token_hex(16)
        with self._ledger.writing() as db:
            if db.execute("SELECT 1 FROM users WHERE role = 'admin' AND NOT disabled AND hash IS NOT NULL").fetchone():
                raise BadRequest("people.has_admin", "There is an admin already.", "Sign in.")
            if db.execute("SELECT 1 FROM users WHERE folded = ?", (folded(name),)).fetchone():
                raise BadRequest(
                    "people.taken",
                    f"There is somebody called '{name}' already.",
                    "Take another name.",
                    field="name",
                    name=name,
                )
            db.execute(
                "INSERT INTO users (id, name, folded, hash, role, created) VALUES (?, ?, ?, ?, 'admin', ?)",
                (fresh, checked_name(name), folded(name), stored, self._clock()),
            )
        return self.get(fresh)

    def change(self, user_id: str, changes: Mapping[str, Any]) -> User:
        """role, disabled, weight, cost_per_day, jobs_waiting. A new role and being disabled end what is signed in."""
        before, values = self.get(user_id), checked_changes(changes)
        with self._ledger.writing() as db:
            if values:
                columns = ", ".join(f"{name} = ?" for name in values)
                db.execute(f"UPDATE users SET {columns} WHERE id = ?", (*values.values(), user_id))
            if before.role == "admin" and before.has_password:
                keep_an_admin(db)
            if values.get("role", before.role) != before.role or values.get("disabled"):
                sign_out(db, user_id)
        return self.get(user_id)

    def set_password(self, user_id: str, password: str) -> None:
        """Ends all sessions and tokens, and a code that was not used."""
        stored = hashed(password, self.get(user_id).name)
        with self._ledger.writing() as db:
            db.execute("UPDATE users SET hash = ?, code = NULL, code_until = NULL WHERE id = ?", (stored, user_id))
            sign_out(db, user_id)

    def new_code(self, user_id: str) -> str:
        """For one sign-in within a day, at which they choose a password. Ends sessions and tokens; the old password goes on
        until then, so that nobody is locked out by a reset they did not ask for."""
        self.get(user_id)
        code = new_code()
        with self._ledger.writing() as db:
            until = self._clock() + CODE_LASTS
            db.execute("UPDATE users SET code = ?, code_until = ? WHERE id = ?", (code_digest(code), until, user_id))
            sign_out(db, user_id)
        return code

    def with_password(self, name: str, password: str) -> User | None:
        """Takes as long for a name that nobody has."""
        row = self._ledger.one("SELECT * FROM users WHERE folded = ?", folded(name))
        right = matches(row["hash"] if row else None, password)
        return user_of(row) if row and right and not row["disabled"] else None

    def with_code(self, name: str, code: str, password: str) -> User | None:
        """Gives them this password, once. Takes as long for a wrong name or code."""
        row = self._ledger.one("SELECT * FROM users WHERE folded = ?", folded(name))
        stored = hashed(password, name)
        if row is None or row["disabled"] or not row["code"] or not same(row["code"], code_digest(code)):
            return None
        with self._ledger.writing() as db:
            used = db.execute(
                "UPDATE users SET hash = ?, code = NULL, code_until = NULL WHERE id = ? AND code = ? AND code_until > ?",
                (stored, row["id"], row["code"], self._clock()),
            )
            if used.rowcount != 1:
                return None
            sign_out(db, row["id"])
        return self.get(row["id"])


def sign_out(db: sqlite3.Connection, user_id: str) -> None:
    db.execute("DELETE FROM sessions WHERE user = ?", (user_id,))
    db.execute("DELETE FROM tokens WHERE user = ?", (user_id,))


def keep_an_admin(db: sqlite3.Connection) -> None:
    """Inside the transaction that would leave none. Raises BadRequest."""
    if not db.execute("SELECT 1 FROM users WHERE role = 'admin' AND NOT disabled AND hash IS NOT NULL").fetchone():
        raise BadRequest("people.last_admin", "This is the last admin.", "Make somebody else an admin first.")


def user_of(row: sqlite3.Row) -> User:
    plain = ("id", "name", "role", "weight", "cost_per_day", "jobs_waiting", "created", "hash")
    return User(
        **{name: row[name] for name in plain}, disabled=bool(row["disabled"]), has_password=row["hash"] is not None
    )


def folded(name: str) -> str:
    """Two names that look alike are one."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split()).encode("utf-8", "replace").decode()


def checked_name(name: Any) -> str:
    text = " ".join(unicodedata.normalize("NFKC", name).split()) if isinstance(name, str) else ""
    if not 1 <= len(text) <= LONGEST_NAME or not NAME.fullmatch(text):
        raise BadRequest(
            "people.name",
            f"A name has 1 to {LONGEST_NAME} letters, digits, spaces or . _ @ + -",
            "Take another name.",
            field="name",
            longest=LONGEST_NAME,
        )
    return text


def checked_role(role: Any) -> Role:
    if role not in ROLES:
        raise BadRequest("people.role", "There is no such role.", f"Choose one of {', '.join(ROLES)}.", field="role")
    return role


def checked_changes(changes: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in changes.items():
        if name == "role":
            values[name] = checked_role(value)
        elif name == "disabled" and isinstance(value, bool):
            values[name] = value
        elif name in NUMBERS:
            values[name] = checked_number(name, value)
        else:
            raise BadRequest("people.value", "This cannot be set for a person.", "Leave it out.", field=name, name=name)
    return values


def checked_number(name: str, value: Any) -> float | int | None:
    low, high = NUMBERS[name]
    if value is None and name != "weight":
        return None
    kinds = int if name == "jobs_waiting" else int | float
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
        raise BadRequest(
            "people.number",
            f"'{name}' is a number from {low:g} to {high:g}.",
            "Correct it.",
            field=name,
            name=name,
            low=low,
            high=high,
        )
    return value


def unknown() -> NotFound:
    return NotFound("people.unknown", "There is no such person.", "They may have another name.")
