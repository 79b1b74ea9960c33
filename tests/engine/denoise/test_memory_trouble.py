"""Running out of memory: room is made, fewer pictures step at once, and only what cannot fit fails, in words."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from engine.denoise.decode import decode
from engine.denoise.painter import Painter
from engine.events import FINAL, Done, Failed, Made
from engine.library.load import LoadedModel
from engine.library.scan import Library
from tests.engine.denoise.test_painter import finish, job


@pytest.fixture
def painter(library: Library, tmp_path: Path) -> Iterator[Painter]:
    made = Painter(library, "cpu", "float32", 16, 1.0, tmp_path)
    made.add(job(library, steps=1, width=64, height=64))
    finish(made)
    yield made
    made.close()


@contextmanager
def memory_for(network: nn.Module, rows: int) -> Iterator[None]:
    """The network, of diffusers, fails as on a device that holds only so many rows."""

    def check(module: nn.Module, arguments: tuple[Any, ...]) -> None:
        if len(arguments[0]) > rows:
            raise MemoryError("out of memory")

    hook = network.register_forward_pre_hook(check)
    yield
    hook.remove()


def model(painter: Painter) -> LoadedModel:
    (held,) = painter.residency.held.values()
    assert isinstance(held.model, LoadedModel)
    return held.model


def test_fewer_pictures_step_at_once_when_all_do_not_fit(painter: Painter, library: Library) -> None:
    with memory_for(model(painter).unet, rows=2):
        painter.add(job(library, count=4, width=64, height=64))
        painter.add(job(library, seed=50, width=64, height=64))
        events = finish(painter)
    assert sum(isinstance(e, Made) for e in events) == 5
    assert sum(isinstance(e, Done) for e in events) == 2


def test_a_picture_that_does_not_fit_alone_fails_with_a_size_that_may(painter: Painter, library: Library) -> None:
    with memory_for(model(painter).unet, rows=1):
        painter.add(job(library, width=128, height=128))
        (failed,) = [e for e in finish(painter) if isinstance(e, FINAL)]
    assert isinstance(failed, Failed)
    assert failed.problem.code == "memory.short"
    assert "64 x 64" in failed.problem.remedy
    painter.add(job(library))
    assert isinstance(finish(painter)[-1], Done)


def test_decoding_falls_back_to_tiles_and_leaves_the_vae_as_it_was(painter: Painter) -> None:
    vae: Any = model(painter).vae
    latents = torch.randn(1, 4, 32, 32)
    whole = np.asarray(decode(model(painter), latents)).astype(int)

    def check(module: nn.Module, arguments: tuple[Any, ...]) -> None:
        if arguments[0].shape[-1] > 16:
            raise MemoryError("out of memory")

    hook = vae.decoder.register_forward_pre_hook(check)
    tiled = np.asarray(decode(model(painter), latents)).astype(int)
    hook.remove()
    assert tiled.shape == whole.shape
    assert np.abs(tiled - whole).mean() < 20
    assert not vae.use_tiling
