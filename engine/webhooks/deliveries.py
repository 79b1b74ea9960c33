"""The threads that tell webhooks of ended jobs; the queue's database says which are due, so a restart loses none."""

import http.client
import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from engine.errors import BadRequest, Problem
from engine.job import Job
from engine.queue.store import Due, Store
from engine.request.restoring import RestoreRequest
from engine.webhooks.address import Allowed, target
from engine.webhooks.post import SECONDS, post
from engine.webhooks.sign import Sealer

THREADS = 4
TICK = 1.0  # seconds between two looks
PAUSES = (5, 30, 120, 600, 3600, 6 * 3600)  # seconds after the first try that failed, the second …; then it is given up
log = logging.getLogger(__name__)


class Deliveries:
    """made: the ids of a job's stored pictures by index. Of one owner one call is made at a time, so that a slow receiver
    holds up its own messages and nobody else's."""

    def __init__(
        self,
        store: Store,
        sealer: Sealer,
        allowed: Allowed,
        made: Callable[[str], Mapping[int, str]],
        pauses: tuple[float, ...] = PAUSES,
        seconds: float = SECONDS,
    ):
        self.store, self.sealer, self.allowed, self.made = store, sealer, allowed, made
        self.pauses, self.seconds = pauses, seconds
        self.busy: set[str] = set()
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.serve, name=f"webhooks {n}", daemon=True) for n in range(THREADS)]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """What is under way may end or not: it is told again after the next start if nobody said that it has arrived."""
        self.stopping.set()

    def serve(self) -> None:
        while not self.stopping.is_set():
            try:
                due = self.next()
                if due is None:
                    self.stopping.wait(TICK)
                    continue
                try:
                    self.deliver(due)
                finally:
                    with self.lock:
                        self.busy.discard(due.job.owner)
            except sqlite3.Error:
                if not self.stopping.is_set():
                    log.exception("the webhooks that are due cannot be looked up")
                self.stopping.wait(TICK)
            except Exception:
                log.exception("a webhook stumbled")
                self.stopping.wait(TICK)

    def next(self) -> Due | None:
        with self.lock:
            due = self.store.due(time.time(), self.busy)
            if due:
                self.busy.add(due.job.owner)
            return due

    def deliver(self, due: Due) -> None:
        hook = due.job.webhook
        if hook is None:
            return self.store.told(due.job.id, None, None)
        body = json.dumps(message(due.job, self.made(due.job.id)), allow_nan=False).encode()
        headers = {"content-type": "application/json", "user-agent": "Atelier"}
        headers |= self.sealer.headers(due.job.owner, due.job.id, int(time.time()), body)
        try:
            status = post(target(hook.url), body, headers, self.allowed, self.seconds)
            if 200 <= status < 300:
                return self.store.told(due.job.id, None, None)
            problem, final = answered(status), status == 410
        except BadRequest as error:
            problem, final = error.problem, True
        except (OSError, http.client.HTTPException):
            problem, final = SILENT, False
        again = None if final or due.tries >= len(self.pauses) else time.time() + self.pauses[due.tries]
        self.store.told(due.job.id, again, problem)


SILENT = Problem(code="webhook.silent", message="The webhook did not answer.", remedy="Look whether its server runs.")


def answered(status: int) -> Problem:
    return Problem(
        code="webhook.refused",
        message=f"The webhook answered {status}.",
        remedy="It has to answer with a status from 200 to 299; redirects are not followed.",
        values={"status": status},
    )


def message(job: Job, made: Mapping[int, str]) -> dict[str, Any]:
    """What is told: no prompt, unless that was asked for."""
    data: dict[str, Any] = {
        "id": job.id,
        "state": job.state.value,
        "count": job.count,
        "images": [made[index] for index in sorted(made)],
        "created": job.created,
        "started": job.started,
        "finished": job.finished,
        "problem": job.problem.model_dump() if job.problem else None,
    }
    if job.webhook and job.webhook.prompt and not isinstance(job.request, RestoreRequest):
        data["prompt"] = job.request.words.prompt
    return {"type": f"job.{job.state.value}", "data": data}
