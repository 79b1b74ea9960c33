"""Control: what ControlNets and T2I-Adapters add to the UNet's own features, row by row; IP-Adapters are image_prompt's.

Rows without control get zeros where others in their call have something; a call without control pays nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from diffusers import ControlNetModel, T2IAdapter
from PIL import Image
from torch import Tensor, nn

from engine.denoise.image_prompt import looked_at
from engine.denoise.packing import bucket
from engine.errors import ModelDamaged
from engine.library.addition import Addition
from engine.library.ip_adapter import IPAdapter
from engine.library.load import LoadedModel
from engine.library.load_control import LoadedControl, refuse_misfit
from engine.library.load_encoder import LoadedEncoder
from engine.library.scan import Library
from engine.picture.inputs import open_input
from engine.picture.preprocessors.maps import Detect, control_map, nobody
from engine.prompt import composition
from engine.request.control import ControlUnit
from engine.request.generation import GenerationRequest

FADE = 0.825  # by which an output counts less than the next, in the modes that are not balanced
ADAPTER_FADE = (0.25, 0.62, 0.825, 1.0)  # the same of a T2I-Adapter's outputs


@dataclass(frozen=True, eq=False)
class Unit:
    """seen: what the network made of the map, the same at every step: a ControlNet's embedding of it, or all that a
    T2I-Adapter or an IP-Adapter has to say, with a leading 1. share: what its network takes at a step, of what the UNet
    takes. unseen: what an IP-Adapter says beside the negative prompt."""

    control: LoadedControl
    seen: tuple[Tensor, ...]
    asked: ControlUnit
    share: float
    unseen: tuple[Tensor, ...] = ()

    @property
    def weight(self) -> float:
        return self.asked.weight

    @property
    def adapter(self) -> bool:
        return isinstance(self.control.network, T2IAdapter)

    @property
    def only_positive(self) -> bool:
        """Heard beside the prompt, and not beside the negative one."""
        network = self.control.network
        pools = isinstance(network, ControlNetModel) and bool(network.config["global_pool_conditions"])
        return pools or self.asked.mode == "ControlNet is more important"

    def acts(self, index: int, of: int) -> bool:
        """At evaluation `index` of so many, as diffusers counts control_guidance_start and control_guidance_end."""
        return not (index / of < self.asked.start or (index + 1) / of > self.asked.end)

    def scales(self, outputs: int) -> list[float]:
        """By which each output counts."""
        if self.asked.mode == "Balanced":
            return [self.asked.weight] * outputs
        if self.adapter:
            return [self.asked.weight * fade for fade in ADAPTER_FADE[-outputs:]]
        return [self.asked.weight * FADE ** (outputs - 1 - at) for at in range(outputs)]


@dataclass
class Added:
    """For all rows of a call, None where there is nothing to add. within: T2I-Adapters', added inside the down blocks."""

    down: list[Tensor] = field(default_factory=list)
    within: list[Tensor] = field(default_factory=list)

    def arguments(self) -> dict[str, Any]:
        """As the UNet takes them."""
        found: dict[str, Any] = {}
        if self.down:
            *down, middle = self.down
            found |= {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}
        if self.within:
            found["down_intrablock_additional_residuals"] = list(self.within)
        return found


class Inputs(NamedTuple):
    """Of one call: all rows, those that only fill it included."""

    latents: Tensor
    times: Tensor
    contexts: Tensor

    def rows(self, which: Sequence[int]) -> "Inputs":
        if len(which) == len(self.times) and list(which) == sorted(which):
            return self
        places = torch.tensor(which, device=self.times.device)
        return Inputs(*(tensor.index_select(0, places) for tensor in self))


@torch.inference_mode()
def units_of(
    request: GenerationRequest,
    controls: Mapping[str, LoadedControl],
    model: LoadedModel,
    pictures: Path,
    size: tuple[int, int] | None = None,
    detect: Detect = nobody,
    encoders: Mapping[str, LoadedEncoder] = {},
) -> tuple[Unit, ...]:
    """controls, encoders: the networks by their hash; size: of the pass, the first one's unless given; detect: for
    preprocessors that are networks. Maps are made here, once for all pictures of a job."""
    found = []
    for at, asked in enumerate(request.control):
        if asked.weight > 0:
            control = controls[asked.model_hash]
            refuse_misfit(control, model)
            picture = open_input(pictures, asked.picture, f"control.{at}.picture")
            if isinstance(control.network, IPAdapter):
                seen = looked_at(control.network, encoders[asked.encoder_hash], picture, guided(request))
                found.append(Unit(control, seen[0], asked, 0.0, seen[1]))
                continue
            map_ = control_map(asked, picture, size or request.size, detect)
            share = 0.0 if isinstance(control.network, T2IAdapter) else weights(control.network) / weights(model.unet)
            found.append(Unit(control, look(control, map_, 2 if request.sampling.guidance > 1 else 1), asked, share))
    return tuple(found)


def guided(request: GenerationRequest) -> bool:
    """Whether any of its pictures listens to a negative prompt."""
    prompts = (request.words.prompt, *request.spent.prompts)
    return any(composition.rows(prompt, request.sampling.guidance) > 1 for prompt in prompts)


def mapped(units: Sequence[Unit]) -> tuple[Unit, ...]:
    """Those that read a map."""
    return tuple(unit for unit in units if not isinstance(unit.control.network, IPAdapter))


def pictured(units: Sequence[Unit]) -> tuple[Unit, ...]:
    """Those that see the picture itself."""
    return tuple(unit for unit in units if isinstance(unit.control.network, IPAdapter))


def weights(network: nn.Module) -> int:
    return sum(part.numel() for part in network.parameters())


def wanted(request: GenerationRequest, library: Library) -> dict[str, Addition]:
    """The files of a resolved request's units by their hash; looked for again when they were added after the last scan."""
    found: dict[str, Addition] = {}
    for at, unit in enumerate(request.control):
        if unit.weight > 0:
            file = library.controls.meant(unit.model_hash, unit.model)
            if file is None:
                raise ModelDamaged(
                    "control.gone",
                    f"The ControlNet {unit.model} [{unit.model_hash}] is no longer here.",
                    "Put it back, or take the unit away.",
                    field=f"control.{at}.model",
                    name=unit.model,
                    hash=unit.model_hash,
                )
            found[unit.model_hash] = file
    return found


def wanted_encoders(request: GenerationRequest, library: Library) -> dict[str, Addition]:
    """The files of the image encoders that a resolved request's IP-Adapters see through, by their hash."""
    found: dict[str, Addition] = {}
    for at, unit in enumerate(request.control):
        if unit.encoder_hash and unit.weight > 0:
            file = library.encoders.meant(unit.encoder_hash)
            if file is None:
                raise ModelDamaged(
                    "encoder.gone",
                    f"The image encoder [{unit.encoder_hash}] that the IP-Adapter {unit.model} sees through is no longer here.",
                    "Put it back into models/clip_vision, or take the unit away.",
                    field=f"control.{at}.model",
                    name=unit.model,
                    hash=unit.encoder_hash,
                )
            found[unit.encoder_hash] = file
    return found


def look(control: LoadedControl, map_: Image.Image, copies: int) -> tuple[Tensor, ...]:
    pixels = torch.from_numpy(np.asarray(map_, np.float32)[None] / 255).permute(0, 3, 1, 2)
    pixels = pixels.to(control.device, control.dtype)
    if isinstance(control.network, T2IAdapter):
        grey = control.network.config["in_channels"] == 1
        return tuple(control.network(pixels.mean(1, keepdim=True) if grey else pixels))
    # As many copies as diffusers' pipeline embeds: the last bit of a convolution depends on how many it is given.
    return (control.embed(pixels.repeat(copies, 1, 1, 1))[:1],)


def acting(units: Sequence[Unit], index: int, of: int, rows: int, negatives: int) -> Iterator[tuple[Unit, ...]]:
    """Of each row of a picture those that count. negatives: rows, from the first, that are the negative prompt's."""
    now = [unit for unit in units if unit.acts(index, of)]
    for row in range(rows):
        mine = [unit for unit in now if not unit.only_positive or row >= negatives]
        yield tuple(replace(unit, seen=unit.unseen) if unit.unseen and row < negatives else unit for unit in mine)


def added(units: Sequence[tuple[Unit, ...]], inputs: Inputs) -> Added:
    """units: of each row. What they say is added up in their order."""
    found = Added()
    for place in range(max(map(len, units), default=0)):
        by_network: dict[int, list[int]] = {}
        for row, own in enumerate(units):
            if place < len(own):
                by_network.setdefault(id(own[place].control.network), []).append(row)
        for rows in by_network.values():
            say(found, rows, [units[row][place] for row in rows], inputs)
    return found


def say(found: Added, rows: Sequence[int], units: Sequence[Unit], inputs: Inputs) -> None:
    """One network, asked once for all rows that it controls."""
    if units[0].adapter:
        parts = zip(*(unit.seen for unit in units), strict=True)
        outputs, total = [torch.cat(part) for part in parts], found.within
    else:
        spare = bucket(len(rows)) - len(rows)  # bits depend on the bucket, never on companions
        asked, seen = [*rows, *[rows[0]] * spare], [unit.seen[0] for unit in units]
        its, network = inputs.rows(asked), cast(ControlNetModel, units[0].control.network)
        down, middle = network(
            its.latents[:, : network.config["in_channels"]],  # inpainting and instruct networks get more than that
            its.times,
            encoder_hidden_states=its.contexts,
            controlnet_cond=torch.cat([*seen, *seen[:1] * spare]),
            return_dict=False,
        )
        outputs, total = [part[: len(rows)] for part in (*down, middle)], found.down
    scales = [unit.scales(len(outputs)) for unit in units]
    for at, output in enumerate(outputs):
        part = scattered(scaled(output, [scale[at] for scale in scales]), rows, len(inputs.times))
        if at < len(total):
            total[at] = total[at] + part
        else:
            total.append(part)


def scaled(output: Tensor, scales: Sequence[float]) -> Tensor:
    if len(set(scales)) == 1:
        return output if scales[0] == 1 else output * scales[0]
    factors = torch.tensor(scales, dtype=torch.float32, device=output.device).view(-1, 1, 1, 1)
    return (output * factors).to(output.dtype)


def scattered(part: Tensor, rows: Sequence[int], of: int) -> Tensor:
    """Zeros for all other rows."""
    if len(rows) == of:
        return part
    whole = part.new_zeros((of, *part.shape[1:]))
    return whole.index_copy_(0, torch.tensor(rows, device=part.device), part)
