"""IP-Adapters in the loop: rows that follow a picture attend to its tokens beside their words, the others do not pay.

The network is borrowed: what its cross-attentions hear besides hangs on hooks, for the length of one call.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import Attention
from PIL import Image
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from engine.library.ip_adapter import IPAdapter
from engine.library.load_encoder import LoadedEncoder
from engine.library.sight import cropped


class Heard(Protocol):
    """What is asked of a unit here: engine.denoise.control.Unit."""

    @property
    def seen(self) -> tuple[Tensor, ...]: ...
    @property
    def weight(self) -> float: ...


class Said(NamedTuple):
    """One attention's keys and values for some rows of a call: (rows, tokens, width). weights: (rows, 1, 1), or one for all."""

    rows: Tensor
    keys: Tensor
    values: Tensor
    weights: Tensor | float


@torch.inference_mode()
def looked_at(
    network: IPAdapter, encoder: LoadedEncoder, picture: Image.Image, negative: bool
) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """Keys and values for all attentions, as IPAdapter.said: of the picture, and of none, for beside the negative prompt.

    negative: whether there is one; made together, as in diffusers' pipeline, since last bits depend on how many there are.
    """
    pixels = cropped(picture, encoder.side).to(encoder.device, encoder.dtype)
    if network.embeds:
        seen = encoder.network(pixels).image_embeds
        none = torch.zeros_like(seen)
    else:
        seen, none = (
            encoder.network(one, output_hidden_states=True).hidden_states[-2]
            for one in (pixels, torch.zeros_like(pixels))
        )
    if not negative:
        return network.said(seen), ()
    both = network.said(torch.cat([none, seen]))
    return tuple(part[1:] for part in both), tuple(part[:1] for part in both)


def cross_attentions(unet: UNet2DConditionModel) -> list[Attention]:
    """In the order of diffusers' processors, by which IP-Adapters number theirs: down, up, middle."""
    names = [name.removesuffix(".processor") for name in unet.attn_processors if name.endswith("attn2.processor")]
    return [unet.get_submodule(name) for name in names]  # pyright: ignore[reportReturnType]


@contextmanager
def attending(unet: UNet2DConditionModel, units: Sequence[tuple[Heard, ...]]) -> Iterator[None]:
    """units: of each row of the call. What they say is added up in their order; then the network is as it was."""
    if not any(units):
        yield
        return
    hooks: list[RemovableHandle] = []
    try:
        for at, attention in enumerate(cross_attentions(unet)):
            hooks += listen(attention, said_to(at, units))
        yield
    finally:
        for hook in hooks:
            hook.remove()


def said_to(attention: int, units: Sequence[tuple[Heard, ...]]) -> list[Said]:
    """Those of one place and as many tokens together."""
    found = []
    for place in range(max(map(len, units))):
        alike: dict[int, list[int]] = {}
        for row, own in enumerate(units):
            if place < len(own):
                alike.setdefault(own[place].seen[0].shape[1], []).append(row)
        for rows in alike.values():
            theirs = [units[row][place] for row in rows]
            keys, values = (torch.cat([unit.seen[2 * attention + which] for unit in theirs]) for which in (0, 1))
            weights: Tensor | float = theirs[0].weight
            if any(unit.weight != weights for unit in theirs):
                weights = torch.tensor([unit.weight for unit in theirs], device=keys.device).view(-1, 1, 1)
            found.append(Said(torch.tensor(rows, device=keys.device), keys, values, weights))
    return found


def listen(attention: Attention, said: Sequence[Said]) -> list[RemovableHandle]:
    """What is heard is added before the attention's last layer, as IP-Adapter's own attention does."""
    asked: list[Tensor] = []

    def ask(module: object, given: object, query: Tensor) -> None:
        asked.append(query)

    def answer(module: object, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return with_(given[0], asked.pop(), said, attention.heads), *given[1:]

    out = attention.to_out[0]  # pyright: ignore[reportOptionalSubscript, reportIndexIssue]
    return [attention.to_q.register_forward_hook(ask), out.register_forward_pre_hook(answer)]


def with_(answers: Tensor, query: Tensor, said: Sequence[Said], heads: int) -> Tensor:
    """answers, query: (rows, positions, width)."""
    for rows, keys, values, weights in said:
        own, key, value = (
            part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in (query.index_select(0, rows), keys, values)
        )
        heard = F.scaled_dot_product_attention(own, key, value).transpose(1, 2).flatten(2)
        answers = answers.index_add(0, rows, (weights * heard).to(answers.dtype))
    return answers
