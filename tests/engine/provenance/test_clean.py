"""A clean copy has the same picture and nothing else; what cannot be taken apart is refused in words."""

import io
import time
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from engine.errors import BadRequest
from engine.metadata.write import encode
from engine.picture.open import open_safe
from engine.picture.texts import texts_of
from engine.provenance.clean import clean
from engine.provenance.sign import Signer
from engine.request.parts import FileFormat
from tests.engine.metadata.files import PICTURE

FORMATS: tuple[FileFormat, ...] = ("PNG", "JPEG", "WebP")
SECRETS = (b"secret", "secret".encode("utf-16-be"), b"DigitalSourceType", b"c2pa", b"Atelier")


@pytest.mark.parametrize("kind", FORMATS)
def test_a_clean_copy_has_every_pixel_and_not_a_word(kind: FileFormat, tmp_path: Path) -> None:
    text = "a secret garden\nSteps: 2" + ", secret" * (20_000 if kind == "JPEG" else 1)
    file = encode(PICTURE, text, kind, restored="secret: 1", source="trainedAlgorithmicMedia")
    file = Signer(tmp_path / "keys").sign(file, "trainedAlgorithmicMedia") + b"secret behind the end"
    made = clean(file)
    assert [word for word in SECRETS if word in made] == []
    assert texts_of(made).found == {}
    assert Image.open(io.BytesIO(made)).tobytes() == Image.open(io.BytesIO(file)).tobytes()
    assert len(made) < len(file)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_colours_and_the_way_up_stay(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "secret camera"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    file = io.BytesIO()
    Image.effect_noise((40, 24), 90).convert("RGB").save(file, kind, exif=exif, icc_profile=profile)
    made = clean(file.getvalue())
    assert b"secret" not in made
    assert Image.open(io.BytesIO(made)).info["icc_profile"] == profile
    shown = open_safe(made)
    assert shown.size == (24, 40)
    assert shown.tobytes() == open_safe(file.getvalue()).tobytes()


def test_every_kind_of_picture_survives() -> None:
    picture = Image.effect_noise((32, 32), 90)
    frames = [picture.rotate(90 * turn) for turn in range(3)]
    note = PngInfo()
    note.add_text("parameters", "secret")
    kinds = [
        ("PNG", picture.convert("P"), {"transparency": 3, "pnginfo": note}),
        ("PNG", picture.convert("RGBA"), {"pnginfo": note}),
        ("PNG", frames[0], {"save_all": True, "append_images": frames[1:], "pnginfo": note}),
        ("JPEG", picture.convert("L"), {"progressive": True, "comment": b"secret"}),
        ("JPEG", picture.convert("CMYK"), {"comment": b"secret"}),
        ("WEBP", picture.convert("RGBA"), {"lossless": True, "xmp": b"secret"}),
        ("WEBP", frames[0].convert("RGB"), {"save_all": True, "append_images": frames[1:], "xmp": b"secret"}),
    ]
    for kind, image, how in kinds:
        file = io.BytesIO()
        image.save(file, kind, **how)
        made = clean(file.getvalue())
        assert b"secret" not in made, kind
        before, after = Image.open(file), Image.open(io.BytesIO(made))
        assert getattr(after, "n_frames", 1) == getattr(before, "n_frames", 1)
        assert after.convert("RGBA").tobytes() == before.convert("RGBA").tobytes()


@pytest.mark.parametrize("kind", FORMATS)
def test_broken_files_are_refused_in_words_and_in_time(kind: FileFormat) -> None:
    file = encode(PICTURE, "x", kind, source="trainedAlgorithmicMedia")
    begun = time.monotonic()
    for cut in range(0, len(file), max(1, len(file) // 40)):
        with suppress(BadRequest):
            clean(file[:cut])
    assert time.monotonic() - begun < 10


def test_endless_markers_end() -> None:
    file = encode(PICTURE, "x", "JPEG", source="trainedAlgorithmicMedia")
    begun = time.monotonic()
    for hostile in (
        file[:2] + b"\xff" * 1_000_000,
        file[:-2] + b"\xff\0" * 1_000_000,
        file[:20] + b"\xff\xfe\0\2" * 99_999,
    ):
        with pytest.raises(BadRequest):
            clean(hostile)
    assert time.monotonic() - begun < 5


def test_other_formats_are_refused() -> None:
    file = io.BytesIO()
    PICTURE.save(file, "GIF")
    with pytest.raises(BadRequest) as caught:
        clean(file.getvalue())
    assert caught.value.problem.code == "clean.broken"
