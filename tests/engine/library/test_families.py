"""What ships with the program in place of what single files leave out."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from transformers import CLIPTokenizer

from engine.library.families.table import FAMILIES


@pytest.fixture(scope="module")
def tokenizer() -> CLIPTokenizer:
    return CLIPTokenizer.from_pretrained(str(FAMILIES["sd1"].tokenizer), local_files_only=True)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("a photo of a cat", [49406, 320, 1125, 539, 320, 2368, 49407]),
        ("A  Photo of\na CAT", [49406, 320, 1125, 539, 320, 2368, 49407]),
        ("wow! no!!!", [49406, 2781, 256, 871, 995, 49407]),
        ("", [49406, 49407]),
    ],
)
def test_clips_tokenizer_knows_the_ids_that_everybody_knows(
    tokenizer: CLIPTokenizer, text: str, ids: list[int]
) -> None:
    assert tokenizer(text).input_ids == ids


def test_clips_vocabulary_is_whole(tokenizer: CLIPTokenizer) -> None:
    assert len(tokenizer) == 49408
    assert tokenizer.model_max_length == 77
    vocabulary = json.loads((FAMILIES["sd1"].tokenizer / "vocab.json").read_text("utf-8"))
    assert sorted(vocabulary.values()) == list(range(49408))
    assert (vocabulary["!"], vocabulary["a</w>"]) == (0, 320)


def test_listing_models_does_not_import_torch() -> None:
    code = (
        "import sys; import engine.library.scan, engine.library.header, engine.library.names;"
        "print([name for name in ('torch', 'diffusers', 'transformers', 'numpy') if name in sys.modules])"
    )
    house = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=house, check=True)
    assert done.stdout.strip() == "[]"
