"""The judge learns what pictures show, says so beside chance and ceiling, and is kept as safetensors."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
import torch
from PIL import Image

from recipes.postcard.blur import worn
from recipes.postcard.dataset import Order, write
from recipes.postcard.draw import draw
from recipes.postcard.judge import HEADS, Judge, folder, rendered, truth
from recipes.postcard.prompts import furnished_scene, single_prompts, two_prompts
from recipes.postcard.scenes import Scene, Thing


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge.train_on(rendered(1), count=300, steps=60, seed=0)


def answers_to(prompts, turned: int = 0) -> list[Image.Image]:
    """True pictures of the prompts, or of the ones `turned` places further on."""
    turned_prompts = [*prompts[turned:], *prompts[:turned]]
    return [draw(furnished_scene(prompt), prompt.seed).picture() for prompt in turned_prompts]


def test_it_learns(judge: Judge) -> None:
    """A minute's training would know objects too; a few seconds' knows the light and the ground."""
    prompts = single_prompts(48)
    scores = judge.score(answers_to(prompts), [prompt.scene for prompt in prompts])
    assert scores["time"].accuracy > 0.8
    assert scores["ground"].accuracy > 0.5
    assert scores["time"].accuracy > scores["time"].chance + 0.4
    assert set(scores) == {"object", "colour", "place", "count", "ground", "time"}
    assert all(score.n == 48 for score in scores.values())


def test_pictures_of_other_prompts_score_like_chance(judge: Judge) -> None:
    prompts = single_prompts(48)
    right = judge.score(answers_to(prompts), [prompt.scene for prompt in prompts])["time"]
    wrong = judge.score(answers_to(prompts, turned=5), [prompt.scene for prompt in prompts])["time"]
    assert wrong.accuracy < 0.5
    assert wrong.ceiling == right.ceiling  # the ceiling looks at true pictures, whatever it is given


def test_two_things_are_scored_as_pair_and_in_order(judge: Judge) -> None:
    prompts = two_prompts(8)
    scores = judge.score(answers_to(prompts), [prompt.scene for prompt in prompts])
    assert set(scores) == {"pair", "order", "colours of two", "ground", "time"}
    assert scores["pair"].accuracy >= scores["order"].accuracy


def test_a_saved_judge_judges_the_same(judge: Judge, tmp_path: Path) -> None:
    pictures = answers_to(single_prompts(12))
    judge.save(tmp_path / "judge.safetensors")
    assert Judge.load(tmp_path / "judge.safetensors").answers(pictures) == judge.answers(pictures)


def test_a_judge_of_other_answers_is_refused(judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judge.save(tmp_path / "judge.safetensors")
    monkeypatch.setitem(HEADS, "place", ("above", "below"))
    with pytest.raises(ValueError, match="train it again"):
        Judge.load(tmp_path / "judge.safetensors")


def test_it_learns_from_a_folder_too(tmp_path: Path) -> None:
    write(tmp_path, Order(count=4, seed=1, size=64))
    examples = list(islice(folder(tmp_path), 8))
    assert [scene for _, scene in examples[:4]] == [scene for _, scene in examples[4:]]
    taught = [Judge.train_on(folder(tmp_path), count=4, steps=2, seed=3).state_dict() for _ in range(2)]
    assert all(torch.equal(taught[0][name], taught[1][name]) for name in taught[0])


def test_the_truth_has_no_answer_where_a_scene_has_none() -> None:
    assert "place" not in truth(Scene((Thing("tent", "yellow", 3),), "snow", "night"))
    assert truth(Scene((), "sea", "day")) == {"ground": "sea", "time": "day"}
    two = truth(Scene((Thing("car", "red", 1, "left"), Thing("tree", "green", 1, "right")), "meadow", "day"))
    assert (two["left object"], two["right colour"]) == ("car", "green")
    assert "object" not in two


def test_one_picture_for_each_scene(judge: Judge) -> None:
    with pytest.raises(ValueError, match="pictures: 0 for 1 scenes"):
        judge.score([], [single_prompts(1)[0].scene])


def test_wear_keeps_the_picture_and_its_range() -> None:
    pictures = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    soft = worn(pictures, torch.Generator().manual_seed(1))
    assert soft.shape == pictures.shape
    assert 0 <= float(soft.min()) <= float(soft.max()) <= 1
    assert torch.equal(soft, worn(pictures, torch.Generator().manual_seed(1)))
    assert not torch.equal(soft, worn(pictures, torch.Generator().manual_seed(2)))
