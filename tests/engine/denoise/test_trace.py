"""The steps of a picture are kept when they are asked for, and say what happened; else nothing is."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from engine.denoise import loop
from engine.denoise.painter import Painter
from engine.denoise.sources import Sources
from engine.denoise.trace import FRAMES, SIDE, Sight, Trace
from engine.denoise.work import conditioning, picture
from engine.events import Made
from engine.library.load import LoadedModel
from engine.library.scan import Library
from engine.prompt.encode import encode
from engine.request.read import read
from tests.engine.denoise.test_painter import finish, job


@pytest.fixture
def painter(library: Library, tmp_path: Path) -> Iterator[Painter]:
    made = Painter(library, "cpu", "float32", 16, 1.0, tmp_path)
    yield made
    made.close()


def drawn(painter: Painter, library: Library, **values: Any) -> list[Made]:
    painter.add(job(library, **values))
    return [event for event in finish(painter) if isinstance(event, Made)]


def steps_of(made: Made) -> list[dict[str, Any]]:
    assert made.trace
    return json.loads(made.trace)["steps"]


def opened(url: str) -> Image.Image:
    kind, _, data = url.partition(",")
    assert kind == "data:image/webp;base64"
    return Image.open(BytesIO(base64.b64decode(data)))


@pytest.mark.parametrize(("sampler", "evaluations"), [("DPM++ 2M", 8), ("Euler a", 8), ("Heun", 15)])
def test_each_evaluation_is_kept_with_falling_sigmas(
    sampler: str, evaluations: int, painter: Painter, library: Library
) -> None:
    (made,) = drawn(painter, library, steps=8, sampler=sampler, trace=True)
    steps = steps_of(made)
    assert len(steps) == evaluations
    sigmas = [step["sigma"] for step in steps]
    assert sigmas[0] > 10 > 1 > sigmas[-1] > 0
    assert sigmas == sorted(sigmas, reverse=True)
    assert [step["change"] is None for step in steps] == [True] + [False] * (evaluations - 1)
    assert all(step["pull"] > 0 for step in steps)
    assert len(made.trace or b"") < 40_000 * evaluations


def test_the_last_guess_looks_like_the_picture_and_the_first_latents_like_noise(
    painter: Painter, library: Library
) -> None:
    (made,) = drawn(painter, library, steps=20, width=128, height=64, trace=True)
    steps = steps_of(made)
    for step in steps:
        for kind in ("guess", "latents"):
            assert opened(step[kind]).size == (SIDE, SIDE // 2)
    small = Image.open(BytesIO(made.file)).resize((16, 8))

    def likeness(url: str) -> float:
        frame = np.asarray(opened(url).convert("RGB").resize((16, 8)), float)
        return float(np.corrcoef(frame.ravel(), np.asarray(small, float).ravel())[0, 1])

    assert likeness(steps[-1]["guess"]) > 0.7
    assert abs(likeness(steps[0]["latents"])) < 0.5 < likeness(steps[-1]["latents"])
    assert steps[-1]["change"] < max(step["change"] for step in steps[1:])


def test_the_numbers_say_what_guidance_and_the_step_did(postcard: LoadedModel) -> None:
    """Against both prompts' own guesses, computed here from the network's answers."""
    asked = read({"prompt": "a red house", "steps": 4, "seed": 7, "width": 64, "height": 64, "trace": True})
    told = conditioning(postcard, asked)
    made = picture(postcard, asked, 0, told, Sources(Path())).denoising
    before = None
    for index in range(4):
        latents, solver = made.latents, made.solver
        rows = loop.rows_of(0, made)
        negative, positive = loop.evaluate(postcard, rows, 16)[0]
        guided = solver.denoised(negative + 5 * (positive - negative), index, latents)
        plain = solver.denoised(negative, index, latents)
        loop.step([made])
        seen = made.seen
        assert seen is not None
        assert seen.pull is not None
        assert seen.pull == pytest.approx(float((guided - plain).norm() / guided.norm()), rel=1e-3)
        assert np.allclose(seen.guess, guided[0].numpy(), atol=1e-4)
        assert np.array_equal(seen.latents, latents[0].numpy())
        assert before is None or not np.array_equal(before, seen.guess)
        before = seen.guess


def test_without_guidance_there_is_no_pull(painter: Painter, library: Library) -> None:
    (made,) = drawn(painter, library, guidance=1, trace=True)
    assert [step["pull"] for step in steps_of(made)] == [None] * 4


def test_nothing_is_kept_unless_it_is_asked_for_and_the_picture_is_the_same(
    painter: Painter, library: Library, postcard: LoadedModel
) -> None:
    plain, watched = drawn(painter, library), drawn(painter, library, trace=True)
    assert plain[0].trace is None
    one, other = (np.asarray(Image.open(BytesIO(made[0].file))) for made in (plain, watched))
    assert np.array_equal(one, other)
    asked = read({"prompt": "a red house", "steps": 2, "width": 64, "height": 64})
    made = picture(postcard, asked, 0, conditioning(postcard, asked), Sources(Path()))
    loop.step([made.denoising])
    assert made.trace is None
    assert made.denoising.seen is None


def test_only_the_job_that_asked_keeps_its_steps(painter: Painter, library: Library) -> None:
    plain, watched = job(library, count=2), job(library, count=2, seed=9, trace=True)
    painter.add(plain)
    painter.add(watched)
    made = [event for event in finish(painter) if isinstance(event, Made)]
    assert {event.trace is not None for event in made if event.job == watched.id} == {True}
    assert {event.trace is not None for event in made if event.job == plain.id} == {False}


class Now:
    """An executor that does it at once."""

    def submit(self, work: Any, *values: Any) -> Any:
        class Ready:
            @staticmethod
            def result() -> Any:
                return work(*values)

        return Ready


def test_many_steps_keep_all_numbers_and_a_bounded_number_of_frames() -> None:
    trace, draw = Trace(299), torch.Generator().manual_seed(1)
    matrix = np.zeros((5, 3), np.float32)
    for index in range(299):
        latents = torch.randn((4, 2, 2), generator=draw).numpy()
        trace.keep(Sight(299.0 - index, latents, latents, None, {}), matrix, Now())  # pyright: ignore[reportArgumentType]
    steps = json.loads(trace.file())["steps"]
    assert len(steps) == 299
    assert sum("guess" in step for step in steps) == FRAMES
    assert "guess" in steps[0]
    assert "guess" in steps[298]


def kept(painter: Painter, library: Library, **values: Any) -> tuple[list[str], list[dict[str, Any]]]:
    """The texts of a trace, and what of them each step names."""
    (made,) = drawn(painter, library, trace=True, **values)
    found = json.loads(made.trace or b"")
    names = ("prompt", "negative_prompt")
    return found["texts"], [{name: step[name] for name in names if name in step} for step in found["steps"]]


@pytest.mark.parametrize(
    ("prompt", "texts", "named"),
    [
        ("a [red:blue:0.5] house", ["a red house", "a blue house"], [0, None, None, 1, None, None]),
        ("a [red|blue] house", ["a red house", "a blue house"], [0, 1, 0, 1, 0, 1]),
        ("a [red:blue:2] house :0.5 AND sea", ["a red house :0.5 AND sea", "a blue house :0.5 AND sea"], [0, None, 1]),
        ("a [red:red:0.5] house", [], []),
        ("a house (:1.2)", [], []),
    ],
)
def test_a_prompt_that_changes_is_named_where_it_does(
    prompt: str, texts: list[str], named: list[int | None], painter: Painter, library: Library
) -> None:
    found, steps = kept(painter, library, prompt=prompt, steps=6)
    assert found == texts
    assert [step.get("prompt") for step in steps] == named + [None] * (6 - len(named))
    assert not any("negative_prompt" in step for step in steps)


def test_the_negative_prompt_is_named_by_itself_and_only_where_it_is_heard(painter: Painter, library: Library) -> None:
    asked = {"prompt": "a house", "negative_prompt": "[fog:rain:1]", "steps": 3, "sampler": "Heun"}
    assert kept(painter, library, **asked) == (
        ["fog", "rain"],
        [{"negative_prompt": 0}, {}, {"negative_prompt": 1}, {}, {}],  # Heun asks twice a step
    )
    assert kept(painter, library, **asked, guidance=1) == ([], [{}] * 5)


def test_the_text_named_is_the_one_that_the_network_heard(postcard: LoadedModel) -> None:
    """A picture that begins in the middle counts its own steps."""
    asked = read({"prompt": "[a house:a boat:2]", "steps": 6, "width": 64, "height": 64, "sampler": "Euler"})
    made = picture(postcard, asked, 0, conditioning(postcard, asked), Sources(Path())).denoising
    late = replace(made.conditioning, first=2)
    for told, first in ((made.conditioning, 0), (late, 2)):
        for index in range(first, 6):
            said = told.said(index)["prompt"]
            assert said == ("a house" if index - first < 2 else "a boat")
            assert torch.equal(told.at(index)[-1], encode(postcard, said))
