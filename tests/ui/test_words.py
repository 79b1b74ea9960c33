"""The words: both languages say everything that the page, the table of parameters and the errors need."""

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

from engine.errors import AtelierError
from engine.request.preprocessors import PREPROCESSOR_FACTS
from engine.request.schema import CONTROLS, PARAMETERS
from engine.request.training import TRAINING_PARAMETERS
from engine.settings import HOUSE
from engine.training.data.findings import Code
from ui.words import LANGUAGES, word

ERRORS = {"Problem", "Refused", "_damaged", "AtelierError", *(kind.__name__ for kind in AtelierError.__subclasses__())}
JAVASCRIPT = sorted((HOUSE / "ui" / "pieces").glob("*.js"))


def codes() -> set[str]:
    """The first text given to an error's constructor, anywhere in the engine and the API."""
    found = set()
    for path in [*(HOUSE / "engine").rglob("*.py"), *(HOUSE / "api").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and called(node) in ERRORS:
                places = [*node.args[:2], *(k.value for k in node.keywords if k.arg == "code")]
                texts = [p.value for p in places if isinstance(p, ast.Constant) and isinstance(p.value, str)]
                found |= {text for text in texts[:1] if re.fullmatch(r"[a-z0-9]+(\.[a-z0-9_]+)?", text)}
    return found


def called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def test_both_languages_have_the_same_keys():
    assert LANGUAGES["en"].keys() == LANGUAGES["zh-CN"].keys()


def test_no_text_is_empty():
    assert not [(name, key) for name, texts in LANGUAGES.items() for key, text in texts.items() if not text.strip()]


def test_both_languages_fill_the_same_gaps():
    gaps = {
        name: {key: set(re.findall(r"\{(\w+)\}", t)) for key, t in texts.items()} for name, texts in LANGUAGES.items()
    }
    assert gaps["en"] == gaps["zh-CN"]


def test_a_word_that_is_asked_for_by_its_name_gets_a_value_for_each_gap():
    """`t("key", { n, name: x })` in the page's scripts."""
    calls = re.compile(r'(?<![\w.$])t\("([\w.]+)"(?:,\s*\{([^}]*)\})?\)')
    asked = [call for file in JAVASCRIPT for call in calls.findall(file.read_text("utf-8"))]
    gaps = {key: set(re.findall(r"\{(\w+)\}", text)) for key, text in LANGUAGES["en"].items()}
    given = [(key, set(re.findall(r"(?:^|,)\s*(\w+)", values))) for key, values in asked]
    assert len(given) > 200, "the calls are found"
    assert [(key, gaps[key] - names) for key, names in given if gaps[key] - names] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_parameter_has_a_label_and_a_help(language: str):
    wanted = {f"field.{name}.{part}" for name in PARAMETERS for part in ("label", "help")}
    assert wanted <= LANGUAGES[language].keys()


def test_the_english_labels_are_those_of_the_table():
    assert {name: LANGUAGES["en"][f"field.{name}.label"] for name in PARAMETERS} == {
        name: known.label for name, known in PARAMETERS.items()
    }


@pytest.mark.parametrize("name", CONTROLS)
def test_every_value_of_a_control_unit_is_told_as_its_table_does_and_translated(name: str):
    known, english = CONTROLS[name], LANGUAGES["en"]
    assert english[f"control.field.{name}.label"] == known.label
    assert english[f"control.field.{name}.help"] == known.help
    assert re.search(r"[\u4e00-\u9fff]", LANGUAGES["zh-CN"][f"control.field.{name}.help"])
    assert all(f"control.choice.{choice}" in english for choice in known.choices if name != "preprocessor")


@pytest.mark.parametrize("name", PREPROCESSOR_FACTS)
def test_every_preprocessor_and_what_it_lets_turn_have_words(name: str):
    facts, english = PREPROCESSOR_FACTS[name], LANGUAGES["en"]
    assert english[f"preprocessor.{name}"]
    assert english[f"preprocessor.{name}.about"] == facts.about
    assert all(english[f"preprocessor.slider.{slider.label}"] for slider in (facts.a, facts.b) if slider)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_is_translated(language: str):
    found = codes()
    assert len(found) > 40, "the search has lost its way"
    wanted = {f"error.{code}.{part}" for code in found for part in ("message", "remedy")}
    assert not wanted - LANGUAGES[language].keys()


@pytest.mark.parametrize("code", get_args(Code))
def test_what_a_scan_of_pictures_finds_is_translated(code: str):
    for part in ("message", "remedy"):
        assert re.search(r"[\u4e00-\u9fff]", LANGUAGES["zh-CN"][f"error.dataset.{code}.{part}"])


@pytest.mark.parametrize("path", JAVASCRIPT, ids=lambda path: path.name)
def test_every_word_that_javascript_asks_for_exists(path: Path):
    text = path.read_text("utf-8")
    asked = {key for key in re.findall(r"""\bt\(\s*"([^"]+)\"""", text)}
    asked |= {key for key in re.findall(r"""\b(?:tool|row)\("[^"]+", "([^"]+)\"""", text) if "." in key}
    assert asked - LANGUAGES["en"].keys() == set()


def test_an_unknown_word_is_refused():
    with pytest.raises(KeyError):
        word("no.such.key")


@pytest.mark.parametrize("name", TRAINING_PARAMETERS)
def test_every_parameter_of_training_is_told_as_its_table_does_and_translated(name: str):
    known, english = TRAINING_PARAMETERS[name], LANGUAGES["en"]
    assert english[f"training.field.{name}.label"] == known.label
    assert english[f"training.field.{name}.help"] == known.help
    assert re.search(r"[\u4e00-\u9fff]", LANGUAGES["zh-CN"][f"training.field.{name}.help"])


NAMES = {"optimiser", "lora.algorithm", "precision", "schedule", "formats"}  # whose choices may be nobody's language


@pytest.mark.parametrize("name", [name for name, known in TRAINING_PARAMETERS.items() if known.choices])
def test_every_choice_of_training_is_told_in_both_languages(name: str):
    for choice in TRAINING_PARAMETERS[name].choices:
        key = f"training.choice.{choice}"
        if name == "sampler":  # as everywhere in the page
            assert key not in LANGUAGES["en"]
            continue
        assert LANGUAGES["en"][key]
        assert name in NAMES or re.search(r"[\u4e00-\u9fff]", LANGUAGES["zh-CN"][key]), choice
