"""The folder of one run: what was asked, what happened, what it is told; written by its process, read by anybody.

Whether the run lives is asked of the lock that its process holds, which the system takes back however it dies.
"""

import contextlib
import json
import os
import time
from pathlib import Path
from typing import IO, Any, Literal

from pydantic import ValidationError

from engine.errors import InUse, NotFound
from engine.folder_lock import is_held, lock
from engine.request.training import TrainingRequest
from engine.training.event_log import EventLog
from engine.training.events import Ended, Paused, RunEvent

Command = Literal["pause", "resume", "stop", "stop_now", "save", "sample", "measure"]
Status = Literal["new", "running", "paused", "finished", "stopped", "failed", "crashed"]
LAST_WORDS = 40  # lines of stderr
KEPT = 50  # commands that were not heard yet


class RunFolder:
    """Paths below `path`; nothing is kept in memory."""

    def __init__(self, path: Path):
        self.path = path
        self.states = path / "states"
        self.samples = path / "samples"
        self.conditions = path / "conditions"
        self.products = path / "products"
        self.errors = path / "stderr.log"
        self.log = EventLog(path / "events.jsonl")
        self._control = path / "control.json"
        self._lock = path / "run.lock"

    @property
    def id(self) -> str:
        return self.path.name

    # -- what was asked

    def create(self, request: TrainingRequest) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        write_whole(self.path / "request.json", request.model_dump_json(indent=1))

    def request(self) -> TrainingRequest:
        """Raises NotFound when there is none, or one of another version that cannot be read."""
        try:
            return TrainingRequest.model_validate_json((self.path / "request.json").read_text())
        except (OSError, ValidationError):
            raise NotFound("training.run", "There is no such run.", "Look for it in the list of runs.") from None

    def note(self, name: str, data: Any) -> None:
        """Keep data as NAME.json."""
        write_whole(self.path / f"{name}.json", json.dumps(data, indent=1))

    def noted(self, name: str) -> Any:
        try:
            return json.loads((self.path / f"{name}.json").read_text())
        except (OSError, ValueError):
            return None

    # -- what happened

    def tell(self, event: RunEvent) -> None:
        self.log.tell(event)

    def events(self, offset: int = 0) -> tuple[list[RunEvent], int]:
        """Those from byte `offset` on, and where to go on; lines that are not whole yet are left for the next time."""
        return self.log.events(offset)

    def last_words(self) -> str:
        try:
            with self.errors.open("rb") as file:
                file.seek(max(0, self.errors.stat().st_size - 20_000))
                return "\n".join(file.read().decode("utf-8", "replace").splitlines()[-LAST_WORDS:])
        except OSError:
            return ""

    # -- what it is told

    def command(self, command: Command) -> int:
        """Its number; the run answers with a `Heard` of it."""
        told = read_json(self._control) or {}
        seq = int(told.get("seq", 0)) + 1
        waiting = [*told.get("commands", []), [seq, command]][-KEPT:]
        write_whole(self._control, json.dumps({"seq": seq, "commands": waiting}))
        return seq

    def forget_commands(self) -> None:
        """What was told to a process that is gone is not for the next one."""
        told = read_json(self._control)
        if told:
            write_whole(self._control, json.dumps({"seq": told.get("seq", 0), "commands": []}))

    def told(self, after: int) -> tuple[int, Command] | None:
        """The first command with a number above `after`; a stop goes before those that were told earlier."""
        waiting = (read_json(self._control) or {}).get("commands", [])
        later = [(int(seq), command) for seq, command in waiting if int(seq) > after]
        stops = [one for one in later if one[1] in ("stop", "stop_now")]
        return next(iter(stops or later), None)

    # -- its place in the queue of runs

    def queue(self) -> None:
        """A file of its own, so that a place in the queue survives the studio."""
        self.note("queued", {"at": time.time()})

    def leave_queue(self) -> None:
        (self.path / "queued.json").unlink(missing_ok=True)

    @property
    def queued(self) -> float | None:
        """Since when."""
        found = self.noted("queued")
        return float(found["at"]) if isinstance(found, dict) and "at" in found else None

    # -- whether it lives

    def hold(self) -> IO[bytes]:
        """To be kept open for as long as the run's process lives. Raises InUse when another one has it."""
        file = self._lock.open("ab")
        for _ in range(20):  # somebody may just be looking
            with contextlib.suppress(OSError):
                lock(file)
                file.truncate(0)
                file.write(str(os.getpid()).encode())
                file.flush()
                return file
            time.sleep(0.05)
        file.close()
        raise InUse("training.in_use", "This run is going on already.", "Look at it, or stop it first.")

    def alive(self) -> bool:
        return is_held(self._lock)

    def pid(self) -> int | None:
        try:
            return int(self._lock.read_text())
        except (OSError, ValueError):
            return None

    def status(self) -> Status:
        """Of the lock and the last word: a process that is gone without one has crashed."""
        return self.status_after(self.log.last())

    def status_after(self, last: RunEvent | None) -> Status:
        """last: what the run has told last, commands heard left aside."""
        if self.alive():
            return "paused" if isinstance(last, Paused) else "running"
        if last is None:
            return "crashed" if self._lock.exists() else "new"
        return last.how if isinstance(last, Ended) else "crashed"


def write_whole(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    with part.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def read_json(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
