"""Tiles: the picture is as if it had never been cut, whatever its size."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from engine.errors import BadRequest, OutOfMemory
from engine.library.addition import describe
from engine.library.load_upscaler import LoadedUpscaler, load_upscaler
from engine.picture.steps.table import whole
from engine.request.restoring import Upscale
from engine.restore import tiled
from engine.restore.tiled import FADE, SEEN, ask, pieces, through
from engine.restore.upscale import upscale
from tests.engine.library.tiny_upscaler import esrgan, write_safetensors


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> LoadedUpscaler:
    path = write_safetensors(tmp_path_factory.mktemp("up") / "tiny.safetensors", esrgan(scale=2))
    return load_upscaler(describe(path, "tiny", "upscaler"), torch.device("cpu"), torch.float32)


def picture(width: int, height: int) -> Image.Image:
    return Image.effect_noise((width, height), 60).convert("RGB").filter(ImageFilter.GaussianBlur(1))


@pytest.mark.parametrize("size", [(150, 130), (64, 200), (65, 65), (8, 300)])
def test_a_tiled_picture_equals_the_whole_one(network: LoadedUpscaler, size: tuple[int, int]) -> None:
    """To one level of 255, the rounding: a tile sees 32 pixels further than it gives."""
    source = picture(*size)
    at_once = np.rint(ask(network, np.asarray(source)) * 255)
    made = np.asarray(whole(through(network, source, tile=64)), np.float32)
    assert made.shape == at_once.shape
    assert np.abs(made - at_once).max() <= 1


@pytest.mark.parametrize(("length", "tile"), [(1, 64), (64, 64), (65, 64), (200, 64), (1000, 256), (4097, 256)])
def test_neighbours_weights_add_up_to_one_everywhere(length: int, tile: int) -> None:
    total = np.zeros(length * 3)
    for piece in pieces(length, tile):
        assert piece.first <= piece.begin < piece.end <= piece.last
        assert piece.first == 0 or piece.begin - piece.first == SEEN - FADE
        total[piece.begin * 3 : piece.end * 3] += piece.weights(length, 3)
    assert np.allclose(total, 1)


def test_memory_that_runs_out_makes_tiles_smaller_and_the_same_picture(
    network: LoadedUpscaler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device that takes no tile above 130 pixels."""
    asked: list[int] = []

    def short(pixels: torch.Tensor) -> torch.Tensor:
        asked.append(max(pixels.shape))
        if max(pixels.shape) > 130:
            raise RuntimeError("CUDA out of memory.")
        return network.network(pixels)

    small = replace(network, network=short)  # pyright: ignore[reportArgumentType]
    source = picture(260, 100)
    assert whole(through(small, source)).tobytes() == whole(through(network, source, tile=64)).tobytes()
    assert max(asked) > 130
    monkeypatch.setattr(tiled, "SMALLEST", 256)
    with pytest.raises(OutOfMemory):
        whole(through(small, source))


@pytest.mark.parametrize("factor", [0.5, 1.5, 2, 3, 5])
def test_any_factor_is_reached_exactly(network: LoadedUpscaler, factor: float) -> None:
    made = whole(upscale(picture(40, 30), Upscale(upscaler="tiny", factor=factor), network))
    assert made.size == (round(40 * factor), round(30 * factor))


def test_a_size_is_met_by_cropping_or_by_fitting_inside(network: LoadedUpscaler) -> None:
    wanted = {"upscaler": "tiny", "width": 100, "height": 100}
    assert whole(upscale(picture(40, 30), Upscale(**wanted), network)).size == (100, 100)
    assert whole(upscale(picture(40, 30), Upscale(**wanted, crop=False), network)).size == (100, 75)
    assert whole(upscale(picture(40, 30), Upscale(upscaler="tiny", width=100), network)).size == (100, 75)


def test_transparency_grows_along(network: LoadedUpscaler) -> None:
    source = picture(40, 30)
    source.putalpha(Image.linear_gradient("L").resize((40, 30)))
    made = whole(upscale(source, Upscale(upscaler="tiny"), network))
    assert (made.mode, made.size) == ("RGBA", (80, 60))
    assert np.asarray(made.getchannel("A")).max() > 240


def test_lanczos_and_nearest_need_no_network() -> None:
    source = picture(16, 16)
    assert (
        whole(upscale(source, Upscale(), None)).tobytes() == source.resize((32, 32), Image.Resampling.LANCZOS).tobytes()
    )
    nearest = whole(upscale(source, Upscale(upscaler="Nearest", factor=3), None))
    assert nearest.resize((16, 16), Image.Resampling.NEAREST).tobytes() == source.tobytes()


def test_a_picture_that_would_become_too_large_on_the_way_is_refused(network: LoadedUpscaler) -> None:
    with pytest.raises(BadRequest, match="too many"):
        next(through(replace(network, scale=8), Image.new("RGB", (2100, 2100))))


@pytest.mark.parametrize(
    ("scale", "factor", "times"), [(2, 2, 1), (2, 3, 2), (2, 5, 3), (2, 20, 3), (2, 1, 0), (1, 1, 1), (1, 4, 1)]
)
def test_a_network_is_asked_as_often_as_it_takes_and_one_that_only_cleans_once(
    network: LoadedUpscaler, scale: int, factor: float, times: int
) -> None:
    asked: list[int] = []

    def counted(pixels: torch.Tensor) -> torch.Tensor:
        asked.append(1)
        return pixels.repeat_interleave(scale, 2).repeat_interleave(scale, 3)

    counting = replace(network, scale=scale, network=counted)  # pyright: ignore[reportArgumentType]
    made = whole(upscale(picture(12, 10), Upscale(upscaler="tiny", factor=min(factor, 8)), counting))
    assert made.size == (12 * min(factor, 8), 10 * min(factor, 8))
    assert len(asked) == times
