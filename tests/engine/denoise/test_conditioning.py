"""Prompts that change while the picture is drawn, prompts joined by AND, and what they cost."""

from pathlib import Path
from typing import Any

import pytest
import torch

from engine.denoise import loop
from engine.denoise.conditioning import Speaker
from engine.denoise.sources import Sources
from engine.denoise.work import Picture, picture
from engine.library.load import LoadedModel
from engine.prompt.encode import encode
from engine.request.generation import GenerationRequest
from engine.request.read import read


def asked(**values: Any) -> GenerationRequest:
    return read({"prompt": "a boat", "steps": 6, "seed": 1, "width": 64, "height": 64, "sampler": "Euler"} | values)


def make(model: LoadedModel, **values: Any) -> Picture:
    request = asked(**values)
    return picture(model, request, 0, Speaker(model).conditioning(request), Sources(Path()))


def finish(*pictures: Picture) -> list[torch.Tensor]:
    while running := [p.denoising for p in pictures if not p.denoising.finished]:
        loop.step(running)
    return [p.denoising.latents for p in pictures]


def said(model: LoadedModel, **values: Any) -> list[torch.Tensor]:
    """The prompt's context at each evaluation."""
    made = make(model, **values).denoising
    return [made.conditioning.at(index)[-1] for index in range(made.index, len(made.solver.times))]


@pytest.mark.parametrize(
    ("prompt", "texts"),
    [
        ("[a house:a boat:2]", ["a house"] * 2 + ["a boat"] * 4),
        ("[a house:a boat:0.5]", ["a house"] * 3 + ["a boat"] * 3),
        ("[a house|a boat]", ["a house", "a boat"] * 3),
    ],
)
def test_the_prompt_changes_at_its_step(prompt: str, texts: list[str], postcard: LoadedModel) -> None:
    for context, text in zip(said(postcard, prompt=prompt), texts, strict=True):
        assert torch.equal(context, encode(postcard, text))


def test_the_negative_prompt_changes_too(postcard: LoadedModel) -> None:
    made = make(postcard, negative_prompt="[red:blue:2]").denoising
    told = [made.conditioning.at(index)[0] for index in range(6)]
    assert torch.equal(told[1], encode(postcard, "red"))
    assert torch.equal(told[2], encode(postcard, "blue"))


def test_a_sampler_of_two_questions_a_step_counts_steps(postcard: LoadedModel) -> None:
    told = said(postcard, sampler="Heun", prompt="[a house:a boat:2]")
    assert len(told) == 11
    assert torch.equal(told[3], encode(postcard, "a house"))
    assert torch.equal(told[4], encode(postcard, "a boat"))


def test_a_switch_at_once_and_never_is_the_plain_prompt(postcard: LoadedModel) -> None:
    prompts = ("a boat", "[a house:a boat:0]", "[a boat:a house:1.0]")
    plain, at_once, never = [finish(make(postcard, prompt=prompt))[0] for prompt in prompts]
    assert torch.equal(plain, at_once)
    assert torch.equal(plain, never)


def test_pictures_whose_prompts_change_share_calls_with_others(postcard: LoadedModel) -> None:
    wishes: list[dict[str, Any]] = [
        {"prompt": "[a house|a boat]"},
        {"prompt": "a boat", "sampler": "DPM++ 2M", "seed": 3},
        {"prompt": "a boat AND [snow:rain:0.5] :0.5", "seed": 4},
        {"prompt": "a (boat:1.3) BREAK by night", "negative_prompt": "[day:night:2]", "seed": 5},
    ]
    alone = [finish(make(postcard, **wish))[0] for wish in wishes]
    pictures = [make(postcard, **wish) for wish in wishes]
    assert loop.step([p.denoising for p in pictures], most_rows=16).calls < 4
    for expected, made in zip(alone, finish(*pictures), strict=True):
        assert float((expected - made).abs().max()) < 1e-4


def test_and_adds_each_parts_guidance(postcard: LoadedModel) -> None:
    made = make(postcard, prompt="a boat :0.5 AND snow :2").denoising
    assert made.conditioning.rows == 3
    negative, boat, snow = torch.randn(3, 1, 4, 8, 8).split(1)
    expected = negative + 0.5 * 5 * (boat - negative) + 2 * 5 * (snow - negative)
    assert torch.allclose(made.conditioning.combine([negative, boat, snow], 5).output, expected, atol=1e-5)


def test_a_prompt_joined_with_itself_at_half_weight_is_the_prompt(postcard: LoadedModel) -> None:
    once, twice = finish(make(postcard), make(postcard, prompt="a boat :0.5 AND a boat :0.5"))
    assert float((once - twice).abs().max()) < 1e-4


def test_a_weight_counts_without_guidance_too(postcard: LoadedModel) -> None:
    assert make(postcard, guidance=1).rows == 1
    assert make(postcard, guidance=1, prompt="a boat:2").rows == 2


def test_each_text_is_encoded_once(postcard: LoadedModel) -> None:
    speaker = Speaker(postcard)
    speaker.conditioning(asked(prompt="[a|b]", negative_prompt="a"))
    speaker.conditioning(asked(prompt="b", negative_prompt="[b:a:3]", seed=2))
    assert [text for text, *_ in speaker.known] == ["a", "b"]


def test_extra_networks_do_not_reach_the_text_encoder(postcard: LoadedModel) -> None:
    assert torch.equal(said(postcard, prompt="a boat<lora:pixel:1>")[0], encode(postcard, "a boat"))


@pytest.mark.parametrize("emphasis", ["Original", "No norm"])
def test_weights_scale_tokens_and_original_keeps_the_mean(emphasis: str, postcard: LoadedModel) -> None:
    plain, made = encode(postcard, "a red house"), encode(postcard, "a (red:1.5) house", emphasis=emphasis)
    scaled = plain.clone()
    scaled[2] *= 1.5
    if emphasis == "Original":
        scaled *= plain.mean() / scaled.mean()
        assert made.mean() == pytest.approx(float(plain.mean()), abs=1e-6)
    assert torch.allclose(made, scaled, atol=1e-6)


def test_ignored_weights_are_read_and_none_are_text(postcard: LoadedModel) -> None:
    assert torch.equal(encode(postcard, "a (red:1.5) house", emphasis="Ignore"), encode(postcard, "a red house"))
    literal = encode(postcard, r"a \(red:1.5\) house")
    assert torch.equal(encode(postcard, "a (red:1.5) house", emphasis="None"), literal)
