"""Pictures are written in three formats; their settings are found by our reader, by Pillow, and where others look."""

import io

import numpy as np
import pytest
from PIL import Image

from engine import infotext
from engine.metadata.read import read
from engine.metadata.write import encode
from engine.request import read as requests
from engine.request.parts import FileFormat
from tests.engine.metadata.files import PICTURE

ASKED = requests.read({"prompt": "a cat, naïve 猫 😀", "negative_prompt": "dog", "seed": 7, "steps": 3, "width": 64})
TEXT = infotext.write(ASKED)
FORMATS: tuple[FileFormat, ...] = ("PNG", "JPEG", "WebP")


@pytest.mark.parametrize("kind", FORMATS)
def test_settings_are_read_back_from_what_was_written(kind: FileFormat) -> None:
    data = encode(PICTURE, TEXT, kind, source="trainedAlgorithmicMedia")
    assert requests.read(read(data).values) == ASKED
    opened = Image.open(io.BytesIO(data))
    assert (opened.format, opened.size) == (kind.upper(), PICTURE.size)
    if kind == "PNG":
        assert opened.info["parameters"] == TEXT
        assert opened.convert("RGB").tobytes() == PICTURE.tobytes()
    else:
        comment = opened.getexif().get_ifd(0x8769)[0x9286]
        assert comment == b"UNICODE\0" + TEXT.encode("utf-16-be")  # as AUTOMATIC1111 reads and writes it


@pytest.mark.parametrize("kind", FORMATS)
def test_a_text_longer_than_exif_holds_is_not_lost(kind: FileFormat) -> None:
    asked = requests.read({"prompt": "猫" * 19_000, "negative_prompt": "b, " * 6_000, "steps": 3})
    data = encode(PICTURE, infotext.write(asked), kind, source="trainedAlgorithmicMedia")
    assert requests.read(read(data).values).words.prompt == asked.words.prompt
    Image.open(io.BytesIO(data)).load()


def test_quality_counts() -> None:
    for kind in ("JPEG", "WebP"):
        rough, fine = (encode(PICTURE, TEXT, kind, quality, source="trainedAlgorithmicMedia") for quality in (20, 95))
        assert len(rough) < len(fine)
        errors = [
            np.abs(np.asarray(Image.open(io.BytesIO(f)), float) - np.asarray(PICTURE)).mean() for f in (rough, fine)
        ]
        assert errors[1] < errors[0]
