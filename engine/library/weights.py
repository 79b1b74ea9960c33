"""Weights on their way from a file into a network: mapped into memory, renamed, cast, checked for NaN, not copied twice.

The file is read lazily: a page comes from the disk when it is first touched. The mapping is private, so changing a
weight in place (a LoRA) never reaches the file.
"""

import mmap
from math import prod
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.errors import ModelDamaged
from engine.library.header import AGAIN, Entry, Header, header_of, open_model, short
from engine.library.names import Place
from engine.library.parts import Part

DTYPES = {
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F32": torch.float32,
    "F64": torch.float64,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
}
COUNTS = {"I64": torch.int64, "I32": torch.int32, "BOOL": torch.bool}  # beside weights: places and numbers of batches
CHECKED_WHOLE = 64 * 1024  # bytes; of larger tensors both ends and a sample in between are checked
CHECKED_END = 4096


class WeightFile:
    """A safetensors file, open for as long as one of its tensors lives."""

    def __init__(self, path: Path):
        with open_model(path) as file:
            self.header: Header = header_of(file, path.name)
            self.path = path
            self._bytes = torch.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY), dtype=torch.uint8)

    def tensor(self, name: str, counts: bool = False) -> Tensor:
        """A view of the mapping in the file's own dtype and shape. counts: whole numbers are let through."""
        entry = self.header.tensors[name]
        dtype = (DTYPES | COUNTS if counts else DTYPES).get(entry.dtype)
        if dtype is None:
            raise ModelDamaged(
                "model.quantised",
                f"{self.header.name} stores its weights as {entry.dtype}, which is not supported.",
                "Use a version with float16, bfloat16 or float32 weights.",
                file=self.header.name,
            )
        raw = self._bytes[entry.begin : entry.end]
        if entry.begin % dtype.itemsize:  # some programs do not align the first tensor
            raw = raw.clone()
        return raw.view(dtype).view(entry.shape)


def fill(network: nn.Module, part: Part, file: WeightFile, device: torch.device, dtype: torch.dtype) -> None:
    """Turn a skeleton (all parameters on "meta") into a network on the device; whole and finite, or ModelDamaged."""
    wanted = network.state_dict()
    places = part.places(wanted.keys(), file.header)
    _refuse_missing(wanted, places, part, file.header)
    stored = {name: _take(file, places[name], wanted[name].shape) for name in wanted}
    _refuse_nan(stored, part, file.header)
    ready = {name: _settle(tensor, device, dtype) for name, tensor in stored.items()}
    network.load_state_dict(ready, assign=True)
    network.requires_grad_(False).eval()


def _take(file: WeightFile, place: Place, shape: torch.Size) -> Tensor:
    tensor = file.tensor(place.key)
    if place.third is not None:
        rows = tensor.shape[0] // place.of
        tensor = tensor[rows * place.third : rows * (place.third + 1)]
    return tensor.view(shape)  # 1 x 1 convolutions and linear layers differ only in trailing ones


def _settle(tensor: Tensor, device: torch.device, dtype: torch.dtype) -> Tensor:
    if device.type == "cpu":
        return tensor.to(dtype)
    layout = torch.channels_last if tensor.dim() == 4 else torch.contiguous_format
    return tensor.to(device).to(dtype, memory_format=layout)


def _refuse_missing(wanted: dict[str, Tensor], places: dict[str, Place], part: Part, header: Header) -> None:
    missing = [places[name].key for name in wanted if places[name].key not in header.tensors]
    if missing:
        raise ModelDamaged(
            "model.incomplete",
            f"{header.name} lacks {len(missing)} of the {len(wanted)} weights of the {part.label},"
            f" for example {short(missing[0])!r}.",
            "It may be only a part of a checkpoint, or made for another architecture. Download it again.",
            file=header.name,
        )
    left = set(header.tensors) - {place.key for place in places.values()}
    if part.alone and left:
        raise ModelDamaged(
            "model.config",
            f"{header.name} holds {len(left)} weights that its configuration does not know,"
            f" for example {short(min(left))!r}.",
            "The configuration belongs to another model. Download the whole folder again.",
            file=header.name,
        )
    for name, tensor in wanted.items():
        entry = header.tensors[places[name].key]
        if _stored_shape(entry, places[name]) != _without_ones(tuple(tensor.shape)):
            raise ModelDamaged(
                "model.shape",
                f"{header.name} is not what it seems: {short(places[name].key)!r} of the {part.label} has the shape"
                f" {list(entry.shape)}.",
                "It may be made for another architecture; choose another file.",
                file=header.name,
            )


def _stored_shape(entry: Entry, place: Place) -> tuple[int, ...]:
    shape = entry.shape
    if place.third is not None:
        shape = (shape[0] // place.of, *shape[1:]) if shape and shape[0] % place.of == 0 else ()
    return _without_ones(shape)


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    while len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def _refuse_nan(stored: dict[str, Tensor], part: Part, header: Header) -> None:
    samples = {name: torch.cat(_sample(tensor)) for name, tensor in stored.items() if prod(tensor.shape)}
    if all(torch.isfinite(torch.cat(same).float()).all() for same in _by_dtype(samples)):
        return
    bad = next(name for name, sample in samples.items() if not torch.isfinite(sample.float()).all())
    raise ModelDamaged(
        "model.nan",
        f"{header.name} contains NaN or infinity in the {part.label} ({short(bad)!r}): it would draw black pictures.",
        f"It was probably merged or converted badly. {AGAIN}",
        file=header.name,
    )


def _sample(tensor: Tensor) -> list[Tensor]:
    flat = tensor.reshape(-1)
    if flat.nbytes <= CHECKED_WHOLE:
        return [flat]
    end = CHECKED_END // flat.itemsize
    return [flat[:end], flat[-end:], flat[:: max(1, len(flat) // 64)]]


def _by_dtype(samples: dict[str, Tensor]) -> list[list[Tensor]]:
    kinds: dict[torch.dtype, list[Tensor]] = {}
    for sample in samples.values():
        kinds.setdefault(sample.dtype, []).append(sample)
    return list(kinds.values())
