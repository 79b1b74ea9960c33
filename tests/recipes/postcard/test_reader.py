"""The text encoder that learns to read: from whole captions, without what is held out, written back as it is loaded."""

from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, CLIPTextModel

from recipes.postcard import networks, reader
from recipes.postcard.scenes import Scene, Thing


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    size = replace(networks.SIZES["tiny"], text=128)
    return networks.write(tmp_path_factory.mktemp("reader") / "model", size)


def test_it_learns_to_tell_what_captions_say(checkpoint: Path) -> None:
    right = reader.teach(checkpoint, 40)
    assert right["ground"] > 0.5  # 0.72; chance 0.17
    assert right["time"] > 0.5  # 0.71; chance 0.25
    loaded = CLIPTextModel.from_pretrained(checkpoint / "text_encoder")
    assert loaded.config.hidden_size == 128


def test_a_question_that_a_scene_has_no_answer_to_is_not_asked() -> None:
    two = Scene((Thing("house", "red", 1, "left"), Thing("tree", "green", 1, "right")), "meadow", "day")
    told = reader.told(two)
    assert "object" not in told
    assert reader.QUESTIONS["left object"][told["left object"]] == "house"
    assert reader.QUESTIONS["backdrop"][told["backdrop"]] == "none"


def test_lessons_are_the_same_again(checkpoint: Path) -> None:
    words = AutoTokenizer.from_pretrained(str(checkpoint / "tokenizer"))
    first, again = ([ids for ids, _ in islice(reader.lessons(words, 3), 2)] for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], next(reader.lessons(words, 4))[0])
