"""What a run will take, before it starts: time, memory and disk; a formula, set right by what past runs have measured.

The formula knows proportions well and machines badly (KEPT and PROGRAM were measured with Postcard on a CPU). So a past run of the same model on this device scales it, and one
that differs in nothing that counts replaces it: a dry run of two steps makes such a one.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from engine.request.training import TrainingRequest, flat
from engine.training.figures import Figure, Figures, Kind
from engine.training.sizes import Sizes

MOMENTS = {  # numbers that an optimiser keeps for each trained one
    "AdamW": 2.0, "Adam": 2.0, "SGD": 1.0, "RMSprop": 1.0, "Adafactor": 0.1, "Lion": 1.0, "Prodigy": 4.0,
    "schedule-free AdamW": 2.0, "AdamW 8-bit": 0.5,
}  # fmt: skip
FROZEN = ("lora", "textual_inversion", "controlnet")  # their base may be kept in the precision of the computation
BACKWARD = 3.0  # of a forward pass, what forward and backward take together
RECOMPUTED = 4 / 3  # with gradient checkpointing the forward pass is made twice
KEPT, GROWS = 1.35, 0.65  # bytes of activations for each latent position and power of the weights, in float32
PROGRAM = 950 * 2**20  # of torch and its libraries
UNKNOWN_CPU, UNKNOWN_GPU = 2e10, 2e13  # operations a second of a machine that nothing has been measured on
LOADING = 20.0  # seconds until the first step, where nothing has been measured


@dataclass(frozen=True)
class Guess:
    """Of the formula: seconds of a step, bytes at the most."""

    seconds: float
    memory: float


@dataclass(frozen=True)
class Estimate:
    """memory, disk: bytes. room: of memory and disk that is there; None where nobody knows. seconds: of the whole run."""

    seconds: float
    memory: int
    disk: int
    measured: bool
    memory_room: int | None
    disk_room: int

    @property
    def fits(self) -> bool:
        return (self.memory_room is None or self.memory <= self.memory_room) and self.disk <= self.disk_room


@dataclass(frozen=True)
class Work:
    """What there is to do. steps: of the whole run; pictures: to learn from; held: to measure with."""

    steps: int
    pictures: int
    held: int


def guess(request: TrainingRequest, sizes: Sizes, device: str) -> Guess:
    loop, vae = request.loop, request.method.kind == "vae"
    side = getattr(request.method, "crop", 0) or request.data.resolution
    positions = loop.batch * (side / 8) ** 2
    network = sizes.vae * 30 if vae else sizes.unet  # the VAE works on pixels, not on latents
    if request.method.kind == "controlnet":
        network += sizes.trained
    rows = BACKWARD * (RECOMPUTED if loop.checkpointing else 1.0)
    work = 2 * network * positions * loop.accumulation * rows
    if not request.data.cache and not vae:
        work += 2 * sizes.vae * 30 * positions * loop.accumulation
    short = loop.precision != "float32"
    gpu = device == "cuda"
    number = 2 if short and gpu and request.method.kind in FROZEN else 4
    moments = MOMENTS[request.optimisation.optimiser]
    beside = 0 if request.method.kind in ("full", "vae") else 4 * sizes.trained
    trained = beside + sizes.trained * 4 * (1 + moments + (1 if loop.ema else 0))
    kept = KEPT * positions * network**GROWS * (0.5 if short else 1.0) * (0.3 if loop.checkpointing else 1.0)
    pace = UNKNOWN_GPU * (3 if short else 1) if gpu else UNKNOWN_CPU
    return Guess(work / pace, PROGRAM + number * sizes.all + trained + kept)


def estimate(request: TrainingRequest, sizes: Sizes, work: Work, figures: Figures, runs: Path, device: str) -> Estimate:
    """device: "cpu" or "cuda"."""
    kind, guessed = Kind.of(request, device), guess(request, sizes, device)
    same, near = figures.same(kind), figures.near(kind)
    seconds, memory, before = guessed.seconds, guessed.memory, LOADING
    if same:
        seconds, memory, before = same.seconds, float(same.memory), same.before
    elif near:
        scale = guess(as_asked(request, near), sizes, device)
        seconds, memory, before = (
            seconds * near.seconds / scale.seconds,
            memory * near.memory / scale.memory,
            near.before,
        )
    room = near.room if near else None
    if room is None and device != "cuda":
        room = psutil.virtual_memory().available
    return Estimate(
        seconds=round(before + seconds * (work.steps + beside_steps(request, work)), 1),
        memory=round(memory),
        disk=disk(request, sizes, work),
        measured=same is not None,
        memory_room=room,
        disk_room=shutil.disk_usage(runs if runs.exists() else runs.parent).free,
    )


def as_asked(request: TrainingRequest, near: Figure) -> TrainingRequest:
    """The request as the past run was, as far as the formula looks."""
    kind = near.kind
    return request.with_(
        data={"resolution": kind.resolution, "cache": kind.cache},
        loop={
            "batch": kind.batch,
            "accumulation": kind.accumulation,
            "precision": kind.precision,
            "checkpointing": kind.checkpointing,
            "ema": kind.ema,
        },
        optimisation={"optimiser": kind.optimiser},
    )


def beside_steps(request: TrainingRequest, work: Work) -> float:
    """Samples and measurements, counted in steps."""
    loop, every, asked = request.loop, request.every, request.samples
    rows = loop.batch * loop.accumulation * BACKWARD
    drawn = (1 + work.steps // every.sample if every.sample else 2) * 2 * len(asked.prompts) * asked.steps
    probes = 4 * 2 * min(64, work.held)
    looked = (1 + work.steps // every.measure if every.measure else 2) * probes
    return (drawn + looked) / rows


def disk(request: TrainingRequest, sizes: Sizes, work: Work) -> int:
    """States, the cache of latents and the product."""
    moments = MOMENTS[request.optimisation.optimiser]
    state = sizes.trained * 4 * (1 + moments + (1 if request.loop.ema else 0))
    states = min(request.every.states + 2, 2 + (work.steps // request.every.save if request.every.save else 0))
    latents = 0.0
    if request.data.cache and request.method.kind != "vae":
        latents = (work.pictures + work.held) * variations(request) * 8 * 4 * (request.data.resolution / 8) ** 2
    number = 2 if request.product.half else 4
    return round(states * state + latents + number * (sizes.whole or sizes.trained * len(request.product.formats)))


def variations(request: TrainingRequest) -> int:
    asked = request.augment
    return asked.variations if asked.flip or asked.crop_jitter or asked.rotate or asked.colour else 1


def remedies(request: TrainingRequest, of: Callable[[TrainingRequest], Estimate], device: str) -> list[dict[str, Any]]:
    """What to change so that it fits, each on top of those before it, the least costly first; nothing when it fits.

    code: the parameter that it is about."""
    found: list[dict[str, Any]] = []
    now = of(request)
    for code, change in ladder(request, device):
        if now.fits:
            break
        try:
            request = change(request)
        except ValueError:
            continue
        then = of(request)
        if then.memory >= now.memory and then.disk >= now.disk:
            continue
        now = then
        values = flat(request)
        names = ("batch", "accumulation") if code == "batch" else (code,)
        told = {"code": code, "values": {name: values[name] for name in names}}
        found.append({**told, "memory": now.memory, "disk": now.disk, "fits": now.fits})
    return found


def ladder(request: TrainingRequest, device: str) -> list[tuple[str, Callable[[TrainingRequest], TrainingRequest]]]:
    loop = request.loop
    steps: list[tuple[str, Callable[[TrainingRequest], TrainingRequest]]] = []
    if request.every.states > 1:
        steps.append(("states", lambda r: r.with_(every={"states": 1})))
    if not loop.checkpointing:
        steps.append(("checkpointing", lambda r: r.with_(loop={"checkpointing": True})))
    if loop.batch > 1:  # the same pictures a step, one after the other
        steps.append(
            ("batch", lambda r: r.with_(loop={"batch": 1, "accumulation": min(256, loop.accumulation * loop.batch)}))
        )
    if loop.precision == "float32":
        steps.append(("precision", lambda r: r.with_(loop={"precision": "bfloat16"})))
    if device != "cpu" and request.optimisation.optimiser in ("AdamW", "Adam"):
        steps.append(("optimiser", lambda r: r.with_(optimisation={"optimiser": "AdamW 8-bit"})))
    for part in (0.75, 0.5):
        side = max(64, int(request.data.resolution * part) // 64 * 64)
        steps.append(("resolution", lambda r, side=side: r.with_(data={"resolution": side})))
    return steps


def steps_of(request: TrainingRequest, per_epoch: int) -> int:
    """per_epoch: batches."""
    loop = request.loop
    return loop.length * max(1, -(-per_epoch // loop.accumulation)) if loop.unit == "epochs" else loop.length
