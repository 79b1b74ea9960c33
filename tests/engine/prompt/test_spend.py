"""Words are spent once: what an acknowledged job draws does not change with the files that it came from."""

from pathlib import Path
from typing import Any

import pytest

from engine import infotext
from engine.errors import BadRequest
from engine.prompt.lexicon import Lexicon
from engine.prompt.spend import spend
from engine.prompt.styles import Style
from engine.request.generation import GenerationRequest
from engine.request.read import read


@pytest.fixture
def lexicon(tmp_path: Path) -> Lexicon:
    made = Lexicon.of(tmp_path)
    (tmp_path / "wildcards").mkdir()
    (tmp_path / "wildcards" / "colour.txt").write_text("red\ngreen\nblue\nblack\nwhite\n")
    made.styles.put(Style("Photo", "photo of {prompt}", "drawing"))
    made.styles.put(Style("Any", "{warm|cold} light"))
    return made


def asked(**values: Any) -> GenerationRequest:
    return read({"seed": 5} | values)


def test_styles_are_put_in_and_forgotten(lexicon: Lexicon) -> None:
    spent = spend(asked(prompt="a cat", negative_prompt="blur", styles=["Photo"]), lexicon)
    assert (spent.words.prompt, spent.words.negative_prompt) == ("photo of a cat", "blur, drawing")
    assert spent.words.styles == ()
    assert spent.spent.template == ""  # nothing was drawn by lot: the prompt says it all


def test_each_picture_of_a_batch_has_its_own_words(lexicon: Lexicon) -> None:
    spent = spend(asked(prompt="a __colour__ cat # why not", count=8), lexicon)
    assert spent.spent.template == "a __colour__ cat # why not"
    assert len(set(spent.spent.prompts)) > 2
    for index, text in enumerate(spent.spent.prompts):
        alone = spend(asked(prompt="a __colour__ cat # why not", seed=5 + index), lexicon)
        assert spent.picture(index).words.prompt == text == alone.words.prompt
        assert spent.picture(index).spent.prompts == ()


def test_a_spent_request_is_spent_already_whatever_the_files_say(lexicon: Lexicon) -> None:
    first = spend(asked(prompt="__colour__", negative_prompt="{a|b}", styles=["Any"], count=5), lexicon)
    (lexicon.wildcards.folder / "colour.txt").write_text("gone")
    lexicon.styles.delete("Any")
    assert spend(first, lexicon) == first
    assert spend(first.picture(3), lexicon) == first.picture(3)


def test_a_spent_request_survives_the_pictures_text(lexicon: Lexicon) -> None:
    whole = spend(asked(prompt="__colour__: {x|y}", styles=["Any"], count=5), lexicon)
    for request in (whole, whole.picture(2)):
        assert read(infotext.read(infotext.write(request)).values) == request


def test_a_plain_prompt_has_no_template_in_its_text(lexicon: Lexicon) -> None:
    assert "Template" not in infotext.write(spend(asked(prompt="a (cat:1.2)"), lexicon))
    assert 'Template: "{a|b} # c"' not in infotext.write(asked(prompt="{a|b} # c"))
    assert "Template: {a|b}" in infotext.write(spend(asked(prompt="{a|b}"), lexicon))


def test_literal_words_are_drawn_as_they_stand(lexicon: Lexicon) -> None:
    text = "{a|b} __nothing__ # c"
    assert spend(asked(prompt=text, literal=True), lexicon).words.prompt == text


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"prompt": "__color__"}, "prompt", "wildcard.unknown"),
        ({"negative_prompt": "{a"}, "negative_prompt", "prompt.brace"),
        ({"prompt": "(a:1.2.3)"}, "prompt", "prompt.weight"),
        ({"negative_prompt": "(" * 10_000 + "a"}, "negative_prompt", "prompt.heavy"),
        ({"prompt": "a AND " * 20}, "prompt", "prompt.parts"),
        ({"styles": ["Nope"]}, "styles", "style.unknown"),
        ({"prompt": "${a=" + "x" * 900 + "}" + "${a}" * 100}, "prompt", "prompt.grown"),
    ],
)
def test_what_cannot_be_understood_is_said_at_its_field(
    values: dict[str, Any], field: str, code: str, lexicon: Lexicon
) -> None:
    with pytest.raises(BadRequest) as caught:
        spend(asked(**values), lexicon)
    assert (caught.value.problem.field, caught.value.problem.code) == (field, code)
    assert caught.value.problem.remedy


def test_without_emphasis_brackets_are_text(lexicon: Lexicon) -> None:
    assert spend(asked(prompt="(a:1.2.3)", emphasis="None"), lexicon).words.prompt == "(a:1.2.3)"
