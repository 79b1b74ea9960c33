"""Loopback: each turn is what the file of the turn before would start, whatever happens beside it."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from engine import infotext
from engine.denoise import loop
from engine.denoise.decode import decode
from engine.denoise.sources import Sources
from engine.denoise.wardrobe import Wardrobe
from engine.denoise.work import Picture, Work, compose, conditioning, picture
from engine.job import Job
from engine.library.load import LoadedModel
from engine.library.scan import Library
from engine.picture.inputs import put_input
from engine.request.generation import GenerationRequest
from engine.request.read import read
from engine.request.starts import FromPicture

SMALL = {"prompt": "a red house in a green meadow", "steps": 5, "width": 64, "height": 64, "seed": 2**64 - 1}


def given(folder: Path, image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, "PNG")
    return put_input(folder, file.getvalue())


def scene(folder: Path) -> str:
    levels = np.random.default_rng(3).integers(60, 200, (8, 8, 3)).astype(np.uint8)
    return given(folder, Image.fromarray(levels).resize((64, 64)))


def asked(folder: Path, **values: Any) -> GenerationRequest:
    return read({**SMALL, "start": "picture", "picture": scene(folder), "strength": 0.6, **values})


def begun(model: LoadedModel, library: Library, folder: Path, request: GenerationRequest) -> Picture:
    work = Work(Job(id="1", owner="a", request=request, created=0), frozenset())
    return compose(work, model, Sources(folder), Wardrobe(library))[0]


def walk(made: Picture) -> list[tuple[int, int]]:
    seen = []
    while not made.denoising.finished:
        loop.step([made.denoising])
        seen.append((made.step, made.of))
    return seen


@pytest.mark.parametrize(
    ("values", "strength"),
    [({}, 0.6), ({"colour_correction": True}, 0.6), ({"final_strength": 0.2}, 0.2), ({"final_strength": 1}, 1)],
    ids=["as drawn", "colour correction", "weaker", "stronger"],
)
def test_two_turns_equal_two_jobs_of_which_the_second_starts_from_the_firsts_picture(
    values: dict[str, Any], strength: float, postcard: LoadedModel, library: Library, tmp_path: Path
) -> None:
    """With the next seed, which after the largest is 0, and the last strength: not a bit differs. Colours are brought back
    after each turn. The prompt changes on the way, by the turn's own steps."""
    turning = {"prompt": "[a red house:a boat:2] in a green meadow"}
    corrected = "colour_correction" in values
    made = begun(postcard, library, tmp_path, asked(tmp_path, loops=2, **turning, **values))
    walk(made)
    first = decode(postcard, made.denoising.latents)
    assert (made.ending is not None) == corrected
    if made.ending:
        first = made.ending.finished(first)
    made.go_over()
    walk(made)
    request = asked(tmp_path, picture=given(tmp_path, first), seed=0, strength=strength, **turning)
    other = picture(postcard, request, 0, conditioning(postcard, request), Sources(tmp_path))
    walk(other)
    assert torch.equal(made.denoising.latents, other.denoising.latents)
    assert not made.later


def test_steps_are_counted_through_all_turns_and_cost_as_much(
    postcard: LoadedModel, library: Library, tmp_path: Path
) -> None:
    request = asked(tmp_path, loops=3)
    made = begun(postcard, library, tmp_path, request)
    seen = walk(made)
    while made.later:
        made.go_over()
        seen += walk(made)
    assert seen == [(2 + done, 11) for done in range(1, 10)]  # of each turn's five steps the first two are skipped

    def cost(request: GenerationRequest) -> float:
        return Job(id="", owner="", request=request, created=0).cost

    assert cost(request) == pytest.approx(3 * cost(asked(tmp_path)))


def test_the_text_tells_it_and_once_is_not_worth_a_word(tmp_path: Path) -> None:
    text = infotext.write(asked(tmp_path, loops=4))
    assert "Loopback: 4" in text
    assert infotext.read(text).values["loops"] in (4, "4")
    assert "Loopback" not in infotext.write(asked(tmp_path))


@pytest.mark.parametrize(
    ("curve", "middle"), [("Linear", 0.5), ("Aggressive", 0.8 - 0.6 * 0.5**0.5), ("Lazy", 0.2 + 0.6 * 0.5**0.5)]
)
def test_the_strength_goes_to_the_last_one_by_automatic1111s_curves(curve: str, middle: float, tmp_path: Path) -> None:
    start = asked(tmp_path, loops=3, strength=0.8, final_strength=0.2, strength_curve=curve).start
    assert isinstance(start, FromPicture)
    assert start.strengths() == pytest.approx((0.8, middle, 0.2))
    assert (start.strengths()[0], start.strengths()[-1]) == (0.8, 0.2)  # exactly: steps are cut off
    (only,) = start.model_copy(update={"loops": 1}).strengths()
    assert only == 0.8


def test_turns_of_other_strengths_are_counted_as_they_are(
    postcard: LoadedModel, library: Library, tmp_path: Path
) -> None:
    made = begun(postcard, library, tmp_path, asked(tmp_path, loops=3, strength=1, final_strength=0.2))
    assert [one.evaluations for one in made.later] == [3, 1]
    assert made.of == 9


def test_the_texts_say_where_the_strength_goes(tmp_path: Path) -> None:
    request = asked(tmp_path, loops=4, final_strength=0.25, strength_curve="Lazy")
    text = infotext.write(request)
    assert "Final denoising strength: 0.25, Denoising curve: Lazy" in text
    assert read(infotext.read(text).values) == request
