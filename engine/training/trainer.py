"""The loop: one optimiser step at a time. It knows no page, no files and no process; who runs it decides what comes between."""

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs
from torch import Tensor

from engine.errors import AtelierError
from engine.request.training import TrainingRequest
from engine.training import rng, schedules
from engine.training.ema import EMA
from engine.training.feed import Feed
from engine.training.learners.learner import Batch, Learner
from engine.training.optimisers import OPTIMISERS, make, measuring
from engine.training.state import Progress, State

PRECISIONS = {"float32": "no", "bfloat16": "bf16", "float16": "fp16"}
SMOOTH = 0.98  # what the running mean of the loss keeps


@dataclass(frozen=True)
class Step:
    """One optimiser step that was made. loss: mean over its pictures; rates: learning rate by group; length: of the
    gradient before it was clipped; left_out: nothing was learned, because the loss was not finite."""

    step: int
    epoch: float
    loss: float
    smooth: float
    rates: Mapping[str, float]
    length: float
    seconds: float
    pictures: int
    left_out: bool = False
    items: tuple[str, ...] = ()


class Trainer:
    """Steps count from 1; `progress.step` are done. The same request, data and machine make the same weights, bit by bit,
    however often the run was interrupted."""

    def __init__(self, request: TrainingRequest, learner: Learner, feed: Feed, accelerator: Accelerator):
        self.request, self.learner, self.feed, self.accelerator = request, learner, feed, accelerator
        self.progress = Progress()
        self.groups = learner.groups()
        self.weights = learner.weights()
        asked = request.optimisation
        groups = [
            {"params": list(group.weights.values()), "lr": group.learning_rate, "asked": group.learning_rate}
            for group in self.groups
        ]
        self.optimiser = make(groups, asked)
        self.network, self.prepared = accelerator.prepare(learner, self.optimiser)
        self.ema = EMA(self.weights, request.loop.ema_decay) if request.loop.ema else None
        loop = request.loop
        per_epoch = max(1, math.ceil(feed.batches_per_epoch / (loop.accumulation * accelerator.num_processes)))
        self.steps_per_epoch = per_epoch
        self.total = loop.length * per_epoch if loop.unit == "epochs" else loop.length

    @property
    def finished(self) -> bool:
        return self.progress.step >= self.total

    # -- one step

    def advance(self) -> Step:
        begun = time.perf_counter()
        loop, progress = self.request.loop, self.progress
        self.learner.mode(True)
        rates = self.set_rates()
        losses: list[Tensor] = []
        items: list[str] = []
        for turn in range(loop.accumulation):
            micro = self.micro_step(turn)
            batch = self.feed.batch(micro).to(self.accelerator.device)
            items += batch.items
            last = turn == loop.accumulation - 1
            with nullcontext() if last else self.accelerator.no_sync(self.network):
                losses.append(self.backward(batch, micro))
        loss = float(self.accelerator.gather(torch.stack(losses)).mean())  # pyright: ignore[reportAttributeAccessIssue]
        length = self.clip()
        good = math.isfinite(loss) and (math.isfinite(length) or loop.precision == "float16")
        if good:
            self.prepared.step()
            if self.ema:
                self.ema.follow(self.weights)
        elif scaler := self.accelerator.scaler:
            scaler.update()  # what it has seen of these gradients: else it refuses the next ones
        self.optimiser.zero_grad(set_to_none=True)
        progress.step += 1
        progress.bad = 0 if good else progress.bad + 1
        if good:
            before = progress.smooth
            progress.smooth = loss if before is None else SMOOTH * before + (1 - SMOOTH) * loss
        seconds = time.perf_counter() - begun
        progress.seconds += seconds
        if progress.bad > loop.bad_steps:
            raise self.diverged(tuple(items))
        return Step(
            step=progress.step,
            epoch=progress.step / self.steps_per_epoch,
            loss=loss,
            smooth=progress.smooth if progress.smooth is not None else loss,
            rates=rates,
            length=length,
            seconds=seconds,
            pictures=len(items) * self.accelerator.num_processes,
            left_out=not good,
            items=() if good else tuple(items),
        )

    def micro_step(self, turn: int) -> int:
        """The number of a batch in the whole run, of all processes."""
        processes = self.accelerator.num_processes
        index = (self.progress.step * self.request.loop.accumulation + turn) * processes
        return index + self.accelerator.process_index

    def backward(self, batch: Batch, micro: int) -> Tensor:
        seed = self.request.loop.seed
        torch.manual_seed(rng.key(seed, "dropout", micro))  # the only chance that layers draw by themselves
        chance = self.learner.draw(batch, seed, micro)
        with self.accelerator.autocast():
            loss = self.network(batch, chance).mean()
        self.accelerator.backward(loss / self.request.loop.accumulation)
        return loss.detach()

    def clip(self) -> float:
        most = self.request.optimisation.clip or math.inf
        return float(self.accelerator.clip_grad_norm_(list(self.weights.values()), most))  # pyright: ignore

    def set_rates(self) -> dict[str, float]:
        factor = schedules.factor(self.request.optimisation, self.progress.step, self.total)
        for group in self.optimiser.param_groups:
            group["lr"] = group["asked"] * factor
        names = (group.name for group in self.groups)
        return {n: float(g["lr"]) for n, g in zip(names, self.optimiser.param_groups, strict=True)}

    def sound(self) -> bool:
        """Whether these weights are worth keeping: finite, and the last step learned something."""
        return self.progress.bad == 0 and all(bool(torch.isfinite(one).all()) for one in self.weights.values())

    def diverged(self, items: Sequence[str] = ()) -> AtelierError:
        names = ", ".join(self.feed.name_of(item) for item in items[:3])
        return AtelierError(
            "training.nan",
            f"Loss or weights are not finite numbers any more at step {self.progress.step}"
            + (f", last with {names}." if names else "."),
            "Lower the learning rate (most often it is too high), train in bfloat16 or float32 instead of float16, and "
            "look at these pictures. The last good state is kept.",
            field="learning_rate",
            names=names,
        )

    # -- measuring

    def measure(self, batches: Iterable[Batch]) -> dict[str, float]:
        """By item: the mean loss over fixed looks, with the mean weights where there are some."""
        self.learner.mode(False)
        with self.averaged():
            found = {item: loss for batch in batches for item, loss in self.looked(batch).items()}
        self.learner.mode(True)
        return found

    @torch.no_grad()
    def looked(self, batch: Batch) -> dict[str, float]:
        here = batch.to(self.accelerator.device)
        looks: list[Tensor] = []
        for look in range(self.learner.probes):
            chance = self.learner.probe(here, self.request.loop.seed, look)
            with self.accelerator.autocast():
                looks.append(self.learner.plain(here, chance).float().cpu())
        return dict(zip(batch.items, torch.stack(looks).mean(0).tolist(), strict=True))

    def averaged(self) -> AbstractContextManager[None]:
        """The networks as they are drawn, measured and saved with."""
        return self.ema.inside(self.weights) if self.ema else self.shown()

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Schedule-free optimisers show their mean weights; going there and back would not be exact by itself."""
        name = self.request.optimisation.optimiser
        if not OPTIMISERS[name].modes:
            yield
            return
        before = {key: weight.detach().clone() for key, weight in self.weights.items()}
        measuring(self.optimiser, name, True)
        try:
            yield
        finally:
            measuring(self.optimiser, name, False)
            with torch.no_grad():
                for key, weight in self.weights.items():
                    weight.copy_(before[key])

    # -- states

    def state(self) -> State:
        scaler = self.accelerator.scaler
        return State(
            progress=self.progress,
            weights={name: weight.detach() for name, weight in self.weights.items()},
            optimiser=self.optimiser.state_dict(),
            ema=dict(self.ema.means) if self.ema else None,
            ema_steps=self.ema.steps if self.ema else 0,
            scaler=scaler.state_dict() if scaler else None,
        )

    def restore(self, state: State) -> None:
        """Raises AtelierError when the state belongs to other weights."""
        shapes = {name: tuple(weight.shape) for name, weight in self.weights.items()}
        if shapes != {name: tuple(tensor.shape) for name, tensor in state.weights.items()}:
            raise AtelierError(
                "training.other_state", "The saved state belongs to another training.", "Start this one anew."
            )
        with torch.no_grad():
            for name, weight in self.weights.items():
                weight.copy_(state.weights[name])
        self.optimiser.load_state_dict(state.optimiser)
        if self.ema and state.ema:
            self.ema.means = {name: tensor.to(self.ema.means[name]) for name, tensor in state.ema.items()}
            self.ema.steps = state.ema_steps
        if self.accelerator.scaler and state.scaler:
            self.accelerator.scaler.load_state_dict(state.scaler)
        self.progress = state.progress


def accelerator_for(request: TrainingRequest, device: torch.device) -> Accelerator:
    """accelerate keeps one state per process; a second run in the same process may ask for another precision."""
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state()
    method: Any = request.method
    ddp = DistributedDataParallelKwargs(
        find_unused_parameters=bool(getattr(method, "text_encoder", False))
    )  # CLIP skip
    return Accelerator(
        mixed_precision=PRECISIONS[request.loop.precision], cpu=device.type == "cpu", kwargs_handlers=[ddp]
    )
