"""A training step on a CPU in bfloat16, with what engine/training/material.py's suit_cpu does and without: forward and
backward of the UNet of 32 pictures' latents, and of the VAE of eight crops, of the recipe's small Postcard."""

from collections.abc import Callable
from typing import Any

import torch
from diffusers.models.attention_processor import AttnProcessor, AttnProcessor2_0

from benchmarks.table import Row, interleaved, ratio, timed
from recipes.postcard import networks

SIZE = networks.SIZES["small"]
SIDES = ((32, 16), (8, 32), (2, 64))  # pictures at once, side of their latents


def measure(runs: int) -> list[Row]:
    unet, vae = networks.unet(SIZE), networks.autoencoder(SIZE)
    rows: list[Row] = []
    for count, side in SIDES:
        step = denoising(unet, count, side)
        ways = {
            "fused": with_attention(unet, AttnProcessor2_0(), step),
            "plain": with_attention(unet, AttnProcessor(), step),
        }
        taken = interleaved(ways, runs)
        where = f"{count} of {side} x {side} latents"
        rows += [
            timed(f"UNet, fused attention, {where}", taken["fused"]),
            timed(f"UNet, plain, {where}", taken["plain"]),
        ]
        rows.append(ratio(f"plain / fused, {where}", taken["plain"], taken["fused"], "< 1" if side <= 32 else ""))
    other = networks.autoencoder(SIZE).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    taken = interleaved({"first": autoencoding(vae), "last": autoencoding(other)}, runs)
    rows += [timed("VAE, channels first", taken["first"]), timed("VAE, channels last", taken["last"])]
    return [*rows, ratio("channels last / first", taken["last"], taken["first"], "< 1")]


def with_attention(unet: Any, processor: Any, step: Callable[[], None]) -> Callable[[], None]:
    def act() -> None:
        unet.set_attn_processor(processor)
        step()

    return act


def denoising(unet: Any, count: int, side: int) -> Callable[[], None]:
    noisy, context = torch.randn(count, 4, side, side), torch.randn(count, 77, SIZE.text)
    times = torch.randint(0, 1000, (count,))
    return lambda: backward(unet, lambda: unet(noisy, times, context, return_dict=False)[0])


def autoencoding(vae: Any) -> Callable[[], None]:
    crops = torch.randn(8, 3, 64, 64)
    return lambda: backward(vae, lambda: vae(crops, return_dict=False)[0])


def backward(network: torch.nn.Module, answer: Callable[[], torch.Tensor]) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = answer()
    found.float().square().mean().backward()
    network.zero_grad(set_to_none=True)
