"""All that the studio knows of its people, in one place."""

import time
from collections.abc import Callable
from pathlib import Path

from engine.people.attempts import Attempts
from engine.people.audit import Audit
from engine.people.ledger import Ledger
from engine.people.secrets import code_digest, new_code, same
from engine.people.sessions import Sessions, Tokens
from engine.people.users import User, Users, folded


class People:
    """clock: seconds since 1970; steady: seconds that never go back, for the limits on trying."""

    def __init__(
        self, data: Path, clock: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic
    ):
        self._ledger = Ledger(data)
        self.users = Users(self._ledger, clock)
        self.sessions, self.tokens = Sessions(self._ledger, clock), Tokens(self._ledger, clock)
        self.audit, self.attempts = Audit(self._ledger, clock), Attempts(steady)
        self.first_code = new_code()  # good while there is no admin; it is printed on the console, and nowhere else
        self._begun = False

    def begun(self) -> bool:
        """Whether there is an admin; the last one cannot be taken away."""
        self._begun = self._begun or self.users.has_admin()
        return self._begun

    def is_first_code(self, code: str) -> bool:
        return same(code_digest(code), code_digest(self.first_code))

    def account(self, name: str) -> str:
        """What tries at a name are counted under, however it is written."""
        return folded(name)[:64]

    def close(self) -> None:
        self._ledger.close()


def told(user: User) -> dict[str, object]:
    """What may be shown of a person; JSON-ready, without the hash."""
    names = ("id", "name", "role", "weight", "cost_per_day", "jobs_waiting", "disabled", "created", "has_password")
    return {name: getattr(user, name) for name in names}
