"""One job as events: what has changed since a reader last looked, told from the job as it is.

Nothing is remembered for a reader. An event's id says how much of the job its reader knows, so who comes back with it
(`Last-Event-ID`) is told the rest, also by a server that was started anew.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

FINAL = ("done", "failed", "cancelled")
ID = re.compile(r"([a-z]{4,9})-([0-9]{1,9})-([0-9a-f]{1,64})")


@dataclass(frozen=True)
class Known:
    """at: the position while it waits, then the steps of all pictures together; made: one bit for each finished one."""

    state: str = ""
    at: int = 0
    made: int = 0

    @property
    def id(self) -> str:
        return f"{self.state}-{self.at}-{self.made:x}"


NOTHING = Known()


def known(last_id: str | None) -> Known:
    """From an id; what is none stands for nothing known."""
    found = ID.fullmatch(last_id or "")
    return Known(found[1], int(found[2]), int(found[3], 16)) if found else NOTHING


def news(job: Mapping[str, Any], before: Known) -> Iterator[tuple[str, dict[str, Any], Known]]:
    """Event, data and what is known after it. job: as the studio tells it (engine/progress.py)."""
    state, made = job["state"], before.made
    if state not in FINAL:
        at = (job["position"] or 0) if state == "queued" else sum(picture["step"] for picture in job["pictures"])
        if state != before.state or (state == "queued" and at != before.at):
            waits = {"position": job["position"], "starts_in": job["starts_in"]} if state == "queued" else {}
            yield state, waits, Known(state, at, made)
            if state == "running" and at:
                yield "step", steps(job), Known(state, at, made)
        elif state == "running" and at != before.at:
            yield "step", steps(job), Known(state, at, made)
    else:
        at = 0
    for picture in job["pictures"]:
        bit = 1 << picture["index"]
        if picture["image"] and not made & bit:
            made |= bit
            kept = Known(before.state, before.at, made) if state in FINAL else Known(state, at, made)
            yield "made", {"index": picture["index"], "image": picture["image"]}, kept
    if state in FINAL and state != before.state:
        yield state, {"problem": job["problem"]}, Known(state, at, made)


def steps(job: Mapping[str, Any]) -> dict[str, Any]:
    pictures = [{"index": p["index"], "step": p["step"], "of": p["of"]} for p in job["pictures"]]
    return {"pictures": pictures, "seconds_left": job["seconds_left"]}


def written(event: str, data: Mapping[str, Any], after: Known) -> str:
    return f"id: {after.id}\nevent: {event}\ndata: {json.dumps(data, allow_nan=False)}\n\n"
