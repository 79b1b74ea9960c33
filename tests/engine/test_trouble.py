"""Trouble that only real workers have: no GPU, and a model file cut off under a running job."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from engine.errors import ModelDamaged
from engine.job import JobState
from engine.library.scan import Library
from engine.studio import PainterSettings, Studio
from tests.engine.library.tiny import write_folder

MODELS = Path(__file__).parents[2] / "models"


@pytest.fixture
def opened() -> Iterator[list[Studio]]:
    studios: list[Studio] = []
    yield studios
    for studio in studios:
        studio.stop(grace=2)


def until(check: Callable[[], object], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_worker_that_cannot_draw_says_why(tmp_path: Path, opened: list[Studio]) -> None:
    library = Library(MODELS, tmp_path / "cache")
    studio = Studio(tmp_path / "data", library, PainterSettings(device="cuda"), workers="inprocess", disk_reserve=0)
    opened.append(studio)
    studio.start()
    until(lambda: studio.ready()["problem"])
    assert studio.ready()["problem"]["code"] == "device.cuda"
    assert not studio.ready()["ready"]


def test_a_model_cut_off_under_a_running_job_costs_that_job_and_says_why(tmp_path: Path, opened: list[Studio]) -> None:
    """Tiny random weights in their own number format are mapped, not copied: the process dies, the next one tells why."""
    folder = tmp_path / "models" / "checkpoints" / "tiny"
    write_folder(folder)
    library = Library(tmp_path / "models", tmp_path / "cache")
    studio = Studio(tmp_path / "data", library, PainterSettings("cpu", "float32"), workers="processes", disk_reserve=0)
    opened.append(studio)
    studio.start()
    asked = {"prompt": "a house", "steps": 150, "width": 256, "height": 256}
    job = studio.submit(asked, "ann")
    until(lambda: any(p["step"] for p in studio.snapshot("ann")["jobs"][0]["pictures"]))
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    with weights.open("r+b") as file:
        file.truncate(2000)
    until(lambda: studio.job(job.id, "ann").state.final)
    ended = studio.job(job.id, "ann")
    assert ended.state is JobState.FAILED
    assert ended.attempts == 1
    assert ended.problem is not None
    assert "Download or copy the file again" in ended.problem.remedy
    with pytest.raises(ModelDamaged):
        studio.submit({**asked, "checkpoint": "tiny"}, "ann")
    assert studio.store.waiting() == []
