"""Pictures share steps without changing each other."""

from pathlib import Path
from typing import Any

import pytest
import torch

from engine.denoise import loop
from engine.denoise.conditioning import Conditioning, Stage, Track, contexts
from engine.denoise.solvers.stock import Stock
from engine.denoise.sources import Sources
from engine.denoise.work import Picture, conditioning, picture
from engine.library.load import LoadedModel
from engine.request.read import read
from engine.request.samplers import SAMPLERS

LONG = "a red house, " * 30


def make(model: LoadedModel, **values: Any) -> Picture:
    asked = read({"prompt": "a red house by day", "steps": 5, "seed": 1, "width": 64, "height": 64} | values)
    return picture(model, asked, 0, conditioning(model, asked), Sources(Path()))


def finish(*pictures: Picture) -> list[torch.Tensor]:
    while running := [p.denoising for p in pictures if not p.denoising.finished]:
        loop.step(running)
    return [p.denoising.latents for p in pictures]


def difference(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).abs().max())


def test_ten_pictures_that_differ_in_everything_draw_as_if_alone(postcard: LoadedModel) -> None:
    wishes: list[dict[str, Any]] = [
        {
            "sampler": name,
            "seed": i,
            "steps": 3 + i % 4,
            "guidance": 1 + i % 4,
            "prompt": LONG if i % 3 == 0 else "a boat",
        }
        for i, name in enumerate([*SAMPLERS, "Euler", "DPM++ 2M"])
    ]
    alone = [finish(make(postcard, **wish))[0] for wish in wishes]
    together = [make(postcard, **wish) for wish in wishes]
    arriving, running = list(together), []
    while arriving or running:  # one more joins at each step; the finished leave
        running = [*running, *arriving[:1]]
        arriving = arriving[1:]
        loop.step([p.denoising for p in running])
        running = [p for p in running if not p.denoising.finished]
    for wish, expected, made in zip(wishes, alone, together, strict=True):
        decides = wish["sampler"] == "DPM adaptive"  # a last bit may make it take another step
        assert difference(expected, made.denoising.latents) < (0.2 if decides else 1e-4)


def test_ten_pictures_need_fewer_calls_together(postcard: LoadedModel) -> None:
    pictures = [make(postcard, seed=i).denoising for i in range(4)]
    assert loop.step(pictures, most_rows=16).calls == 1
    assert loop.step(pictures, most_rows=4).calls == 2


def test_in_one_bucket_the_companions_do_not_change_a_bit(postcard: LoadedModel) -> None:
    first, *_ = finish(make(postcard), make(postcard, seed=2, prompt="a boat"))
    _, second = finish(make(postcard, seed=99, prompt="snow", sampler="Euler a"), make(postcard))
    assert torch.equal(first, second)


def test_an_exact_picture_is_the_same_to_the_bit_in_company(postcard: LoadedModel) -> None:
    alone = finish(make(postcard, exact=True))[0]
    company = finish(make(postcard, seed=3), make(postcard, exact=True), make(postcard, seed=4))[1]
    assert torch.equal(alone, company)


def test_padding_a_call_with_dummy_rows_changes_nothing(postcard: LoadedModel) -> None:
    rows = [row for i in range(3) for row in loop.rows_of(i, make(postcard, seed=i).denoising)]
    with torch.inference_mode():
        padded = loop.one_call(postcard, rows)  # six rows in a bucket of eight
        full = loop.one_call(postcard, [*rows, *rows[:2]])
    assert all(torch.equal(a, b) for a, b in zip(padded, full, strict=False))


def test_a_context_repeated_says_the_same(postcard: LoadedModel) -> None:
    (row,) = loop.rows_of(0, make(postcard, guidance=1).denoising)
    with torch.inference_mode():
        once = loop.one_call(postcard, [row])[0]
        thrice = loop.one_call(postcard, [loop.Row(0, row.latents, row.time, row.context.repeat(3, 1))])[0]
    assert difference(once, thrice) < 1e-5


@pytest.mark.parametrize(
    ("sampler", "steps"),
    [
        pytest.param(name, n, marks=() if n < 3 else pytest.mark.slow)
        for name in SAMPLERS
        for n in ([1, 2, 3, 4] if name != "DPM adaptive" else [1])
    ],
)  # the adaptive one chooses its own steps, whatever is asked
def test_every_sampler_draws_in_few_steps(sampler: str, steps: int, postcard: LoadedModel) -> None:
    assert finish(make(postcard, sampler=sampler, steps=steps))[0].isfinite().all()


def test_a_failed_step_can_be_tried_again(postcard: LoadedModel) -> None:
    expected = finish(make(postcard))[0]
    again = make(postcard)
    broken = make(postcard, seed=2)
    wrong = Track((Stage(9, "", torch.zeros(3, 3)),))
    broken.denoising.conditioning = Conditioning((wrong,), wrong)
    with pytest.raises(RuntimeError):
        loop.step([again.denoising, broken.denoising])
    assert torch.equal(finish(again)[0], expected)


@pytest.mark.parametrize(("sampler", "most"), [("Euler", 1e-4), ("DPM++ 2M", 1e-4), ("DDIM", 0.2)])
def test_the_guess_at_the_end_is_the_picture(sampler: str, most: float, postcard: LoadedModel) -> None:
    """DDIM stops a little above zero noise."""
    made = make(postcard, sampler=sampler, steps=8).denoising
    while not made.finished:
        loop.step([made], guesses=frozenset({0}))
    assert made.guess is not None
    assert difference(made.guess, made.latents) < most


def test_long_prompts_of_different_length_are_not_repeated_beyond_the_limit(postcard: LoadedModel) -> None:
    """5 to 9 chunks have 2520 in common: they take several calls instead of one endless context."""
    length = postcard.tokenizer.model_max_length
    counts = [(length - 2) * n - 2 for n in range(5, 10)]
    pictures = [make(postcard, prompt="house " * n, negative_prompt="sea " * n) for n in counts]
    lengths = {len(context) // length for p in pictures for context in contexts(p.denoising.conditioning)}
    assert lengths == {5, 6, 7, 8, 9}
    assert loop.step([p.denoising for p in pictures]).calls >= 4


def test_a_solver_that_fails_fails_alone(postcard: LoadedModel) -> None:
    good, bad = make(postcard, steps=1).denoising, make(postcard, seed=2).denoising
    bad.solver.memory = None  # pyright: ignore[reportAttributeAccessIssue]
    outcome = loop.step([bad, good])
    assert set(outcome.failures) == {0}
    assert good.finished
    assert good.latents.isfinite().all()


def test_with_company_a_step_is_one_sum_and_alone_it_is_the_schedulers(postcard: LoadedModel) -> None:
    pair, alone = [make(postcard, seed=i).denoising for i in (1, 2)], make(postcard).denoising
    loop.step(pair)
    loop.step([alone])
    assert all(isinstance(p.solver, Stock) and p.solver.plan for p in pair)
    assert isinstance(alone.solver, Stock)
    assert alone.solver.plan is None
    assert difference(pair[0].latents, alone.latents) < 1e-4
