"""Blocked words are found in what is drawn, however they are written, and only there."""

import time
from pathlib import Path
from typing import Any

import pytest

from engine.errors import BadRequest
from engine.prompt.blocked import Blocked
from engine.prompt.lexicon import Lexicon
from engine.prompt.spend import spend
from engine.prompt.styles import Style
from engine.request.generation import GenerationRequest
from engine.request.read import read

LIST = Blocked(["Grail", "red house", "Straße", "naïve", "圣杯"])


def refused(text: str = "", words: Blocked = LIST, **values: Any) -> str | None:
    """The field that is refused."""
    return refused_request(read({"seed": 1, "prompt": text} | values), words)


def refused_request(request: GenerationRequest, words: Blocked = LIST) -> str | None:
    try:
        words.check(request)
    except BadRequest as error:
        return error.problem.field if error.problem.code == "words.blocked" else error.problem.code
    return None


@pytest.mark.parametrize(
    "text",
    [
        "the grail",
        "GRAIL, gold",
        "a (grail)",
        "holy_grail",
        "a red  house",
        "a red,\nhouse",
        "STRASSE",
        "straße",
        "naive",
        "nai\u0308ve",
        "\uff27\uff52\uff41\uff49\uff4c",  # full width
        "𝓖𝓡𝓐𝓘𝓛",
        "gr\u200bail",  # without width
        "gr\u00adail",
        "gr\u3164ail",
        "g\u0336r\u0336a\u0336i\u0336l\u0336",  # struck through
        "画一个圣杯吧",
    ],
)
def test_a_word_is_found_however_it_is_written(text: str) -> None:
    assert refused(text) == "prompt"


@pytest.mark.parametrize("text", ["", "grails", "ungrail", "a red boat, a house", "a house red", "圣诞 杯", "gr ail"])
def test_other_words_are_let_through(text: str) -> None:
    assert refused(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "gra(il:1.2)",
        "(grail:1.2)s",
        "(red:1.2) (house:0.9)",
        "(red:1.2)(house:0.9)",
        "gr[]ail",
        "gr\\ail",
        "gra<lora:x:1>il",
        "[gra:gra:0.5]il",
        "[cup|grail]",
        "[cup:grail:0.9]",
        "a cup AND a grail :0.1",
        "cup BREAK grail",
    ],
)
def test_the_prompt_language_hides_no_word(text: str) -> None:
    assert refused(text) == "prompt"


def test_what_brackets_weigh_is_text_where_they_are_turned_off() -> None:
    assert refused("gra(il)", emphasis="None") is None
    assert refused("(grail)", emphasis="None") == "prompt"


def test_a_switch_of_the_second_pass_counts() -> None:
    late = "[cup:grail:1.5]"
    assert refused(late) is None
    assert refused(late, hires_scale=2) == "prompt"


def test_only_what_is_asked_for_is_looked_through() -> None:
    assert refused("a cup", negative_prompt="grail") is None


def test_words_of_the_detailer_count_where_it_draws() -> None:
    assert refused("a cup", detailer_prompt="grail", detailer_model="face") == "detailer_prompt"
    assert refused("a cup", detailer_prompt="grail") is None


@pytest.mark.parametrize("typed", ["{cup|__thing__}", "a {red|blue} {boat|house}"])
def test_styles_and_wildcards_are_looked_through_as_they_were_drawn_for_every_picture(
    typed: str, tmp_path: Path
) -> None:
    lexicon = Lexicon.of(tmp_path)
    (tmp_path / "wildcards").mkdir()
    (tmp_path / "wildcards" / "thing.txt").write_text("grail\n")
    seen: set[bool] = set()
    for seed in range(12):
        spent = spend(read({"prompt": typed, "seed": seed, "count": 2}), lexicon)
        texts = {spent.picture(0).words.prompt, spent.picture(1).words.prompt}
        bad = any("grail" in text or "red house" in text for text in texts)
        assert (refused_request(spent) == "prompt") is bad
        seen.add(bad)
    assert seen == {True, False}
    lexicon.styles.put(Style("Holy", "{prompt} with a grail", ""))
    assert refused_request(spend(read({"prompt": "a cup", "styles": ["Holy"], "seed": 1}), lexicon)) == "prompt"


def test_a_refusal_tells_neither_the_word_nor_the_list() -> None:
    with pytest.raises(BadRequest) as caught:
        LIST.check(read({"prompt": "the grail", "seed": 1}))
    assert "grail" not in caught.value.problem.model_dump_json().lower()
    assert caught.value.problem.values == {}


@pytest.mark.parametrize("word", ["", " ", "--", "\u200b", "\u0301"])
def test_a_word_without_a_letter_is_refused_since_it_would_be_in_every_prompt(word: str) -> None:
    with pytest.raises(BadRequest) as caught:
        Blocked(["grail", word])
    assert caught.value.problem.field == "blocked_words"


def test_a_prompt_that_cannot_be_read_through_is_refused_soon() -> None:
    many = "[a:b:3]" + "".join(f"[{'|'.join('ab' * (n + 1))}c]" for n in range(12)) + "()" * 4000
    prompts = tuple(f"{index} {many}" for index in range(16))
    started = time.process_time()
    with pytest.raises(BadRequest) as caught:
        LIST.check(read({"seed": 1, "count": 16, "steps": 150, "prompts": prompts}))
    assert caught.value.problem.code == "words.many"
    assert time.process_time() - started < 5, "seconds, on a busy machine"


def test_nothing_is_read_where_no_words_are_set() -> None:
    Blocked().check(None)  # pyright: ignore[reportArgumentType]
