"""Hostile prompts are read in linear time: 100 kB of each operator."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import BadRequest
from engine.prompt import attention, comments, networks, schedule, variants
from engine.prompt.composition import AND, weighted
from engine.prompt.wildcards import Wildcards

NONE = Wildcards(Path("/nowhere"))
PIECES = [
    *"()[]{}|:_$\\#<>=,.1 \n",
    *("__", "$$", "::", "${", "()", "[]", "{}", "[a:b:3]", "[a|b]", "(a:1.1)", "<lora:", "<a:b>", " AND ", " BREAK "),
    *(": 1", ":1", "\\(", "[:", "(:", "${a=", "__a__", "a", "[[a:1]", "BREAK", "#a\n", "{1$$", "{a|"),
]
READERS: dict[str, Callable[[str], object]] = {
    "attention": attention.parse,
    "schedule": schedule.parse,
    "and": lambda text: [weighted(part) for part in AND.split(text)],
    "comments": comments.strip,
    "networks": networks.take_out,
    "variants": lambda text: variants.draw(text, 1, NONE),
}
ALLOWED = 2.0  # seconds of processor time; quadratic reading takes minutes


@pytest.mark.parametrize("reader", READERS)
def test_a_hundred_kilobytes_of_each_operator_are_read_at_once(reader: str) -> None:
    slow: dict[str, float] = {}
    for piece in PIECES:
        for text in (piece * (100_000 // len(piece)), "[" * 30_000 + piece * (30_000 // len(piece)) + ":5]" * 13_000):
            begun = time.process_time()
            with contextlib.suppress(BadRequest):
                READERS[reader](text)
            slow[piece] = max(slow.get(piece, 0), time.process_time() - begun)
    assert max(slow.values()) < ALLOWED, sorted(slow.items(), key=lambda pair: -pair[1])[:3]


@pytest.mark.parametrize(
    "text", ["[" * 50_000 + "]" * 50_000, "[a:" * 20_000 + "b:3]" * 10_000, "(" * 50_000 + ")" * 50_000]
)
def test_deep_nesting_is_no_accident(text: str) -> None:
    begun = time.process_time()
    stages = schedule.stages(text, schedule.Timeline(20))
    assert len(stages) >= 1
    assert time.process_time() - begun < ALLOWED
