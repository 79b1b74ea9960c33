"""The text inside a picture says everything, and is read back as it was meant."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import infotext
from engine.request.generation import GenerationRequest
from engine.request.parts import LARGEST_SEED
from engine.request.read import read
from engine.request.samplers import SAMPLERS, SCHEDULES
from engine.resolve import tidy

words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], include_characters='\n,:"\\'), max_size=80
)
hostile = st.sampled_from(
    [
        "Negative prompt: x",
        "a\nNegative prompt: b\nSteps: 1, Sampler: Euler, CFG scale: 2",
        "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1",
        'Prompt text: "x"',
        "girl, hair: red, eyes: blue, hat: none",
        '\\"',
        "",
    ]
)


@st.composite
def requests(draw: st.DrawFn) -> GenerationRequest:
    side = st.integers(8, 256).map(lambda n: n * 8)
    values: dict[str, Any] = {
        "prompt": tidy(draw(words | hostile)),
        "negative_prompt": tidy(draw(words | hostile)),
        "checkpoint": draw(st.sampled_from(["", "postcard", "mine/a, b: c", 'odd "name"'])),
        "checkpoint_hash": draw(st.sampled_from(["", "0123456789"])),
        "clip_skip": draw(st.integers(1, 12)),
        "width": draw(side),
        "height": draw(side),
        "sampler": draw(st.sampled_from(SAMPLERS)),
        "schedule": draw(st.sampled_from(SCHEDULES)),
        "steps": draw(st.integers(1, 150)),
        "guidance": draw(st.floats(1, 30)),
        "seed": draw(st.integers(-1, LARGEST_SEED)),
        "exact": draw(st.booleans()),
        "count": draw(st.integers(1, 16)),
    }
    if draw(st.booleans()):
        values |= {"start": "picture", "picture": "ab" * 32, "strength": draw(st.floats(0.01, 1))}
    return read(values)


@settings(max_examples=400, deadline=None)
@given(requests())
def test_what_is_written_reads_back_as_the_same_request(asked: GenerationRequest) -> None:
    reading = infotext.read(infotext.write(asked))
    assert read(reading.values) == asked
    assert not reading.leftovers


def test_it_looks_as_automatic1111_writes_it() -> None:
    asked = read({"prompt": "a red house", "negative_prompt": "blue", "seed": 7, "width": 128, "height": 64})
    lines = infotext.write(asked).split("\n")
    assert lines[:2] == ["a red house", "Negative prompt: blue"]
    assert lines[2].startswith(
        "Steps: 20, Sampler: DPM++ 2M, Schedule type: Automatic, CFG scale: 5, Seed: 7, Size: 128x64, "
    )


AUTOMATIC = """girl with a beret, (blue eyes:1.2),
desert scene
Negative prompt: ugly, [blurry]
more
Steps: 35, Sampler: DPM++ 2M Karras, CFG scale: 7.5, Seed: 561242768, Size: 768x512, Model hash: 4199bcdd14, \
Model: revAnimated_v122, Denoising strength: 0.7, Clip skip: 2, Hires upscale: 2, Hires upscaler: 4x-UltraSharp, \
Lora hashes: "a: b, c: d", Version: v1.4.1"""


def test_automatic1111s_text_is_understood() -> None:
    reading = infotext.read(AUTOMATIC)
    assert reading.values == {
        "prompt": "girl with a beret, (blue eyes:1.2),\ndesert scene",
        "negative_prompt": "ugly, [blurry]\nmore",
        "steps": 35,
        "sampler": "DPM++ 2M",
        "schedule": "Karras",
        "guidance": 7.5,
        "seed": 561242768,
        "width": 768,
        "height": 512,
        "checkpoint": "revAnimated_v122",
        "checkpoint_hash": "4199bcdd14",
        "clip_skip": 2,
    }


def test_what_means_nothing_here_is_listed() -> None:
    assert infotext.read(AUTOMATIC).leftovers == {
        "Denoising strength": "0.7",
        "Hires upscale": "2",
        "Hires upscaler": "4x-UltraSharp",
        "Lora hashes": "a: b, c: d",
    }


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("", ""),
        ("just a prompt", "just a prompt"),
        ("girl, hair: red, eyes: blue, hat: none", "girl, hair: red, eyes: blue, hat: none"),
        ("Steps: 3, Sampler: Euler", "Steps: 3, Sampler: Euler"),
    ],
)
def test_text_without_settings_is_all_prompt(text: str, prompt: str) -> None:
    assert infotext.read(text).values["prompt"] == prompt


@pytest.mark.parametrize("pair", [f"Size: {'1' * 5000}x64", 'Prompt text: "\\ud800"', f"Seed: {'9' * 5000}"])
def test_a_hostile_value_is_no_accident(pair: str) -> None:
    values = infotext.read(f"x\nSteps: 3, Sampler: Euler, CFG scale: 2, {pair}").values
    assert values["steps"] == 3
    str(values).encode("utf-8")


@pytest.mark.parametrize("letters", ["a", "a ", '"', '\\"', "a:", ", ", "\n", 'k: "', "x/-"])
def test_a_hostile_text_is_read_in_linear_time(letters: str) -> None:
    begun = time.process_time()
    infotext.read(letters * (100_000 // len(letters)))
    assert time.process_time() - begun < 2  # quadratic reading takes minutes


def test_a_sampler_we_do_not_have_is_a_leftover_not_another_sampler() -> None:
    reading = infotext.read("x\nSteps: 3, Sampler: Magic, Schedule type: Bent, CFG scale: 99, Seed: 1")
    assert "sampler" not in reading.values
    assert reading.leftovers == {"Sampler": "Magic", "Schedule type": "Bent", "CFG scale": "99"}
