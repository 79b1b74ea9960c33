"""Latents are brought to unit spread without changing a picture."""

from pathlib import Path

import torch

from recipes.postcard.draw import draw
from recipes.postcard.networks import SIZES, autoencoder
from recipes.postcard.scale import fold, spread
from recipes.postcard.scenes import training_scenes


def test_after_folding_the_latents_have_unit_spread_and_the_pictures_are_as_before(tmp_path: Path) -> None:
    torch.manual_seed(0)
    vae = autoencoder(SIZES["tiny"]).eval()
    paths = []
    for index, scene in zip(range(4), training_scenes(0), strict=False):
        paths.append(tmp_path / f"{index}.png")
        draw(scene, index).picture(64).save(paths[-1])
    pixels = torch.rand(2, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        before = vae.decode(vae.encode(pixels).latent_dist.mean).sample  # pyright: ignore
        noise = vae.encode(pixels).latent_dist.std  # pyright: ignore
        mean, std = spread(vae, paths)
        fold(vae, mean, std)
        after = vae.decode(vae.encode(pixels).latent_dist.mean).sample  # pyright: ignore
    torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-4)
    again = spread(vae, paths)
    torch.testing.assert_close(again[0], torch.zeros(4), rtol=0, atol=1e-4)
    torch.testing.assert_close(again[1], torch.ones(4), rtol=1e-3, atol=0)
    torch.testing.assert_close(vae.encode(pixels).latent_dist.std * std.view(1, -1, 1, 1), noise, rtol=1e-3, atol=1e-5)  # pyright: ignore
