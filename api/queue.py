"""The queue over HTTP: one's own jobs change places, wait aside and go; an admin sees the load, not the prompts."""

import hashlib

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.jobs import TheStudio, Visitor
from engine.job import Job

router = APIRouter(prefix="/api")


class State(BaseModel):
    state: str = Field(description="queued, paused, running, done, failed or cancelled.")


class Many(BaseModel):
    changed: int = Field(description="How many jobs.")


class Move(BaseModel):
    model_config = ConfigDict(extra="forbid")

    before: str | None = Field(
        default=None, description="Another of your waiting jobs; without it to the front of them."
    )


class Share(BaseModel):
    """One person's part in the load. Costs in million pixel-steps."""

    person: str = Field(description="A sign that stands for them; the same as long as they are the same person.")
    queued: int
    running: int
    paused: int
    ahead: float = Field(description="Cost of these jobs.")
    day: float = Field(description="Cost of what was accepted in the last 24 hours.")
    weight: float
    cost_per_day: float | None


class Load(BaseModel):
    people: list[Share]
    pace: float | None = Field(
        description="Seconds of the device for a million pixel-steps; null before the first job."
    )


@router.post("/jobs/cancel")
def cancel_all(studio: TheStudio, owner: Visitor) -> Many:
    """All of one's own jobs that wait, are paused or in work."""
    return Many(changed=studio.line.cancel_all(owner))


@router.post("/jobs/pause")
def pause_all(studio: TheStudio, owner: Visitor) -> Many:
    """All of one's own waiting jobs."""
    return Many(changed=studio.line.pause_all(owner))


@router.post("/jobs/resume")
def resume_all(studio: TheStudio, owner: Visitor) -> Many:
    """All of one's own paused jobs join the line again."""
    return Many(changed=studio.line.resume_all(owner))


@router.post("/jobs/{job_id}/cancel")
def cancel(job_id: str, studio: TheStudio, owner: Visitor) -> State:
    return told(studio.cancel(job_id, owner))


@router.post("/jobs/{job_id}/pause")
def pause(job_id: str, studio: TheStudio, owner: Visitor) -> State:
    """A waiting job waits aside; the later ones move up."""
    return told(studio.line.pause(job_id, owner))


@router.post("/jobs/{job_id}/resume")
def resume(job_id: str, studio: TheStudio, owner: Visitor) -> State:
    """It joins the line as if it was submitted now."""
    return told(studio.line.resume(job_id, owner))


@router.post("/jobs/{job_id}/move")
def move(job_id: str, studio: TheStudio, owner: Visitor, to: Move | None = None) -> State:
    """Among one's own waiting jobs; nobody else's place changes."""
    return told(studio.line.move(job_id, owner, to and to.before))


@router.get("/load")
def load(studio: TheStudio) -> Load:
    """Jobs and their cost for each person, without prompts. For admins (api/rules.py)."""
    rows = studio.line.load()
    people = [Share(**{**row, "person": sign(row.pop("owner"))}) for row in rows]
    return Load(people=people, pace=studio.progress.seconds_per_cost)


def told(job: Job) -> State:
    return State(state=job.state.value)


def sign(owner: str) -> str:
    """Without accounts an owner's id opens their gallery: it is not shown."""
    return hashlib.sha256(owner.encode()).hexdigest()[:12]
