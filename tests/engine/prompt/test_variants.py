"""Variants and wildcards are drawn with the seed, and hostile ones end in a sentence."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadRequest
from engine.prompt.variants import draw
from engine.prompt.wildcards import Wildcards

NONE = Wildcards(Path("/nowhere"))


def all_of(text: str, wildcards: Wildcards = NONE) -> set[str]:
    return {draw(text, seed, wildcards) for seed in range(300)}


@pytest.fixture
def wildcards(tmp_path: Path) -> Wildcards:
    def put(name: str, text: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    put("colour.txt", "# colours\nred\n\nblue\n")
    put("animals/cat.txt", "tabby")
    put("animals/wild/lynx.txt", "lynx")
    put("nested.txt", "a {small|big} __colour__ __animals/cat__")
    put("heavy.txt", "9::often\n0::never\n1::seldom")
    put("season.txt", "in ${season:summer}")
    put("more.yaml", "clothes:\n  hats: [cap, beret]\n  shoe: boot\n")
    put("shapes.json", json.dumps(["cube", "ball"]))
    put("empty.txt", "# nothing\n")
    put("itself.txt", "__itself__")
    return Wildcards(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{a|b|c}", {"a", "b", "c"}),
        ("x {a|} y", {"x a y", "x  y"}),
        ("{a}", {"a"}),
        ("{0::a|b}", {"b"}),
        ("{.5::a|2::b}", {"a", "b"}),
        ("{2$$a|b}", {"a, b", "b, a"}),
        ("{2$$ and $$a|b}", {"a and b", "b and a"}),
        ("{1-2$$a|b}", {"a", "b", "a, b", "b, a"}),
        ("{-2$$a|b}", {"a", "b", "a, b", "b, a"}),
        ("{2-$$a|b}", {"a, b", "b, a"}),
        ("{a|{b|c}} d", {"a d", "b d", "c d"}),
        ("${x={a|b}}${x}", {"a", "b"}),
        ("${x=!{a|b}}${x}${x}", {"aa", "bb"}),
        ("${x={a|b}}${x}${x}", {"aa", "bb", "ab", "ba"}),
        ("${x:d}", {"d"}),
        ("a | b", {"a | b"}),
        (r"\{a|b\}", {r"\{a|b\}"}),
        ("[a|b:3] $5 a_b", {"[a|b:3] $5 a_b"}),
        ("snake__ case", {"snake__ case"}),
        ("a __ b __ c", {"a __ b __ c"}),
    ],
)
def test_variants_stand_for_just_these(text: str, expected: set[str]) -> None:
    assert all_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("__colour__", {"red", "blue"}),
        ("__animals/cat__", {"tabby"}),
        ("__animals/*__", {"tabby"}),
        ("__animals/**__", {"tabby", "lynx"}),
        ("__c*r__", {"red", "blue"}),
        ("{2$$__colour__}", {"red, blue", "blue, red"}),
        ("{__colour__|x}", {"red", "blue", "x"}),
        ("__clothes/hats__", {"cap", "beret"}),
        ("__clothes/shoe__", {"boot"}),
        ("__shapes__", {"cube", "ball"}),
        ("__season(season=winter)__", {"in winter"}),
        ("__season__", {"in summer"}),
        ("__nested__", {f"a {size} {hue} tabby" for size in ("small", "big") for hue in ("red", "blue")}),
    ],
)
def test_wildcards_stand_for_what_their_files_say(text: str, expected: set[str], wildcards: Wildcards) -> None:
    assert all_of(text, wildcards) == expected


def test_weights_of_lines_count(wildcards: Wildcards) -> None:
    drawn = [draw("__heavy__", seed, wildcards) for seed in range(500)]
    assert set(drawn) == {"often", "seldom"}
    assert drawn.count("often") > 400


def test_no_name_leads_out_of_the_folder(wildcards: Wildcards) -> None:
    (wildcards.folder.parent / "secret.txt").write_text("secret")
    assert draw("__../secret__", 1, wildcards) == "__../secret__"  # no name of a wildcard: text
    with pytest.raises(BadRequest, match="no wildcard"):
        draw("__animals/../../secret__", 1, wildcards)


def test_a_file_that_changes_is_read_again(wildcards: Wildcards) -> None:
    assert all_of("__animals/cat__", wildcards) == {"tabby"}
    (wildcards.folder / "animals/cat.txt").write_text("siamese cat")
    assert all_of("__animals/cat__", wildcards) == {"siamese cat"}


def test_the_seed_decides_and_nothing_else() -> None:
    assert [draw("{a|b|c|d|e}", seed, NONE) for seed in range(12)] == list("cdeaceddbaba")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{a", "no partner"),
        ("a}", "no partner"),
        ("${a", "no partner"),
        ("${a b=1}", "does not name a variable"),
        ("${a}", "has no value"),
        ("{" * 50 + "}" * 50, "nested deeper"),
        ("__colours__", "Did you mean __colour__"),
        ("__empty__", "is empty"),
        ("__itself__", "lead into each other"),
        ("${a=!x}${a=${a}}${a}", "lead into each other"),
    ],
)
def test_what_cannot_be_drawn_is_said(text: str, says: str, wildcards: Wildcards) -> None:
    with pytest.raises(BadRequest, match=says):
        draw(text, 1, wildcards)


@pytest.mark.parametrize("body", ["__w{next}__", "__w{next}__ __w{next}__ __w{again}__", "x"])
def test_five_thousand_wildcards_that_include_each_other_end_in_a_sentence(body: str, tmp_path: Path) -> None:
    for n in range(5000):
        (tmp_path / f"w{n}.txt").write_text(body.format(next=(n + 1) % 5000, again=n) + "\n")
    text = "__w*__ " + "__w0__" * 300
    begun = time.process_time()
    if body == "x":
        assert draw(text, 1, Wildcards(tmp_path)).startswith("x ")
    else:
        with pytest.raises(BadRequest, match="Wildcards"):
            draw(text, 1, Wildcards(tmp_path))
    assert time.process_time() - begun < 1


def test_a_yaml_bomb_ends_in_a_sentence(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40))]
    lines += ["b0: &b0 {k: x}", *(f"b{n}: &b{n} {{l: *b{n - 1}, r: *b{n - 1}}}" for n in range(1, 30))]
    (tmp_path / "bomb.yaml").write_text("\n".join(lines))
    begun = time.process_time()
    with pytest.raises(BadRequest, match="no wildcard"):
        draw("__b29__", 1, Wildcards(tmp_path))
    assert time.process_time() - begun < 2


@given(st.text(st.sampled_from("{}|$:_=!~12ab\\*/ ()-"), max_size=40), st.integers(0, 9))
def test_any_text_is_drawn_or_refused_in_words(text: str, seed: int) -> None:
    try:
        first = draw(text, seed, NONE)
    except BadRequest as error:
        first = str(error)
    try:
        again = draw(text, seed, NONE)
    except BadRequest as error:
        again = str(error)
    assert again == first
