"""The text inside a picture says everything, and is read back as it was meant."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import control_text, infotext
from engine.infotext import HASHES
from engine.prompt.spend import tidy
from engine.request.generation import GenerationRequest
from engine.request.read import read
from engine.request.schema import CONTROLS, PARAMETERS, STARTS, Parameter

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


def value_of(known: Parameter) -> st.SearchStrategy[Any]:
    """Any value that the table allows, so that new parameters are covered without a word here."""
    if known.choices:
        return st.sampled_from(known.choices)
    if known.type is bool:
        return st.booleans()
    if known.name in HASHES:
        return st.from_regex(HASHES[known.name], fullmatch=True)
    if known.type is str:
        return words if known.longest is None or known.longest > 80 else st.text(max_size=known.longest)
    low, high = known.low or 0, known.high or 2**32
    if known.type is float:
        return st.floats(low, high, exclude_min=known.part == "start")
    assert known.type is int, f"{known.name}: draw its values here"
    step = known.multiple_of or 1
    return st.integers(-(-int(low) // step), int(high) // step).map(lambda n: n * step)


def units() -> st.SearchStrategy[list[dict[str, Any]]]:
    name = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)
    special = {
        "picture": st.just("") | st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
        "model": (name | st.sampled_from(["a, b: c", 'x "y"', "canny [d14c016b]", "(x)"])).filter(
            lambda text: text == text.strip() and text != "None" and not control_text.NAMED.fullmatch(text)
        ),
        "model_hash": st.from_regex(r"([0-9a-f]{8}|[0-9a-f]{10})?", fullmatch=True),
        "encoder_hash": st.from_regex(r"([0-9a-f]{10})?", fullmatch=True),
        "start": st.floats(0, 0.5),
        "end": st.floats(0.5, 1),
    }
    one = {name: special[name] if name in special else value_of(known) for name, known in CONTROLS.items()}
    return st.lists(st.fixed_dictionaries(one), max_size=3)


@st.composite
def requests(draw: st.DrawFn) -> GenerationRequest:
    start = draw(st.sampled_from(list(STARTS)))
    values: dict[str, Any] = {"start": start}
    for name, known in PARAMETERS.items():
        if known.part == "hires" and start != "noise":
            continue  # a second pass follows text to image only
        if known.part != "start" or name in STARTS[start].model_fields:
            given = value_of(known) if known.start or not known.optional else st.none() | value_of(known)
            values[name] = draw(given if known.start else given | st.just(known.default))
    for name in ("prompt", "negative_prompt"):
        values[name] = tidy(draw(words | hostile))
    return read({**values, "control": draw(units())})


def is_read_back(asked: GenerationRequest) -> None:
    reading = infotext.read(infotext.write(asked))
    assert read(reading.values) == asked
    assert not reading.leftovers


@settings(max_examples=100, deadline=None)
@given(requests())
def test_what_is_written_reads_back_as_the_same_request(asked: GenerationRequest) -> None:
    is_read_back(asked)


@pytest.mark.slow
@settings(max_examples=2000, deadline=None)
@given(requests())
def test_two_thousand_requests_read_back_as_they_were(asked: GenerationRequest) -> None:
    is_read_back(asked)


def test_it_looks_as_automatic1111_writes_it() -> None:
    asked = read({"prompt": "a red house", "negative_prompt": "blue", "seed": 7, "width": 128, "height": 64})
    lines = infotext.write(asked).split("\n")
    assert lines[:2] == ["a red house", "Negative prompt: blue"]
    assert lines[2].startswith(
        "Steps: 20, Sampler: DPM++ 2M, Schedule type: Automatic, CFG scale: 5, Seed: 7, Size: 128x64, "
    )


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


@pytest.mark.parametrize(
    "letters", ['Hashes: {"a": [[', 'Hashes: {"a": 1}, ', "Template: \n", "Steps: 1, a: 1, b: 2\nTemplate: x\n"]
)
def test_hostile_json_and_templates_are_read_in_linear_time(letters: str) -> None:
    begun = time.process_time()
    infotext.read("Steps: 1, b: 2, c: 3, " + letters * (400_000 // len(letters)))
    infotext.read(letters * (400_000 // len(letters)) + "Steps: 1, b: 2, c: 3")
    assert time.process_time() - begun < 2


def test_a_value_that_does_not_fit_is_listed() -> None:
    reading = infotext.read("x\nSteps: 3, Sampler: Magic, Schedule type: Slow, CFG scale: 99, Seed: 1, Size: 500x500")
    assert "sampler" not in reading.values
    assert reading.leftovers == {"Sampler": "Magic", "Schedule type": "Slow", "CFG scale": "99", "Size": "500x500"}
