"""Hostile prompts are read at once: 100 kB of each operator (benchmarks/prompts.py measures how soon)."""

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
    *("[a", "(a", "[|]", "{a|b}"),
]
READERS: dict[str, Callable[[str], object]] = {
    "attention": attention.parse,
    "schedule": schedule.parse,
    "and": lambda text: [weighted(part) for part in AND.split(text)],
    "comments": comments.strip,
    "networks": networks.take_out,
    "variants": lambda text: variants.draw(text, 1, NONE),
}
ALLOWED = 0.2  # seconds of processor time, four times what an idle core needs at most; quadratic reading takes minutes
TRIES = 3  # the best counts: a busy machine's caches are others'


def seconds(read: Callable[[str], object], text: str) -> float:
    best = float("inf")
    for _ in range(TRIES):
        begun = time.process_time()
        with contextlib.suppress(BadRequest):
            read(text)
        best = min(best, time.process_time() - begun)
        if best < ALLOWED:
            break
    return best


@pytest.mark.parametrize("reader", READERS)
def test_a_hundred_kilobytes_of_each_operator_are_read_at_once(reader: str) -> None:
    for piece in PIECES:
        for text in (piece * (100_000 // len(piece)), "[" * 30_000 + piece * (30_000 // len(piece)) + ":5]" * 13_000):
            assert seconds(READERS[reader], text) < ALLOWED, (piece, text[:20])


@pytest.mark.parametrize(
    "text",
    [
        "[" * 50_000 + "]" * 50_000,
        "[a:" * 20_000 + "b:3]" * 10_000,
        "[a:" * 14_000 + ":3]" * 14_000,
        "(" * 50_000 + ")" * 50_000,
    ],
)
def test_deep_nesting_is_no_accident(text: str) -> None:
    assert len(schedule.stages(text, schedule.Timeline(20))) >= 1
    assert seconds(lambda text: schedule.stages(text, schedule.Timeline(20)), text) < ALLOWED


@pytest.mark.parametrize("inside", ["|" * 99_998, "999$$" + "|" * 99_993, "{}" * 49_999, "a" + "::" * 49_999])
def test_a_hundred_kilobytes_in_one_pair_of_braces_are_read_at_once(inside: str) -> None:
    assert seconds(READERS["variants"], "{" + inside + "}") < ALLOWED
