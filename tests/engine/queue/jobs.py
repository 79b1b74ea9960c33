"""Jobs to test with."""

import time

from engine.job import Job, new_id
from engine.request.generation import GenerationRequest

REQUEST = GenerationRequest().with_(
    model={"checkpoint": "postcard", "checkpoint_hash": "0123456789"},
    canvas={"width": 64, "height": 64},
    sampling={"seed": 1, "steps": 5},
)


def job(owner: str = "anna", prompt: str = "a boat", count: int = 1, checkpoint: str = "0123456789") -> Job:
    request = REQUEST.with_(words={"prompt": prompt}, output={"count": count}, model={"checkpoint_hash": checkpoint})
    return Job(id=new_id(), owner=owner, request=request, created=time.time())
