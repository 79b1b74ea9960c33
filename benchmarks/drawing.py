"""What the measurements draw with: the built-in model, and jobs of it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.denoise.painter import Painter
from engine.events import Event, Failed
from engine.job import Job, new_id
from engine.library.scan import Library
from engine.request.read import read
from engine.resolve import resolve

MODELS = Path(__file__).parent.parent / "models"
PROMPT = "a red house on the left in a green meadow by day, mountains, sun"


@contextmanager
def painter(models: Path = MODELS, dtype: str = "float32") -> Iterator[Painter]:
    with tempfile.TemporaryDirectory() as folder:
        made = Painter(Library(models, Path(folder)), "cpu", dtype, 16, 8.0, Path(folder))
        yield made
        made.close()


def job(made: Painter, **values: Any) -> Job:
    request = resolve(read({"prompt": PROMPT, "steps": 20, "seed": 7} | values), made.library)
    return Job(id=new_id(), owner="someone", request=request, created=0)


def finish(made: Painter) -> list[Event]:
    """Raises when a job fails: a failure must not count as fast."""
    events: list[Event] = []
    while not made.idle:
        events += made.step()
    for event in events:
        if isinstance(event, Failed):
            raise RuntimeError(str(event.problem))
    return events
