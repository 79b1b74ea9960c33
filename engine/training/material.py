"""What a run is made from: the model and the pictures, looked at before the first step."""

import os
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from diffusers.models.attention_processor import AttnProcessor

from engine.denoise import device as devices
from engine.errors import AtelierError, BadRequest, NotFound, Problem
from engine.library.load import LoadedModel, load
from engine.library.scan import Library
from engine.request.training import TrainingRequest
from engine.training.data.findings import Finding
from engine.training.data.gathered import Around
from engine.training.data.items import Item
from engine.training.data.sampler import split
from engine.training.data.scan import Progress, Report, scan
from engine.training.feed import mask_print
from engine.training.run_folder import RunFolder
from engine.training.store import digest

FROZEN = ("lora", "textual_inversion", "controlnet")  # their base may be kept in the precision of the computation
SHORT = 1024  # positions in a picture's latents up to which plain attention is taken on a CPU
NAMED = 3  # pictures in one sentence
TOLD = 0.5  # seconds between two lines about what goes on before the first step


@dataclass(frozen=True)
class House:
    """What a run must know of the studio. roots: the folders that pictures may come from; cache: of latents.
    lease: the run rests while it is held (engine/lease.py). checked: the safety checker looks at the samples."""

    models: Path
    cache: Path
    roots: tuple[Path, ...]
    device: str = "auto"
    lease: Path | None = None
    checked: bool = False

    @classmethod
    def of(cls, noted: Any) -> Self:
        """Of house.json in the run's folder."""
        if not isinstance(noted, dict):
            raise NotFound("training.house", "The run does not know its studio.", "Start it from the studio again.")
        roots = tuple(Path(root) for root in noted["roots"])
        lease = noted.get("lease")
        cache, device = Path(noted["cache"]), noted.get("device", "auto")
        lease, checked = Path(lease) if lease else None, bool(noted.get("checked"))
        return cls(Path(noted["models"]), cache, roots, device, lease, checked)


@dataclass(frozen=True)
class Pictures:
    """held: those that are measured with and not learned. findings: of the scan. doubts: what it warns of."""

    train: list[Item]
    held: list[Item]
    doubts: tuple[Problem, ...]
    findings: tuple[Finding, ...] = ()


def device_of(request: TrainingRequest, house: House) -> torch.device:
    """Of several processes each has a GPU of its own."""
    device, _ = devices.pick(house.device, "float32")
    if request.loop.precision == "float16" and device.type == "cpu":
        raise BadRequest("training.float16", "A CPU does not train in float16.", "Choose bfloat16.", field="precision")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if device.type == "cuda" else device


def model(request: TrainingRequest, house: House, device: torch.device, before: str | None) -> LoadedModel:
    """before: the name of the model that the run began with, when it goes on."""
    library = Library(house.models, house.cache)
    try:
        file = library.find(request.base.checkpoint_hash or request.base.checkpoint)
    except AtelierError as error:
        name = before or request.base.checkpoint
        if not name:
            raise
        raise BadRequest(
            "training.base_gone",
            f"The model {name} cannot be used: {error.problem.message}",
            f"Put {name} back into the folder of models as it was, or start a new run with another one.",
            field="checkpoint",
            name=name,
        ) from error
    frozen = request.method.kind in FROZEN and request.loop.precision != "float32"
    dtype = getattr(torch, request.loop.precision) if frozen and device.type == "cuda" else torch.float32
    return load(file, device, dtype, library.hash_of(file))


def use_threads(model: LoadedModel, request: TrainingRequest, cores: int) -> None:
    """By the size of the work alone, so that a run that goes on adds its numbers up in the same order."""
    factor = 2 ** (len(model.vae.config["block_out_channels"]) - 1)
    positions = request.loop.batch * (request.data.resolution // factor) ** 2
    weights = sum(weight.numel() for weight in model.unet.parameters())
    devices.use_threads(devices.threads(weights, positions, cores))


def suit_cpu(model: LoadedModel, request: TrainingRequest) -> None:
    """Channels last suits a CPU's convolutions; and its fused attention goes backwards slowly on short rows in bfloat16
    (benchmarks/cpu_training.py), where plain products of matrices are faster."""
    for network in (model.unet, model.vae):
        network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    factor = 2 ** (len(model.vae.config["block_out_channels"]) - 1)
    if (request.data.resolution // factor) ** 2 <= SHORT and request.loop.precision == "bfloat16":
        model.unet.set_attn_processor(AttnProcessor())


def pictures(request: TrainingRequest, house: House, model: LoadedModel) -> Iterator[Progress | Pictures]:
    """Progress, and the Pictures last. Raises BadRequest for what the scan calls an error."""
    tokenizer = model.tokenizer
    around = Around(
        roots=house.roots,
        counts=lambda text: len(tokenizer(text, add_special_tokens=False, truncation=False).input_ids),
        longest=tokenizer.model_max_length - 2,
        batch=request.loop.batch,
    )
    for found in scan(request.data, request.captions, around):
        yield found if isinstance(found, Progress) else chosen(request, found)


def chosen(request: TrainingRequest, report: Report) -> Pictures:
    for finding in report.findings:
        if finding.severity == "error":
            raise BadRequest(finding.code, finding.message, finding.remedy, field="concepts", **finding.values)
    of_kind = {kind: [i for i in report.items if i.concept.kind == kind] for kind in ("train", "prior", "validation")}
    kept, held = split(of_kind["train"], request.data.hold_out)
    if not kept and not of_kind["prior"]:
        raise BadRequest(
            "dataset.none", "There is no picture to learn from.", "Add pictures to the folder.", field="concepts"
        )
    return Pictures(kept + of_kind["prior"], of_kind["validation"] + held, doubts_of(report.findings), report.findings)


def doubts_of(findings: tuple[Finding, ...]) -> tuple[Problem, ...]:
    return tuple(
        Problem(code=one.code, message=one.message, remedy=one.remedy, field="concepts", values=one.values)
        for one in findings
        if one.severity == "warning"
    )


def unchanged(folder: RunFolder, model: LoadedModel, found: Pictures) -> None:
    """A run that goes on sees what it saw before: else it would be another run under the same name."""
    if (base := folder.noted("base")) is None:
        folder.note("base", {"name": model.name, "hash": model.hash})
    elif base["hash"] != model.hash:
        raise BadRequest(
            "training.base_changed",
            f"The model {base['name']} is not the one any more that this run began with.",
            "Put the old file back, or start a new run.",
            field="checkpoint",
            name=base["name"],
        )
    now = {item.id: [item.path.name, print_of(item)] for item in found.train + found.held}
    before = folder.noted("items")
    if before is None:
        folder.note("items", now)
    elif before != now:
        names = sorted({one[0] for key, one in {**before, **now}.items() if before.get(key) != now.get(key)})
        shown = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
        raise BadRequest(
            "training.data_changed",
            f"The pictures, captions or masks have changed since this run began: {shown}.",
            "Put them back as they were, or start a new run from its last result.",
            field="concepts",
            names=shown,
        )


def print_of(item: Item) -> str:
    """Of all that is learned from it, but for its pixels, which its id is made of."""
    control = item.control.read_bytes() if item.control else b""
    return digest(*item.captions, item.concept.kind, item.concept.repeats, mask_print(item), digest(control))


def rarely(counts: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Those that are worth a line: not too many, and the last."""
    last = 0.0
    with closing(counts):  # pyright: ignore[reportArgumentType]
        for done, of in counts:
            if done == of or time.monotonic() > last + TOLD:
                last = time.monotonic()
                yield done, of
