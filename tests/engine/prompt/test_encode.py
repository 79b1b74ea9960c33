"""Prompts of any length become conditioning, in chunks of the model's own length."""

import copy
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine.library.load import LoadedModel, load
from engine.library.scan import Library
from engine.prompt.encode import encode, filled

MODELS = Path(__file__).parents[3] / "models"


@pytest.fixture(scope="module")
def postcard(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    library = Library(MODELS, tmp_path_factory.mktemp("cache"))
    return load(library.find("postcard"), torch.device("cpu"), torch.float32)


@pytest.fixture(scope="module")
def brief(postcard: LoadedModel) -> LoadedModel:
    """One that reads 40 tokens at once."""
    tokenizer = copy.deepcopy(postcard.tokenizer)
    tokenizer.model_max_length = 40
    return replace(postcard, tokenizer=tokenizer)


def test_an_empty_prompt_is_one_chunk(postcard: LoadedModel) -> None:
    ((chunk, _),) = filled(postcard.tokenizer, "")
    assert len(chunk) == 77
    assert chunk[:2] == [postcard.tokenizer.bos_token_id, postcard.tokenizer.eos_token_id]


def test_chunks_are_as_long_as_the_model_reads(postcard: LoadedModel, brief: LoadedModel) -> None:
    text = "a red house on the left " * 20
    parts = [ids for ids, _ in filled(brief.tokenizer, text)]
    assert all(len(part) == 40 for part in parts)
    ids = brief.tokenizer(text, add_special_tokens=False).input_ids
    assert [i for part in parts for i in part[1:39]][: len(ids)] == ids
    assert encode(brief, text).shape == (40 * len(parts), 192)
    assert encode(postcard, text).shape == (77 * 2, 192)


def test_a_short_prompt_is_encoded_as_the_tokenizer_pads_it(postcard: LoadedModel) -> None:
    ids = postcard.tokenizer("a red house", padding="max_length", return_tensors="pt").input_ids
    with torch.inference_mode():
        assert torch.equal(encode(postcard, "a red house"), postcard.text_encoder(ids).last_hidden_state[0])
