"""Base values and axes become cells; what cannot be drawn is refused with the axis and the value in the message."""

from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadRequest
from engine.grid.cost import evaluations, steps_for
from engine.grid.plan import Layout, Plan, lay_out, requests
from engine.library.hash import HashCache
from engine.library.shelf import Shelf
from engine.request.generation import GenerationRequest
from engine.request.read import read
from engine.request.samplers import SAMPLERS
from engine.resolve import resolve

BASE: dict[str, Any] = {"prompt": "a house by the sea", "steps": 20, "width": 64, "height": 64}


class OneModel:
    """A library whose only model is called tiny."""

    name, width, height, words, instructs = "tiny", 64, 64, 0, False
    loras = Shelf("lora", Path("/nowhere"), HashCache(Path("/nowhere")))
    embeddings = Shelf("embedding", Path("/nowhere"), HashCache(Path("/nowhere")))
    controls = Shelf("control", Path("/nowhere"), HashCache(Path("/nowhere")))
    upscalers = Shelf("upscaler", Path("/nowhere"), HashCache(Path("/nowhere")))
    encoders = Shelf("encoder", Path("/nowhere"), HashCache(Path("/nowhere")))
    restorers = Shelf("restorer", Path("/nowhere"), HashCache(Path("/nowhere")))
    detectors = Shelf("detector", Path("/nowhere"), HashCache(Path("/nowhere")))

    def find(self, wanted: str) -> "OneModel":
        if wanted not in ("", "tiny"):
            raise BadRequest("checkpoint.unknown", f"There is no model {wanted}.", "Use tiny.", field="checkpoint")
        return self

    def hash_of(self, model: "OneModel") -> str:
        return "0123456789"


def layout(*axes: tuple[str, Any], fresh_seeds: bool = False, **values: Any) -> Layout:
    seeds = count(1000)
    plan = {"values": BASE | values, "axes": [{"what": w, "values": v} for w, v in axes], "fresh_seeds": fresh_seeds}
    return lay_out(Plan.model_validate(plan), lambda: next(seeds))


def drawn(*axes: tuple[str, Any], **values: Any) -> list[GenerationRequest]:
    return requests(layout(*axes, **values), lambda cell: resolve(read(cell), OneModel()))


def refused(*axes: tuple[str, Any], **values: Any) -> BadRequest:
    with pytest.raises(BadRequest) as error:
        drawn(*axes, **values)
    return error.value


def prompts(*axes: tuple[str, Any], **values: Any) -> list[str]:
    return [request.words.prompt for request in drawn(*axes, **values)]


def test_x_runs_fastest_then_y_then_z():
    cells = drawn(("sampler", "Euler, Heun"), ("steps", "1-3"), ("guidance", "1, 2"))
    told = [(c.sampling.sampler, c.sampling.steps, c.sampling.guidance) for c in cells]
    assert told == [(s, n, g) for g in (1, 2) for n in (1, 2, 3) for s in ("Euler", "Heun")]


def test_one_seed_is_drawn_for_all_cells():
    assert {c.sampling.seed for c in drawn(("steps", "1-4"))} == {1000}


def test_each_cell_draws_its_own_seed_if_asked():
    assert len({c.sampling.seed for c in drawn(("steps", "1-4"), fresh_seeds=True)}) == 4


def test_a_random_seed_on_an_axis_is_drawn_once_for_its_row():
    cells = drawn(("steps", "1, 2"), ("seed", "5, -1, -1"))
    seeds = [c.sampling.seed for c in cells]
    assert seeds[:2] == [5, 5]
    assert seeds[2] == seeds[3] != seeds[4] == seeds[5]


def test_the_first_word_is_searched_and_each_takes_its_place():
    assert prompts(("replace", "house, castle, big tent")) == [
        "a house by the sea",
        "a castle by the sea",
        "a big tent by the sea",
    ]


def test_whole_prompts_come_from_lines_with_options_as_automatic1111_has_them():
    text = 'a tree\n\n--prompt "a cat, asleep" --steps 7 --cfg_scale 3.5 --sampler_name Heun --negative_prompt red'
    first, second = drawn(("prompts", text))
    assert (first.words.prompt, first.sampling.steps) == ("a tree", 20)
    assert second.words.prompt == "a cat, asleep"
    assert second.words.negative_prompt == "red"
    assert (second.sampling.steps, second.sampling.guidance, second.sampling.sampler) == (7, 3.5, "Heun")


def test_bars_in_the_prompt_make_all_combinations():
    assert prompts(("matrix", ""), prompt="a house|red|big") == [
        "a house",
        "a house, red",
        "a house, big",
        "a house, red, big",
    ]


def test_two_axes_share_the_bars():
    grid = layout(("matrix", ""), ("matrix", ""), prompt="a house|red|big|old|tall")
    assert [[p.label for p in axis] for axis in grid.axes] == [
        ["—", "red", "big", "red, big"],
        ["—", "old", "tall", "old, tall"],
    ]
    assert grid.values(15)["prompt"] == "a house, red, big, old, tall"


def test_bars_in_brackets_belong_to_the_prompt():
    assert prompts(("matrix", ""), prompt="a [red|blue] house|big") == ["a [red|blue] house", "a [red|blue] house, big"]


def test_parts_of_an_axis_are_added_to_the_prompt():
    assert prompts(("matrix", "at night")) == ["a house by the sea", "a house by the sea, at night"]


def test_samplers_at_equal_cost_take_the_steps_that_the_calls_buy():
    cells = drawn(("cost", "Euler, Heun"), ("steps", "10, 20"))
    assert [(c.sampling.sampler, c.sampling.steps) for c in cells] == [
        ("Euler", 10),
        ("Heun", 5),
        ("Euler", 20),
        ("Heun", 10),
    ]


def test_the_header_tells_the_steps_at_equal_cost():
    assert [point.label for point in layout(("cost", "Euler, Heun")).axes[0]] == ["Euler × 20", "Heun × 10"]


@given(st.sampled_from([name for name in SAMPLERS if name != "DPM adaptive"]), st.integers(2, 50))
def test_equal_cost_is_about_equal(sampler: str, budget: int):
    assert abs(evaluations(sampler, steps_for(sampler, budget)) - budget) <= max(1, budget / 10)


@pytest.mark.parametrize(
    ("axes", "words"),
    [
        ([("steps", "10, 151")], ["Axis X", "'151'", "between 1 and 150"]),
        ([("sampler", "Euler"), ("steps", "10, x")], ["Axis Y", "'x'"]),
        ([("width", "64, 65")], ["Axis X", "'65'", "divisible by 8"]),
        ([("sampler", "LCM"), ("steps", "10, 60")], ["Axis Y", "'60'", "LCM"]),
        ([("checkpoint", "tiny, other")], ["Axis X", "'other'", "no model"]),
        ([("replace", "tent, house")], ["Axis X", "'tent'", "not in the prompt"]),
        ([("prompts", "fine\n--nonsense 3")], ["Axis X", "2: --nonsense 3"]),
        ([("prompts", '--prompt "open')], ["Axis X", "quotation mark"]),
        ([("cost", "LCM")], ["Axis X", "'LCM", "cannot spend"]),
        ([("matrix", "")], ["Axis X", "nothing to combine"]),
        ([("steps", "")], ["Axis X", "no values"]),
        ([("magic", "1")], ["Axis X", "magic"]),
        ([("steps", "1, 2"), ("steps", "3")], ["both set Steps"]),
        ([("cost", "Euler"), ("sampler", "Heun")], ["both set Sampler"]),
        ([("steps", "1-100"), ("seed", "1-100")], ["10000 cells", "at most 1000"]),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_axis_and_value(axes: list[tuple[str, Any]], words: list[str]):
    error = refused(*axes, **({"steps": 80} if axes == [("cost", "LCM")] else {}))
    assert all(word in str(error) for word in words), str(error)
    assert error.problem.remedy


def test_a_bad_base_value_is_refused_though_no_axis_is_to_blame():
    assert "Width must be divisible by 8" in str(refused(("steps", "1, 2"), ("seed", "3"), width=65))


def test_a_variation_seed_is_drawn_only_where_it_is_mixed_in():
    assert {c.noise.variation_seed for c in drawn(("steps", "1, 2"))} == {-1}
    assert len({c.noise.variation_seed for c in drawn(("steps", "1, 2"), variation_strength=0.5)} - {-1}) == 1
