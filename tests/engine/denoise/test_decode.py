"""Decoding in half precision: a VAE whose numbers become too large is asked again in full, and is left as it was."""

from typing import Any

import pytest
import torch

from engine.denoise.decode import decode
from engine.errors import ModelDamaged
from engine.library.load import LoadedModel, load
from engine.library.scan import Library


@pytest.fixture
def half(library: Library) -> LoadedModel:
    """Its decoder passes through 2e5, which float16 does not hold, and back."""
    model = load(library.find("postcard"), torch.device("cpu"), torch.float16)
    decoder: Any = model.vae.decoder
    decoder.conv_in.weight.data *= 2000
    decoder.conv_in.bias.data *= 2000
    return model


def test_too_large_for_half_precision_is_decoded_in_full(half: LoadedModel) -> None:
    latents = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0)) * 40
    before = {name: weight.clone() for name, weight in half.vae.state_dict().items()}
    with torch.inference_mode():
        (pixels,) = half.vae.decode(latents.half() / half.vae.config["scaling_factor"], return_dict=False)
        assert not torch.isfinite(pixels).all()
    assert decode(half, latents).size == (64, 64)
    assert all(weight.dtype is torch.float16 for weight in half.vae.parameters())
    assert all(torch.equal(before[name], weight) for name, weight in half.vae.state_dict().items())


def test_what_is_nan_in_full_precision_too_is_named(half: LoadedModel) -> None:
    vae: Any = half.vae
    vae.decoder.conv_out.bias.data[0] = float("nan")
    with pytest.raises(ModelDamaged, match="NaN"):
        decode(half, torch.zeros(1, 4, 8, 8))
    with pytest.raises(ModelDamaged, match="NaN"):
        decode(half, torch.full((1, 4, 8, 8), float("nan")))
