"""The server counts the tokens that the worker will read."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import CLIPTokenizer

from engine.library.families.family import HERE
from engine.library.scan import Library
from engine.prompt.counter import Counter

MODELS = Path(__file__).parents[3] / "models"
COUNTER = Counter()
FOLDERS = {"postcard": MODELS / "checkpoints/postcard/tokenizer", "clip": HERE / "clip"}
REAL = {name: CLIPTokenizer.from_pretrained(str(folder)) for name, folder in FOLDERS.items()}


def ours(name: str, text: str) -> list[int]:
    return COUNTER._tokenizer(FOLDERS[name]).encode(text, add_special_tokens=False).ids


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize(
    "text",
    [
        "",
        "a photo of an Astronaut, riding a horse's back!!! 8k (((masterpiece)))",
        "naïve café 東京の猫 😀👩‍🚀 \u0301 ﬁ İstanbul",
        "<|endoftext|> wow <|startoftext|>!",
        "\t\n  many   spaces \r\n",
        "1234567 v1.5 ,,, ,a, don't we'll I'm",
        "x" * 300,
    ],
)
def test_texts_have_the_tokens_of_the_real_tokenizer(name: str, text: str) -> None:
    assert ours(name, text) == REAL[name](text, add_special_tokens=False, verbose=False).input_ids


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_any_text_has_the_tokens_of_the_real_tokenizer(text: str) -> None:
    for name, real in REAL.items():
        assert ours(name, text) == real(text, add_special_tokens=False, verbose=False).input_ids


def test_a_chunk_holds_what_the_model_reads(tmp_path: Path) -> None:
    brief = tmp_path / "models" / "checkpoints" / "brief"
    shutil.copytree(MODELS / "checkpoints/postcard", brief)
    told = brief / "tokenizer" / "tokenizer_config.json"
    told.write_text(json.dumps(json.loads(told.read_text()) | {"model_max_length": 40}))
    counting = COUNTER.of(Library(tmp_path / "models", tmp_path / "cache").find("brief"))
    assert (counting.room, COUNTER.of(None).room) == (38, 75)
    assert counting.comma == REAL["postcard"].get_vocab()[",</w>"]
