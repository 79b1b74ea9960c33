"""The prompts that each visitor drew last, each once: what a menu beside the prompt offers again."""

import threading
import time
from dataclasses import dataclass
from pathlib import Path

from engine.database import connect, transaction
from engine.errors import NotFound

TABLES = """
CREATE TABLE IF NOT EXISTS history (
    id INTEGER PRIMARY KEY, owner TEXT NOT NULL, prompt TEXT NOT NULL, negative TEXT NOT NULL, used REAL NOT NULL,
    UNIQUE (owner, prompt));
CREATE INDEX IF NOT EXISTS history_latest ON history (owner, used);
"""
KEPT = 500  # for one visitor


@dataclass(frozen=True)
class Past:
    """A prompt and the negative prompt that went with it last. used: seconds since 1970."""

    id: int
    prompt: str
    negative_prompt: str
    used: float


class History:
    """Written when a job is accepted, so that reading it looks into no job."""

    def __init__(self, data: Path):
        self._connection = connect(data / "atelier.db")
        self._lock = threading.Lock()
        with self._lock:
            self._connection.executescript(TABLES)

    def put(self, owner: str, prompt: str, negative: str = "") -> None:
        """The prompt comes first from now on; what lies behind the last 500 goes. An empty prompt is none."""
        if not prompt:
            return
        with self._lock, transaction(self._connection) as db:
            db.execute(
                "INSERT INTO history (owner, prompt, negative, used) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (owner, prompt) DO UPDATE SET negative = excluded.negative, used = excluded.used",
                (owner, prompt, negative, time.time()),
            )
            db.execute(
                "DELETE FROM history WHERE owner = ? AND used <"
                " (SELECT used FROM history WHERE owner = ? ORDER BY used DESC LIMIT 1 OFFSET ?)",
                (owner, owner, KEPT - 1),
            )

    def latest(self, owner: str, search: str = "", limit: int = 50) -> list[Past]:
        """Newest first; `search`: all of its words stand in the prompt, in any order."""
        words = search.split()[:20]
        like = "".join(" AND prompt LIKE ? ESCAPE '\\'" for _ in words)
        with self._lock:
            rows = self._connection.execute(
                f"SELECT id, prompt, negative, used FROM history WHERE owner = ?{like} ORDER BY used DESC LIMIT ?",
                (owner, *(f"%{literal(word)}%" for word in words), limit),
            ).fetchall()
        return [Past(*row) for row in rows]

    def forget(self, past_id: int, owner: str) -> None:
        """Raises NotFound for what is not the owner's."""
        with self._lock:
            gone = self._connection.execute("DELETE FROM history WHERE id = ? AND owner = ?", (past_id, owner))
        if not gone.rowcount:
            raise NotFound("history.unknown", "There is no such prompt.", "It may have been deleted already.")

    def clear(self, owner: str) -> None:
        with self._lock:
            self._connection.execute("DELETE FROM history WHERE owner = ?", (owner,))

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def literal(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
