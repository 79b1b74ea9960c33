"""Every sampler against its formula, written out a second time in double (formulas.py), on a toy denoiser; long, as there are many of them."""

import itertools
from pathlib import Path as File
from typing import Any

import numpy as np
import pytest
import torch

from engine.denoise import schedules
from engine.denoise.brownian import Path
from engine.denoise.conditioning import Guided
from engine.denoise.noise import Noise
from engine.denoise.samplers import make, recipe_of
from engine.denoise.solvers.fit import fit
from engine.denoise.solvers.fused import terms, total
from engine.denoise.solvers.planned import Planned
from engine.denoise.solvers.schedulers import STOCK
from engine.denoise.solvers.solver import Solver
from engine.denoise.solvers.stock import Stock
from engine.library.families.stable_diffusion import SCHEDULER
from engine.request.parts import Sampling, Tuning
from engine.request.samplers import FACTS, SAMPLERS, SCHEDULES, evaluations
from tests.engine.denoise import formulas

BETAS = torch.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2  # in float32, as the schedulers have them
ALPHAS: Any = torch.cumprod(1 - BETAS, 0).double().numpy()
LEVELS = schedules.table(ALPHAS)
SHAPE = (1, 4, 8, 8)
BUMPS = torch.linspace(-1, 1, 256).reshape(SHAPE)
SEED = 7
DOCS = File(__file__).parents[3] / "docs"
REFERENCES = {
    "DPM++ 2M": formulas.dpmpp_2m,
    "DPM++ SDE": formulas.dpmpp_sde,
    "DPM++ 2M SDE": formulas.dpmpp_2m_sde,
    "DPM++ 2M SDE Heun": formulas.dpmpp_2m_sde,
    "DPM++ 2S a": formulas.dpmpp_2s_a,
    "DPM++ 3M SDE": formulas.dpmpp_3m_sde,
    "Euler a": formulas.euler_a,
    "Euler": formulas.euler,
    "LMS": formulas.lms,
    "Heun": formulas.heun,
    "DPM2": formulas.dpm2,
    "DPM2 a": formulas.dpm2_a,
    "DPM fast": formulas.dpm_fast,
    "DPM adaptive": formulas.dpm_adaptive,
    "Restart": formulas.restart,
    "UniPC": formulas.unipc,
}
KARRAS = [name for name in REFERENCES if name != "UniPC"]  # latents that grow with sigma, and end at no noise
WALKING = [name for name, facts in FACTS.items() if facts.automatic]
USUAL = ("Euler a", "DPM++ 2M", "Heun")  # with every schedule; the others with every one where slow tests are asked for
FREE = [name for name in SCHEDULES if name != "Automatic"]


def toy(unit: torch.Tensor, time: float) -> torch.Tensor:
    """A network that says the noise in latents of unit variance; bent, and different at each time and place."""
    return torch.tanh(0.9 * unit + BUMPS.to(unit.dtype) * float(np.cos(time / 300)))


def picture(x: torch.Tensor, sigma: float) -> torch.Tensor:
    time = float(schedules.timestep_at(np.array([sigma]), LEVELS)[0])
    return x - sigma * toy(x / (1 + sigma**2) ** 0.5, time)


def solver(name: str, schedule: str = "Automatic", steps: int = 12, **tuning: Any) -> Solver:
    tuning = {"arithmetic": "AUTOMATIC1111", **tuning}
    return make(Sampling(sampler=name, schedule=schedule, steps=steps), Tuning(**tuning), SCHEDULER)  # pyright: ignore[reportArgumentType]


class Smooth(Path):
    """In place of a Brownian path, which changes by a thousandth when it is read a millionth aside."""

    def __init__(self) -> None:
        self.ends = torch.randn(2, *SHAPE, generator=torch.Generator().manual_seed(SEED))

    def between(self, sigma: float, to: float) -> torch.Tensor:
        return self.ends[0] * float(np.sin(sigma)) + self.ends[1] * float(np.cos(3 * to))


def draw(made: Solver, shared: bool = False, seed: int = SEED, smooth: bool = True, begin: int = 0) -> torch.Tensor:
    """begin: steps that are left out, though the latents are pure noise all the same."""
    noise, made.path = Noise(seed), Smooth() if smooth else None
    index = made.begin_at(begin) if begin else 0
    x = made.stirred(made.pure_noise(noise.normal(SHAPE)), noise)
    while index < len(made.times):
        unit = made.input(x, index)
        guided = Guided(toy(unit, made.times[index]), toy(unit * 0.9, made.times[index]))
        move = made.move(index, shared)
        x = total([terms(made, move, x, guided, noise)])[0] if move else made.step(guided, index, x, noise)
        index += 1
    return x


def expected(name: str, sigmas: Any, start: float | None = None, free: bool = False, **more: Any) -> torch.Tensor:
    """free: noise is drawn where the formula reads a Brownian path."""
    options: dict[str, Any] = {"eta": FACTS[name].eta, "s_noise": 1.0, "s_churn": 0, "s_tmin": 0, "s_tmax": np.inf}
    noise = Noise(SEED)
    options |= {"heun": name.endswith("Heun")} | more
    path = Smooth()
    return REFERENCES[name](
        picture,
        noise.normal(SHAPE).double() * (start or sigmas[0]),
        sigmas,
        lambda: noise.normal(SHAPE).double(),
        lambda s, t: (noise.normal(SHAPE) if free else path.between(float(s), float(t))).double(),
        options,
    )


def levels(name: str, schedule: str, steps: int) -> Any:
    if FACTS[name].automatic is None:
        return np.geomspace(LEVELS[-1], LEVELS[0], steps + 1)
    own = FACTS[name].automatic if schedule == "Automatic" else schedule
    return schedules.sigmas(str(own), schedules.whole(LEVELS), steps, FACTS[name].discards)


def error(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    return float((ours.double() - theirs.double()).abs().max() / theirs.abs().max())


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 12, 20, 36])
@pytest.mark.parametrize("name", KARRAS)
def test_every_sampler_is_its_formula(name: str, steps: int) -> None:
    made = draw(solver(name, steps=steps))
    assert error(made, expected(name, levels(name, "Automatic", steps))) < 1e-5


@pytest.mark.parametrize(
    ("name", "schedule"),
    [
        pytest.param(
            name, schedule, marks=() if name in USUAL or schedule in ("Automatic", "Karras") else pytest.mark.slow
        )
        for name, schedule in itertools.product(WALKING, SCHEDULES)
    ],
)
@pytest.mark.parametrize("arithmetic", ["diffusers", "AUTOMATIC1111"])
def test_every_sampler_walks_every_schedule(arithmetic: str, name: str, schedule: str) -> None:
    """diffusers' objects of unit variance begin with all of the noise, and end in it where a schedule does."""
    sigmas = levels(name, schedule, 12)
    if arithmetic == "diffusers" and name in STOCK and STOCK[name].variance_preserving:
        first, last = (1 + sigmas[[0, -1]] ** 2) ** 0.5
        theirs = expected(name, sigmas, start=first, free=True) / last
    else:
        theirs = expected(name, sigmas)
    assert error(draw(solver(name, schedule, arithmetic=arithmetic)), theirs) < 1e-5


@pytest.mark.parametrize("name", [name for name in SAMPLERS if name not in WALKING])
def test_a_sampler_with_its_own_times_passes_the_schedule_over(name: str) -> None:
    """Equal recipes make equal solvers."""
    recipes = {
        recipe_of(Sampling(sampler=name, schedule=schedule, steps=3), Tuning(), SCHEDULER)  # pyright: ignore[reportArgumentType]
        for schedule in SCHEDULES
    }
    assert len(recipes) == 1


def test_the_documents_name_the_samplers_that_pass_the_schedule_over() -> None:
    own = [name for name in SAMPLERS if name not in WALKING]
    line = next(line for line in DOCS.joinpath("parameters.md").read_text().splitlines() if "* `schedule`" in line)
    assert f"without effect for {', '.join(own[:-1])} and {own[-1]}" in line
    table = DOCS.joinpath("samplers.md").read_text()
    for name in SAMPLERS:
        assert f"| {name} | {FACTS[name].automatic or 'own'} |" in table


@pytest.mark.parametrize("name", [n for n in REFERENCES if "eta" in FACTS[n].takes])
@pytest.mark.parametrize("eta", [0.0, 0.3, 0.7])
def test_eta_and_the_strength_of_noise_are_the_formulas(name: str, eta: float) -> None:
    made = draw(solver(name, eta=eta, s_noise=1.05))
    assert error(made, expected(name, levels(name, "Automatic", 12), eta=eta, s_noise=1.05)) < 1e-5


WISHES = [(name, {"eta": 0.3}) for name in KARRAS if "eta" in FACTS[name].takes]
WISHES += [(name, {"s_noise": 1.05}) for name, _ in WISHES] + [("Restart", {"s_noise": 1.05})]
WISHES += [(name, {"s_churn": 3.0, "s_noise": 1.05}) for name in ("Euler", "Heun", "DPM2")]


@pytest.mark.parametrize(("name", "wish"), WISHES)
def test_what_diffusers_has_no_place_for_is_drawn_by_the_formula(name: str, wish: dict[str, Any]) -> None:
    sigmas = levels(name, "Automatic", 20)
    full = (1 + sigmas[0] ** 2) ** 0.5 if name in STOCK and STOCK[name].variance_preserving else None
    made = draw(solver(name, steps=20, arithmetic="diffusers", **wish))
    assert error(made, expected(name, sigmas, start=full, **wish)) < 1e-5


@pytest.mark.parametrize("name", ["Euler", "Heun", "DPM2"])
@pytest.mark.parametrize("limits", [(0.0, 0.0), (0.5, 8.0)])
def test_churn_is_algorithm_2_of_karras(name: str, limits: tuple[float, float]) -> None:
    low, high = limits
    made = draw(solver(name, s_churn=3, s_tmin=low, s_tmax=high, s_noise=1.003))
    told = {"s_churn": 3, "s_tmin": low, "s_tmax": high or np.inf, "s_noise": 1.003}
    assert error(made, expected(name, levels(name, "Automatic", 12), **told)) < 1e-5
    assert error(made, expected(name, levels(name, "Automatic", 12))) > 1e-3


def test_a_diffusers_object_of_unit_variance_begins_with_a_little_more_noise() -> None:
    """0.99767 of it is what k-diffusion begins with; beside that 2M is its formula."""
    sigmas = levels("DPM++ 2M", "Automatic", 12)
    full = (1 + sigmas[0] ** 2) ** 0.5
    assert sigmas[0] / full == pytest.approx(0.99767, abs=1e-5)
    theirs = expected("DPM++ 2M", sigmas, start=full)
    assert error(draw(solver("DPM++ 2M", arithmetic="diffusers")), theirs) < 1e-5
    assert error(draw(solver("DPM++ 2M", sgm_noise=True)), theirs) < 1e-5
    assert error(draw(solver("DPM++ 2M")), theirs) > 1e-4


@pytest.mark.parametrize("arithmetic", ["diffusers", "AUTOMATIC1111"])
def test_the_sgm_noise_multiplier_begins_with_all_of_the_noise(arithmetic: str) -> None:
    sigmas = levels("Euler", "Automatic", 12)
    made = draw(solver("Euler", arithmetic=arithmetic, sgm_noise=True))
    assert error(made, expected("Euler", sigmas, start=(1 + sigmas[0] ** 2) ** 0.5)) < 1e-5


def eps(x: torch.Tensor, time: float) -> torch.Tensor:
    return toy(x, float(time))


@pytest.mark.parametrize("steps", [2, 3, 4, 7, 12, 20, 30, 50])
def test_ddim_and_plms_are_a1111s(steps: int) -> None:
    """It makes one step less than asked for at 20, and at 30 begins at timestep 991."""
    times = np.clip(np.arange(0, 1000, 1000 // steps) + 1, 0, 999)[::-1]
    for eta in (0.0, 1.0):
        noise = Noise(SEED)
        first = noise.normal(SHAPE).double()
        theirs = formulas.ddim(eps, first, times, ALPHAS, lambda n=noise: n.normal(SHAPE).double(), eta)
        made = solver("DDIM", steps=steps, eta=eta)
        assert len(made.times) == len(times) - 1
        assert error(draw(made), theirs) < 1e-5
    theirs = formulas.plms(eps, Noise(SEED).normal(SHAPE).double(), times, ALPHAS)
    assert error(draw(solver("PLMS", steps=steps)), theirs) < 1e-5
    assert {20: 999 - 48, 30: 991}.get(steps, times[0]) == times[0]


def test_ddim_cfgpp_takes_its_noise_from_the_negative_prompt() -> None:
    times = np.clip(np.arange(0, 1000, 50) + 1, 0, 999)[::-1]
    x = Noise(SEED).normal(SHAPE).double()
    for t, to in itertools.pairwise(times):
        a, b = ALPHAS[t], ALPHAS[to]
        guided, unguided = eps(x, t), eps(x * 0.9, t)
        e = unguided + (guided - unguided) / 12.5
        x = b**0.5 * (x - (1 - a) ** 0.5 * e) / a**0.5 + (1 - b) ** 0.5 * unguided
    assert error(draw(solver("DDIM CFG++", steps=20)), x) < 1e-5


@pytest.mark.parametrize(("steps", "times"), [(4, [999, 679, 339, 19]), (8, [999, 859, 719, 579, 439, 299, 159, 19])])
def test_lcm_is_told_a1111s_timesteps(steps: int, times: list[int]) -> None:
    assert solver("LCM", steps=steps).times == times
    known = LEVELS[19::20]
    sigmas = np.append(np.exp(np.interp(np.linspace(49, 0, steps), np.arange(50), np.log(known))), 0)
    noise = Noise(SEED)
    x = noise.normal(SHAPE).double() * sigmas[0]
    for t, s, to in zip(times, sigmas, sigmas[1:], strict=False):
        skip, out = 0.25 / ((t * 10) ** 2 + 0.25), t * 10 / ((t * 10) ** 2 + 0.25) ** 0.5
        x = out * (x - s * toy(x / (1 + s**2) ** 0.5, t)) + skip * x
        x = x + to * noise.normal(SHAPE).double() if to else x
    assert error(draw(solver("LCM", steps=steps)), x) < 1e-5


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 7, 12, 20, 50])
@pytest.mark.parametrize("skipped", [0, 0.5])
@pytest.mark.parametrize("arithmetic", ["diffusers", "AUTOMATIC1111"])
def test_unipc_is_its_papers(arithmetic: str, skipped: float, steps: int) -> None:
    """diffusers rounds the times. Latents of unit variance, from pure noise or from the middle of the way."""
    times = np.linspace(999, 0, steps + 1)
    sigmas = schedules.sigma_at(times if arithmetic == "AUTOMATIC1111" else times.round(), LEVELS)
    made, skip = solver("UniPC", steps=steps, arithmetic=arithmetic), int(skipped * steps)
    assert [made.sigma(i) for i in range(steps)] == pytest.approx(sigmas[:-1], rel=1e-5)
    assert made.times == pytest.approx(times[:-1], abs=1e-3 if arithmetic == "AUTOMATIC1111" else 0.5)
    theirs = expected("UniPC", sigmas[skip:], start=(1 + sigmas[skip] ** 2) ** 0.5) / (1 + sigmas[-1] ** 2) ** 0.5
    assert error(draw(made, begin=skip), theirs) < 1e-5


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("arithmetic", ["diffusers", "AUTOMATIC1111"])
def test_every_sampler_counts_its_steps(name: str, arithmetic: str) -> None:
    for steps in (1, 2, 3, 4, 12):
        made = solver(name, steps=steps, arithmetic=arithmetic)
        assert draw(made).isfinite().all()
        of = [made.step_of(i) for i in range(len(made.times))]
        assert of == sorted(of)
        assert set(of) == set(range(made.steps))
        sigmas = [made.sigma(i) for i in range(len(made.times))]
        assert min(sigmas) > 0
        if name != "DPM adaptive" and arithmetic == "diffusers":
            assert len(made.times) == evaluations(name, steps)
        if FACTS[name].eta == 0 or evaluations(name, 2) == 2 != 2 * (name == "DPM fast"):
            assert sigmas == sorted(sigmas, reverse=True)  # ancestral midpoints go below the next level


@pytest.mark.parametrize("steps", [12, 20, 40])
def test_restart_asks_as_often_as_heun(steps: int) -> None:
    made = solver("Restart", steps=steps)
    assert len(made.times) == evaluations("Restart", steps) == evaluations("Heun", steps)


def test_limits_and_rho_bend_the_schedule() -> None:
    made = solver("Euler", "Karras", sigma_min=0.1, sigma_max=10, rho=3)
    assert isinstance(made, Planned)
    assert made.sigma(0) == pytest.approx(10)
    assert made.sigma(11) == pytest.approx(0.1)
    ramp = (10 ** (1 / 3) + 0.5 / 5.5 * (0.1 ** (1 / 3) - 10 ** (1 / 3))) ** 3
    assert made.sigma(1) == pytest.approx(ramp)


def test_aligned_steps_are_the_familys() -> None:
    asked = Sampling(sampler="Euler", schedule="Align Your Steps", steps=11)
    for family, second in (("sd1", 6.475), ("sdxl", 6.315)):
        assert make(asked, Tuning(), SCHEDULER, family).sigma(1) == pytest.approx(second)


def test_the_penultimate_level_can_be_left_out() -> None:
    whole, left = solver("Euler", "Karras", steps=6), solver("Euler", "Karras", discard_penultimate=True, steps=5)
    assert [left.sigma(i) for i in range(5)] == pytest.approx([whole.sigma(i) for i in range(5)])


@pytest.mark.parametrize("strength", [0.0, 0.3, 0.75, 1.0])
def test_a_picture_as_the_start_has_a1111s_steps(strength: float) -> None:
    """t_enc + 1 steps from the full list; Heun twice each but the last."""
    from engine.denoise.start import skipped_steps

    left = int(min(strength, 0.999) * 20)
    made = solver("Euler", steps=20)
    assert made.begin_at(skipped_steps(20, strength, "AUTOMATIC1111")) == 0
    assert len(made.times) == left + 1
    full = schedules.sigmas("Uniform", schedules.whole(LEVELS), 20)
    assert made.sigma(0) == pytest.approx(full[19 - left])
    zero = torch.zeros(SHAPE)
    assert float(made.noised(zero, zero + 1, 0)[0, 0, 0, 0]) == pytest.approx(full[19 - left], rel=1e-4)


def test_ddim_from_a_picture_begins_below_the_level_it_was_noised_to() -> None:
    from engine.denoise.start import skipped_steps

    made = solver("DDIM", steps=20)
    made.begin_at(skipped_steps(20, 0.5, "AUTOMATIC1111"))  # t_enc 10: noised to the 10th of 1, 51, 101 ...
    assert made.times == pytest.approx([451 - 50 * i for i in range(9)])
    unit = made.input(made.noised(torch.zeros(SHAPE), torch.ones(SHAPE), 0), 0)
    assert float(unit[0, 0, 0, 0]) == pytest.approx((1 - ALPHAS[501]) ** 0.5, rel=1e-5)


TABLED = [n for n in SAMPLERS if isinstance(solver(n, arithmetic="diffusers"), Stock)]


@pytest.mark.parametrize("name", TABLED)
@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_a_table_says_what_the_object_says(name: str, prediction: str) -> None:
    noise = {**SCHEDULER, "prediction_type": prediction}
    alone, company = (make(Sampling(sampler=name, steps=12), Tuning(), noise) for _ in range(2))  # pyright: ignore[reportArgumentType]
    expected = draw(alone)
    assert error(draw(company, shared=True), expected) < 1e-5
    assert isinstance(company, Stock)
    assert (company.plan is None) == (name in ("UniPC", "DPM++ SDE"))


@pytest.mark.parametrize(("off", "tabled"), [(0.0, True), (3e-7, False)])
def test_a_table_is_taken_only_where_it_is_the_object_to_1e_7(off: float, tabled: bool) -> None:
    """The last number that the object makes is put off by so much of the largest."""

    def bent() -> Stock:
        made = solver("Euler", steps=3, arithmetic="diffusers")
        assert isinstance(made, Stock)
        straight = made.step

        def step(*asked: Any) -> torch.Tensor:
            latents = straight(*asked).double()
            latents[..., -1] += off * latents.abs().max()
            return latents

        made.step = step  # pyright: ignore[reportAttributeAccessIssue]
        return made

    assert (fit(bent, 0) is not None) == tabled


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_same_seed_draws_the_same_bits_and_another_does_not(name: str) -> None:
    assert torch.equal(draw(solver(name), smooth=False), draw(solver(name), smooth=False))
    assert not torch.equal(draw(solver(name), smooth=False), draw(solver(name), seed=8, smooth=False))


def test_a_brownian_path_is_torchsdes_tree_read_upside_down() -> None:
    """As k-diffusion's BrownianTreeNoiseSampler has it; diffusers holds a copy."""
    from diffusers.schedulers.scheduling_dpmsolver_sde import BrownianTreeNoiseSampler

    theirs = BrownianTreeNoiseSampler(torch.zeros(SHAPE), 0.03, 14.6, SEED)
    ours = Path(Noise(SEED), SHAPE, float(np.float32(0.03)), float(np.float32(14.6)))
    for sigma, to in ((14.6, 9.0), (9.0, 2.5), (9.0, 4.0), (2.5, 0.5)):
        assert error(ours.between(sigma, to), theirs(torch.tensor(sigma), torch.tensor(to))) < 1e-3  # type: ignore
    assert ours.between(9.0, 2.5).std() == pytest.approx(1, abs=0.15)


def test_companions_do_not_change_a_bit_of_a_sum() -> None:
    """Sums go element by element; who else is summed up is of no matter."""
    first = [(torch.randn(SHAPE), 0.3), (torch.randn(SHAPE), -1.7)]
    other = [(torch.randn(SHAPE), 0.1), (torch.randn(SHAPE), 2.0), (torch.randn(SHAPE), -0.4)]
    alone = total([first])[0]
    assert torch.equal(alone, total([other, first, other])[1])
