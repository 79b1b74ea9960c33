"""`<lora:…>` as AUTOMATIC1111 reads it, and the hashes as it notes them."""

import pytest

from engine.errors import BadRequest
from engine.prompt.networks import MOST, Wanted, hashes, loras, noted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("<lora:a>", [Wanted("a", 1, 1)]),
        ("x <lora:a:0.8> y", [Wanted("a", 0.8, 0.8)]),
        ("<lora:a:0.5:0.25>", [Wanted("a", unet=0.25, text=0.5)]),
        ("<lora:a:te=0.5>", [Wanted("a", unet=0.5, text=0.5)]),
        ("<lora:a:unet=0.5>", [Wanted("a", unet=0.5, text=1)]),
        ("<lora:a:te=0.2:unet=-1>", [Wanted("a", unet=-1, text=0.2)]),
        ("<lyco: my one :.5>", [Wanted("my one", 0.5, 0.5)]),
        ("<lora:a:0.5> <lora:b:1> <lora:a:0.25>", [Wanted("a", 0.75, 0.75), Wanted("b", 1, 1)]),
        ("<hypernet:a:1> <lora:never closed", []),
    ],
)
def test_a_tag_says_a_name_and_strengths(text: str, wanted: list[Wanted]) -> None:
    assert loras(text) == wanted


@pytest.mark.parametrize(
    "text", ["<lora:a:x>", "<lora:a:inf>", "<lora:a:1e9>", "<lora:a:1:2:3>", "<lora:a:dim=4>", "<lora:a:>"]
)
def test_what_is_no_strength_is_refused_at_the_prompt(text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        loras(text)
    assert caught.value.problem.field == "prompt"


def test_too_many_are_refused() -> None:
    with pytest.raises(BadRequest, match=f"at most {MOST}"):
        loras("".join(f"<lora:{n}:1>" for n in range(MOST + 1)))


def test_noted_hashes_come_back() -> None:
    told = {"a b": "0123456789ab", "<mine>": "abcdefabcdef"}
    assert hashes(noted(told)) == told
    assert hashes("nothing, a: , : b, c:d") == {"c": "d"}
