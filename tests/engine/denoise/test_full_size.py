"""A full-size Stable Diffusion 1.5 file, from the disk to a picture; random weights, so the picture shows nothing."""

from pathlib import Path

import pytest
import torch

from benchmarks.loading import write_checkpoint
from engine.denoise.painter import Painter
from engine.events import Done, Event, Made, Stepped
from engine.job import Job, new_id
from engine.library.families.stable_diffusion import SD1
from engine.library.scan import Library
from engine.request.read import read
from engine.resolve import resolve


@pytest.mark.slow
def test_a_full_size_file_draws(tmp_path: Path) -> None:
    torch.manual_seed(0)
    write_checkpoint(tmp_path / "models" / "checkpoints" / "full.safetensors", SD1)
    library = Library(tmp_path / "models", tmp_path / "cache")
    painter = Painter(library, "cpu", "auto", 16, 8.0, tmp_path)
    asked = read({"prompt": "a house", "checkpoint": "full", "width": 256, "height": 256, "steps": 2, "seed": 1})
    painter.add(Job(id=new_id(), owner="ann", request=resolve(asked, library), created=0))
    events: list[Event] = []
    while not painter.idle:
        events += painter.step()
    painter.close()
    assert [e.step for e in events if isinstance(e, Stepped)] == [1, 2]
    assert any(isinstance(e, Made) for e in events)
    assert isinstance(events[-1], Done)
