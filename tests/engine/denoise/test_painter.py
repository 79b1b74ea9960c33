"""One device's drawing through its public door: the real model, real PNGs."""

import gc
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from engine import infotext
from engine.denoise.painter import Painter
from engine.errors import CannotSign
from engine.events import FINAL, Done, Event, Failed, Made, Started, Stepped
from engine.job import Job, new_id
from engine.library.scan import Library
from engine.provenance.sign import Signer
from engine.request.read import read
from engine.resolve import resolve
from tests.engine.library.tiny import write_folder


@pytest.fixture
def painter(library: Library, tmp_path: Path) -> Iterator[Painter]:
    made = Painter(library, "cpu", "float32", 16, 1.0, tmp_path)
    yield made
    made.close()


def job(library: Library, **values: Any) -> Job:
    asked = read({"prompt": "a red house by day", "steps": 4, "seed": 7} | values)
    return Job(id=new_id(), owner="ann", request=resolve(asked, library), created=0)


def finish(painter: Painter, *, most: int = 400) -> list[Event]:
    events: list[Event] = []
    for _ in range(most):
        if painter.idle:
            return events
        events += painter.step()
    raise AssertionError("the painter did not finish")


def of(events: list[Event], one: Job) -> list[Event]:
    return [e for e in events if e.job == one.id]


def pictures(events: list[Event]) -> list[np.ndarray]:
    return [np.asarray(Image.open(BytesIO(e.file))) for e in events if isinstance(e, Made)]


def test_a_job_becomes_a_picture_with_its_settings_inside(painter: Painter, library: Library) -> None:
    asked = job(library)
    painter.add(asked)
    events = finish(painter)
    assert [type(e) for e in events if not isinstance(e, Stepped)] == [Started, Started, Made, Done]
    assert [e.step for e in events if isinstance(e, Stepped)] == [1, 2, 3, 4]
    made = next(e for e in events if isinstance(e, Made))
    picture = Image.open(BytesIO(made.file))
    assert picture.size == (128, 128)
    assert np.asarray(picture).std() > 10
    assert read(infotext.read(picture.text["parameters"]).values) == asked.request  # pyright: ignore[reportAttributeAccessIssue]


def test_each_stream_ends_in_exactly_one_final_event(painter: Painter, library: Library) -> None:
    jobs = [job(library, seed=i, steps=3 + i) for i in range(3)]
    for one in jobs:
        painter.add(one)
    events = finish(painter)
    for one in jobs:
        own = of(events, one)
        assert sum(isinstance(e, FINAL) for e in own) == 1
        assert isinstance(own[-1], FINAL)


def test_the_same_request_makes_the_same_pixels(painter: Painter, library: Library) -> None:
    painter.add(job(library))
    first = pictures(finish(painter))
    painter.add(job(library))
    assert np.array_equal(first[0], pictures(finish(painter))[0])


def test_a_batch_equals_its_singles(painter: Painter, library: Library) -> None:
    painter.add(job(library, count=3))
    batch = pictures(finish(painter))
    assert len(batch) == 3
    for i, picture in enumerate(batch):
        painter.add(job(library, seed=7 + i))
        alone = pictures(finish(painter))[0]
        assert np.abs(alone.astype(int) - picture.astype(int)).max() <= 1


def test_a_second_user_steps_within_one_step_of_the_first(painter: Painter, library: Library) -> None:
    first, second = job(library, steps=30), job(library, steps=5, width=64, height=64)
    painter.add(first)
    for _ in range(6):
        list(painter.step())
    painter.add(second)
    steps: list[str] = []
    while second.id not in steps:
        steps += [e.job for e in painter.step() if isinstance(e, Stepped)]
    assert steps.count(first.id) <= 1


def test_a_removed_job_is_not_heard_of_again(painter: Painter, library: Library) -> None:
    keep, drop = job(library), job(library, steps=9)
    painter.add(keep)
    painter.add(drop)
    list(painter.step())
    painter.remove(drop.id)
    events = finish(painter)
    assert not of(events, drop)
    assert isinstance(of(events, keep)[-1], Done)


def test_pictures_that_are_stored_already_are_not_drawn_again(painter: Painter, library: Library) -> None:
    painter.add(job(library, count=3), skip=frozenset({0, 2}))
    assert [e.index for e in finish(painter) if isinstance(e, Made)] == [1]


def test_a_preview_looks_like_the_picture(painter: Painter, library: Library) -> None:
    painter.add(job(library, prompt="a red house in the snow by day", steps=40))
    events = finish(painter)
    last = [e.preview for e in events if isinstance(e, Stepped) and e.preview][-1]
    preview = np.asarray(Image.open(BytesIO(last)).convert("RGB").resize((16, 16))).astype(float)
    made = np.asarray(Image.fromarray(pictures(events)[0]).resize((16, 16))).astype(float)
    assert np.corrcoef(preview.ravel(), made.ravel())[0, 1] > 0.8


def test_one_job_that_fails_leaves_its_companions_alone(painter: Painter, library: Library) -> None:
    good, bad = job(library), job(library, start="picture", picture="0" * 64)
    painter.add(bad)
    painter.add(good)
    events = finish(painter)
    (failed,) = [e for e in of(events, bad) if isinstance(e, FINAL)]
    assert isinstance(failed, Failed)
    assert failed.problem.field == "picture"
    assert isinstance(of(events, good)[-1], Done)


def test_a_model_that_overflows_says_so(tmp_path: Path) -> None:
    """Tiny random weights, made huge: finite in the file, not in the picture."""
    folder = tmp_path / "models" / "checkpoints" / "loud"
    write_folder(folder, seed=1)
    unet = folder / "unet" / "diffusion_pytorch_model.safetensors"
    save_file({name: tensor.float() * 1e12 for name, tensor in load_file(unet).items()}, unet)
    library = Library(tmp_path / "models", tmp_path / "cache")
    painter = Painter(library, "cpu", "float32", 16, 1.0, tmp_path)
    painter.add(job(library, width=64, height=64))
    events = finish(painter)
    (failed,) = [e for e in events if isinstance(e, FINAL)]
    assert isinstance(failed, Failed)
    assert failed.problem.code == "model.nan"
    assert not any(isinstance(e, Stepped) for e in events)  # told after the first step, not after the last
    painter.close()


def test_small_work_is_done_by_one_thread_and_large_work_by_all(painter: Painter, library: Library) -> None:
    cores = painter.cores = 2
    painter.add(job(library, width=64, height=64, steps=1))
    finish(painter)
    assert torch.get_num_threads() == 1
    painter.add(job(library, width=768, height=768, steps=1))
    finish(painter)
    assert torch.get_num_threads() == cores
    painter.close()
    assert torch.get_num_threads() == cores
    torch.set_num_threads(1)


def test_swapping_models_ten_times_gives_the_memory_back(tmp_path: Path) -> None:
    """Two tiny random models under a budget for one."""
    for seed, name in enumerate("ab"):
        write_folder(tmp_path / "models" / "checkpoints" / name, seed=seed)
    library = Library(tmp_path / "models", tmp_path / "cache")
    library.refresh()
    painter = Painter(library, "cpu", "float32", 16, 1e-6, tmp_path)
    resident: list[int] = []
    for turn in range(20):
        painter.add(job(library, checkpoint="ab"[turn % 2], width=64, height=64, steps=2))
        assert isinstance(finish(painter)[-1], Done)
        assert len(painter.loaded) <= 1
        if turn in (9, 19):
            gc.collect()
            resident.append(psutil.Process().memory_info().rss)
    assert resident[1] - resident[0] < 30 * 2**20
    painter.close()


def test_a_job_that_cannot_be_signed_is_refused_before_a_step_is_drawn(library: Library, tmp_path: Path) -> None:
    signer = Signer(tmp_path / "keys")
    signer.check()
    (signer.folder / "key.pem").write_bytes(b"broken")
    painter = Painter(library, "cpu", "float32", 16, 1.0, tmp_path, signer)
    with pytest.raises(CannotSign):
        painter.add(job(library))
    assert painter.idle
    painter.close()


def test_a_hastened_job_ends_after_the_step_at_hand_with_what_is_there(painter: Painter, library: Library) -> None:
    hastened, other = job(library, steps=60, count=2), job(library, steps=6)
    for one in (hastened, other):
        painter.add(one)
    events = [*painter.step()]
    painter.hasten(hastened.id)
    events += finish(painter, most=10)
    assert [type(e) for e in of(events, hastened) if not isinstance(e, Stepped)] == [Started, Started, Made, Made, Done]
    assert max(e.step for e in of(events, hastened) if isinstance(e, Stepped)) == 60  # told as whole
    (whole,) = pictures(of(events, other))
    alone = job(library, steps=6)
    painter.add(alone)
    assert np.abs(whole.astype(int) - pictures(finish(painter))[0]).max() <= 2  # it shared steps
    assert all(picture.std() > 5 for picture in pictures(of(events, hastened)))


def test_hastening_a_second_pass_leaves_it_out(painter: Painter, library: Library) -> None:
    asked = job(library, steps=20, hires_scale=2)
    painter.add(asked)
    list(painter.step())
    painter.hasten(asked.id)
    (picture,) = pictures(finish(painter, most=5))
    assert picture.shape[:2] == asked.size[::-1]
