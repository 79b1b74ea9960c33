"""One step of every picture that can share a call: each row has its own timestep, prompt, guidance and solver."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import lcm

import torch

from engine.denoise.conditioning import Conditioning
from engine.denoise.control import Inputs, Unit, acting, added, mapped, pictured
from engine.denoise.image_prompt import attending
from engine.denoise.keep import Keep
from engine.denoise.noise import Noise
from engine.denoise.packing import bucket, pack
from engine.denoise.solvers.fused import Terms, terms, total
from engine.denoise.solvers.solver import Solver
from engine.denoise.trace import Sight, see
from engine.library.load import LoadedModel


@dataclass
class Denoising:
    """One picture in the making. It lives on one device, in one thread.

    latents: float32 (1, channels, height / 8, width / 8); index: evaluations of the network that are done.
    """

    model: LoadedModel
    solver: Solver
    latents: torch.Tensor
    conditioning: Conditioning
    guidance: float
    noise: Noise
    control: tuple[Unit, ...] = ()
    index: int = 0
    alone: bool = False
    keep: Keep | None = None  # what stays as it was
    beside: torch.Tensor | None = None  # channels that the network gets behind the latents, in latents' size
    guess: torch.Tensor | None = None  # the finished latents as the last step saw them, when asked for
    watched: bool = False  # its steps are kept
    seen: Sight | None = None  # the last of them

    @property
    def finished(self) -> bool:
        return self.index >= len(self.solver.times)

    def end_with(self, latents: torch.Tensor) -> None:
        """Finished before its time."""
        self.index, self.latents, self.guess = len(self.solver.times), latents, None

    def go_on(self, latents: torch.Tensor) -> None:
        """Take the step's latents, but for what is kept."""
        self.index += 1
        self.latents = latents if self.keep is None else self.keep.after(self.solver, self.index, latents)


@dataclass(frozen=True)
class Row:
    """One input of the network."""

    owner: int
    latents: torch.Tensor
    time: float
    context: torch.Tensor
    units: tuple[Unit, ...] = ()


@dataclass
class Outcome:
    """calls: of the network; failures: of pictures whose own solver failed, by index."""

    calls: int = 0
    failures: dict[int, Exception] = field(default_factory=dict)


@torch.inference_mode()
def step(pictures: Sequence[Denoising], most_rows: int = 16, guesses: frozenset[int] = frozenset()) -> Outcome:
    """Advance every picture by one evaluation; all have the same model and size.

    guesses: indices of the pictures whose present guess is wanted for a preview. Raises what the network raises, and
    then no picture has advanced: the step can be tried again.
    """
    together = [i for i, p in enumerate(pictures) if not p.alone]
    groups = ([together] if together else []) + [[i] for i, p in enumerate(pictures) if p.alone]
    outcome, ready = Outcome(), []
    for group in groups:
        rows = [row for i in group for row in rows_of(i, pictures[i])]
        outputs, made = evaluate(pictures[group[0]].model, rows, most_rows)
        ready += [(i, [o for row, o in zip(rows, outputs, strict=True) if row.owner == i]) for i in group]
        outcome.calls += made
    sums: dict[int, Terms] = {}
    for i, outputs in ready:
        try:
            if found := advance(pictures[i], outputs, i in guesses, len(together) > 1):
                sums[i] = found
        except Exception as error:  # of this picture alone
            outcome.failures[i] = error
    if sums:
        for i, latents in zip(sums, total(list(sums.values())), strict=True):
            pictures[i].go_on(latents)
    return outcome


def rows_of(owner: int, picture: Denoising) -> list[Row]:
    scaled = picture.solver.input(picture.latents, picture.index)
    told, time = picture.conditioning, picture.solver.times[picture.index]
    shown = [scaled] * told.rows
    if picture.beside is not None:
        blank = [torch.zeros_like(picture.beside)] * told.unshown
        shown = [torch.cat([scaled, one], 1) for one in (*blank, *[picture.beside] * (told.rows - told.unshown))]
    units = acting(
        picture.control, picture.index - told.first, len(picture.solver.times) - told.first, told.rows, told.negatives
    )
    every = zip(shown, told.at(picture.index), units, strict=True)
    return [Row(owner, latents, time, context, own) for latents, context, own in every]


def evaluate(model: LoadedModel, rows: Sequence[Row], most: int) -> tuple[list[torch.Tensor], int]:
    """The network's output for each row (float32, with a leading 1), and how many calls it took."""
    chunk: int = model.tokenizer.model_max_length
    lengths = [max(1, len(row.context) // chunk) for row in rows]
    outputs: list[torch.Tensor | None] = [None] * len(rows)
    calls = pack(lengths, most, fill=model.device.type == "cpu")
    for call in calls:
        for index, output in zip(call, one_call(model, [rows[i] for i in call]), strict=True):
            outputs[index] = output
    return [output for output in outputs if output is not None], len(calls)


def one_call(model: LoadedModel, rows: Sequence[Row]) -> list[torch.Tensor]:
    padded = [*rows, *[rows[0]] * (bucket(len(rows)) - len(rows))]
    # Attention over k copies of a context equals attention over one: lengths are matched by repetition.
    length = lcm(*(len(row.context) for row in padded))
    latents = torch.cat([row.latents for row in padded]).to(model.dtype)
    times = torch.tensor([row.time for row in padded], dtype=torch.float32).to(model.device)
    contexts = torch.stack([row.context.repeat(length // len(row.context), 1) for row in padded])
    if model.device.type == "cuda":
        latents = latents.contiguous(memory_format=torch.channels_last)
    more = added([mapped(row.units) for row in rows], Inputs(latents, times, contexts)).arguments()
    with attending(model.unet, [pictured(row.units) for row in rows]):
        output = model.unet(latents, times, encoder_hidden_states=contexts, return_dict=False, **more)[0]
    return list(output[: len(rows)].float().split(1))


def advance(picture: Denoising, outputs: list[torch.Tensor], guess: bool, shared: bool) -> Terms | None:
    """Make the picture's step, or return what it is the sum of: that is done with others' at once."""
    guided = picture.conditioning.combine(outputs, picture.guidance)
    solver, index = picture.solver, picture.index
    picture.guess = solver.denoised(guided.output, index, picture.latents) if guess else None
    said = picture.conditioning.said
    picture.seen = see(solver, index, picture.latents, guided, said(index)) if picture.watched else None
    # A table of steps knows nothing of what is put back between two of them; the scheduler's object sees it.
    if move := solver.move(index, shared and not picture.alone and picture.keep is None):
        return terms(solver, move, picture.latents, guided, picture.noise)
    picture.go_on(solver.step(guided, index, picture.latents, picture.noise))
    return None
