"""A picture's marks are read whatever they are, and told for what they are worth."""

import io
import json
import time
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from engine.errors import BadRequest
from engine.metadata.write import encode
from engine.metadata.xmp import KEYWORD, VOCABULARY, packet
from engine.provenance.clean import clean
from engine.provenance.sign import Signer
from engine.provenance.verify import verify
from engine.request.parts import FileFormat
from tests.engine.metadata.files import PICTURE

FORMATS: tuple[FileFormat, ...] = ("PNG", "JPEG", "WebP")
TEXT = "a secret garden\nSteps: 2, Sampler: Euler, Seed: 7, Size: 64x64"


def png(**texts: str) -> bytes:
    file, note = io.BytesIO(), PngInfo()
    for name, text in texts.items():
        note.add_itxt(KEYWORD if name == "xmp" else name, text)
    PICTURE.save(file, "PNG", pnginfo=note)
    return file.getvalue()


@pytest.mark.parametrize("kind", FORMATS)
def test_a_signature_is_ours_a_strangers_or_broken(kind: FileFormat, tmp_path: Path) -> None:
    ours, theirs = Signer(tmp_path / "keys"), Signer(tmp_path / "others")
    plain = encode(PICTURE, TEXT, kind, source="trainedAlgorithmicMedia")
    file = ours.sign(plain, "trainedAlgorithmicMedia")
    found = verify(file, ours.folder)
    assert (found["verdict"], found["signature"]["state"]) == ("here", "trusted")
    assert found["signature"]["claims"] == [{"action": "c2pa.created", "source": "trainedAlgorithmicMedia"}]
    assert found["signature"]["tool"].startswith("Atelier")
    assert (found["source"], found["settings"]["prompt"]) == ("trainedAlgorithmicMedia", "a secret garden")
    stranger = verify(theirs.sign(plain, "trainedAlgorithmicMedia"), ours.folder)
    assert (stranger["verdict"], stranger["signature"]["problems"]) == ("signed", ["signingCredential.untrusted"])
    changed = bytearray(file)
    changed[file.rindex({"PNG": b"IDAT", "JPEG": b"\xff\xda", "WebP": b"VP8 "}[kind]) + 40] ^= 1
    broken = verify(bytes(changed), ours.folder)
    assert (broken["verdict"], broken["signature"]["problems"]) == ("broken", ["assertion.dataHash.mismatch"])


def test_each_mark_alone_is_told(tmp_path: Path) -> None:
    label = {"Label": "1", "ContentProducer": "somebody", "ProduceID": "7"}
    escaped = json.dumps(label).replace('"', "&quot;")
    told = {
        "label": encode(PICTURE, "", "JPEG", source="compositeWithTrainedAlgorithmicMedia"),
        "enhanced": encode(PICTURE, "", "WebP", source="algorithmicallyEnhanced"),
        "other": png(
            xmp=packet("trainedAlgorithmicMedia").decode().replace("trainedAlgorithmicMedia", "digitalCapture")
        ),
        "settings": png(parameters=TEXT),
        "nothing": png(Software="a camera"),
    }
    assert {name: verify(file, tmp_path)["verdict"] for name, file in told.items()} == {name: name for name in told}
    for file in (
        png(AIGC=json.dumps(label)),
        png(xmp=f'<x TC260:AIGC="{escaped}"/>'),
        png(xmp=f"<a:AIGC>{escaped}</a:AIGC>"),
    ):
        found = verify(file, tmp_path)
        assert (found["verdict"], found["label"]) == ("label", label)
    assert verify(clean(told["settings"]), tmp_path)["verdict"] == "nothing"


@pytest.mark.parametrize(
    "file",
    [
        png(parameters="c2pa in a prompt"),
        png(xmp="AIGC>" * 400_000),
        png(AIGC="[" * 200_000),
        png(AIGC='{"Label": ' + '{"a":' * 50_000),
        png(AIGC='{"Label": "' + "<script>" * 5000 + '"}'),
        png(xmp=f'DigitalSourceType="{VOCABULARY}<img onerror=x>"'),
        png(**{f"c2pa{n}": "x" * 900 for n in range(600)}),
        png(parameters="c2pa") + b"c2pa" * 200_000,
    ],
    ids=range(8),
)
def test_hostile_marks_are_told_shortly_and_in_time(file: bytes, tmp_path: Path) -> None:
    begun = time.monotonic()
    found = verify(file, tmp_path)
    assert len(json.dumps(found)) < 20_000
    assert found["signature"] is None
    assert time.monotonic() - begun < 15


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    for data in (b"", b"<svg/>", b"\x89PNG\r\n\x1a\n" + b"c2pa" * 99, b"%!PS"):
        with pytest.raises(BadRequest):
            verify(data, tmp_path)


def test_looking_makes_no_keys(tmp_path: Path) -> None:
    verify(png(), tmp_path / "keys")
    assert not (tmp_path / "keys").exists()


def test_formats_that_carry_no_signature_are_read(tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("RGB", (16, 16)).save(file, "BMP")
    assert verify(file.getvalue(), tmp_path)["verdict"] == "nothing"
