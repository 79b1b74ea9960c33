"""Eight jobs' steps as one fused sum, against one scheduler object each: the arithmetic alone, without the network."""

import torch

from benchmarks.table import Row, interleaved, ratio, timed
from engine.denoise.conditioning import Guided
from engine.denoise.noise import Noise
from engine.denoise.samplers import make
from engine.denoise.solvers.fused import terms, total
from engine.denoise.solvers.solver import Solver
from engine.library.families.stable_diffusion import SCHEDULER
from engine.request.parts import Sampling, Tuning

JOBS = ("DPM++ 2M", "Euler a", "DPM++ 2M SDE", "Euler", "DDIM", "Heun", "DPM++ 2M", "Euler")
STEPS = 20


def measure(runs: int) -> list[Row]:
    rows: list[Row] = []
    with torch.inference_mode():
        for side in (64, 16):
            rows += at(side, max(runs, 15))
    return rows


def at(side: int, runs: int) -> list[Row]:
    shape = (1, 4, side, side)
    answers = [Guided(torch.randn(shape)) for _ in JOBS]

    def objects() -> None:
        drawn = next(sets)
        for index in range(STEPS):
            for k, (solver, noise) in enumerate(drawn):
                solver.input(latents[k], index)
                latents[k] = solver.step(answers[k], index, latents[k], noise)

    def fused() -> None:
        drawn = next(sets)
        for index in range(STEPS):
            found = []
            for k, (solver, noise) in enumerate(drawn):
                solver.input(latents[k], index)
                move = solver.move(index, shared=True)
                assert move is not None
                found.append(terms(solver, move, latents[k], answers[k], noise))
            latents[:] = total(found)

    latents = [torch.randn(shape) for _ in JOBS]
    sets = iter([begun(shape) for _ in range(2 * (runs + 1))])  # solvers keep state: fresh ones for each run
    taken = interleaved({"objects": objects, "fused": fused}, runs)
    per = {name: [1000 * seconds / STEPS for seconds in values] for name, values in taken.items()}
    return [
        timed(f"eight objects' step, {side} x {side} latents", per["objects"], "ms"),
        timed(f"the fused step, {side} x {side} latents", per["fused"], "ms"),
        ratio(f"fused / objects, {side} x {side} latents", taken["fused"], taken["objects"], "<= 0.5"),
    ]


def begun(shape: tuple[int, ...]) -> list[tuple[Solver, Noise]]:
    return [
        (make(Sampling.model_validate({"sampler": name, "steps": STEPS}), Tuning(), SCHEDULER), Noise(k))
        for k, name in enumerate(JOBS)
    ]
