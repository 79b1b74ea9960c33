"""Which waiting job starts next, and who may draw at the same time: decided from frozen facts, without side effects."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.prompt import composition
from engine.request.generation import GenerationRequest
from engine.request.restoring import RestoreRequest

PREFERENCES = 4  # jobs in a row that may start before a fairer one because their model is loaded
NONE = ""  # where no checkpoint is needed
OUTLOOK = 8  # how far into an owner's jobs to look for one whose model is loaded


@dataclass(frozen=True)
class Waiting:
    """A queued job. rows: of the network's input that each of its pictures takes; checkpoint: its hash, "" for none;
    cost: in million pixel-steps."""

    id: str
    owner: str
    checkpoint: str
    rows: int
    pictures: int
    attempts: int = 0
    cost: float = 0.0


@dataclass(frozen=True)
class Working:
    """A job in work with `left` of its pictures still to make."""

    id: str
    owner: str
    checkpoint: str
    rows: int
    left: int
    attempts: int = 0


@dataclass(frozen=True)
class Limits:
    """Of one worker. rows: what one call of the network holds; checkpoints, owners: different ones in work at once."""

    rows: int = 16
    checkpoints: int = 2
    owners: int = 8


@dataclass(frozen=True)
class Turn:
    """preferred: it starts before a fairer job because its model is loaded."""

    job: Waiting
    preferred: bool = False


def rows(request: GenerationRequest | RestoreRequest) -> int:
    """What is restored asks no network that draws, and counts as one row. A picture with guidance asks the network twice,
    with and without the prompt; AND asks once for each part; an instruct model also without the picture."""
    if isinstance(request, RestoreRequest):
        return 1
    prompts = (request.words.prompt, *request.spent.prompts)
    most = max(composition.rows(prompt, request.sampling.guidance) for prompt in prompts)
    return most + (most > 1 and request.image_guidance is not None)


def may_join(working: Sequence[Working], job: Waiting, limits: Limits) -> bool:
    """True when `job` may start beside those in work.

    A job that was in work when a worker died draws alone: should it kill again, nobody else is to blame. A job with
    more pictures than there are rows is let in as soon as one of them fits. Somebody who has nothing in work comes in
    at once, though the rows be taken: then the pictures take turns.
    """
    if not working:
        return True
    if job.attempts or any(w.attempts for w in working):
        return False
    if len({w.checkpoint for w in (*working, job)} - {NONE}) > limits.checkpoints:
        return False
    owners = {w.owner for w in working}
    if job.owner not in owners and len(owners) < limits.owners:
        return True
    return sum(w.rows * w.left for w in working) + job.rows <= limits.rows


def whose_turn(
    queue: Sequence[Waiting], working: Sequence[Working], loaded: frozenset[str], limits: Limits, preferences: int = 0
) -> Turn | None:
    """The job to start now, or None when nobody can.

    queue: fairest first; loaded: hashes of the models that need no loading; preferences: how many turns in a row were
    `preferred`. The fairest job goes, unless one whose model is loaded may go before it: one of its owner's next jobs,
    or anybody's while the fairest has to wait. Otherwise a fairest job that must wait makes all others wait, so it
    never starves.
    """
    if not queue:
        return None
    fairest = queue[0]
    free = may_join(working, fairest, limits)
    at_home = loaded | {w.checkpoint for w in working} | {NONE}
    if preferences < PREFERENCES and not fairest.attempts and fairest.checkpoint not in at_home:
        for job in outlook(queue, fairest.owner if free else None):
            if job.checkpoint in at_home and may_join(working, job, limits):
                return Turn(job, preferred=True)
    return Turn(fairest) if free else None


def outlook(queue: Sequence[Waiting], owner: str | None) -> list[Waiting]:
    """The next few jobs of `owner`, or of every owner, in the queue's order."""
    seen: dict[str, int] = {}
    near: list[Waiting] = []
    for job in queue:
        seen[job.owner] = seen.get(job.owner, 0) + 1
        if seen[job.owner] <= OUTLOOK and owner in (None, job.owner):
            near.append(job)
    return near
