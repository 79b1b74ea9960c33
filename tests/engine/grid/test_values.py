"""What people type as an axis' values becomes a list, or one error that says what to do."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadRequest
from engine.grid.values import MOST, listed, values_of
from engine.request.schema import PARAMETERS


@pytest.mark.parametrize(
    ("name", "text", "values"),
    [
        ("steps", "10, 20,30", [10, 20, 30]),
        ("steps", "1-5", [1, 2, 3, 4, 5]),
        ("steps", "1-10 (+3)", [1, 4, 7, 10]),
        ("steps", "1-10(+4)", [1, 5, 9]),
        ("steps", "1-10 [5]", [1, 3, 5, 7, 10]),
        ("steps", "10-1 (-3)", [10, 7, 4, 1]),
        ("steps", "5-3", [5, 4, 3]),
        ("steps", "2, 10-12, 40", [2, 10, 11, 12, 40]),
        ("steps", "20", [20]),
        ("width", "64-128", [64, 72, 80, 88, 96, 104, 112, 120, 128]),
        ("width", "64-128 [3]", [64, 96, 128]),
        ("guidance", "1-2 (+0.5)", [1.0, 1.5, 2.0]),
        ("guidance", "1-2 (+0.3)", [1.0, 1.3, 1.6, 1.9]),
        ("guidance", "3, 7.5", [3.0, 7.5]),
        ("eta", "0-1 [3]", [0.0, 0.5, 1.0]),
        ("seed", "-1, 18446744073709551615", [-1, 2**64 - 1]),
        ("sampler", "euler A, DPM++ 2M", ["Euler a", "DPM++ 2M"]),
        ("exact", "yes, off, 是", [True, False, True]),
        ("checkpoint", '"a, b", c', ["a, b", "c"]),
        ("negative_prompt", "blurry, grey\nred", ["blurry, grey", "red"]),
        ("steps", "  ", []),
    ],
)
def test_ranges_and_lists_are_read_as_automatic1111_writes_them(name: str, text: str, values: list[Any]):
    assert values_of(PARAMETERS[name], text) == values


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("steps", "ten", "field.type"),
        ("steps", "1.5", "field.type"),
        ("steps", "1-2 (+0.5)", "field.type"),
        ("steps", "1-10 (-1)", "grid.range"),
        ("steps", "1-10 (+0)", "grid.range"),
        ("steps", "1-10 [0]", "grid.count"),
        ("steps", "1-1000000000", "grid.large"),
        ("steps", "1-10 [100000]", "grid.large"),
        ("steps", "1-900, 1-900", "grid.large"),
        ("sampler", "Eulr", "field.choice"),
        ("exact", "perhaps", "field.type"),
        ("checkpoint", "x" * 200_000, "grid.text"),
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, text: str, code: str):
    with pytest.raises(BadRequest) as refused:
        values_of(PARAMETERS[name], text)
    assert refused.value.problem.code == code


def test_a_list_is_taken_value_by_value():
    assert values_of(PARAMETERS["steps"], [5, "1-3"]) == [5, 1, 2, 3]
    assert values_of(PARAMETERS["sampler"], ["Heun"]) == ["Heun"]


@given(st.integers(1, 150), st.integers(1, 150), st.integers(1, 40))
def test_a_range_starts_at_its_first_value_and_never_passes_its_last(first: int, last: int, by: int):
    sign = "+" if last >= first else "-"
    values = values_of(PARAMETERS["steps"], f"{first}-{last} ({sign}{by})")
    assert values == list(range(first, last + (1 if last >= first else -1), by if last >= first else -by))


@given(
    st.text(max_size=200), st.sampled_from(["steps", "guidance", "seed", "sampler", "exact", "prompt", "checkpoint"])
)
def test_any_text_is_a_list_or_a_refusal(text: str, name: str):
    try:
        found = values_of(PARAMETERS[name], text)
    except BadRequest:
        return
    assert len(found) <= MOST


@given(st.lists(st.from_regex(r"[a-z ,]{1,12}", fullmatch=True).map(str.strip).filter(bool), max_size=6))
def test_quoted_parts_come_back_whole(parts: list[str]):
    assert listed(",".join(f'"{part}"' for part in parts)) == parts
