"""Every file says in XMP that a model has drawn it; what strangers wrote there is read in no time and harms nobody."""

import io
import time

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from engine.metadata.sources import source_of, source_restored
from engine.metadata.write import encode
from engine.metadata.xmp import KEYWORD, VOCABULARY, SourceType, packet, source_in
from engine.picture.texts import texts_of
from engine.request.parts import FileFormat
from engine.request.read import read
from engine.request.restoring import Grain, Sharpen, Step, Upscale
from tests.engine.metadata.files import PICTURE

FORMATS: tuple[FileFormat, ...] = ("PNG", "JPEG", "WebP")
DIGEST = "0" * 64


def told(data: bytes) -> str:
    return source_in(data, texts_of(data))


@pytest.mark.parametrize("source", ["trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"])
@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_says_where_it_is_from_beside_its_text(kind: FileFormat, source: SourceType) -> None:
    data = encode(PICTURE, "a cat\nSteps: 2", kind, source=source)
    assert told(data) == source
    opened = Image.open(io.BytesIO(data))
    opened.load()
    assert VOCABULARY + source in str(opened.info.get(KEYWORD) or opened.info["xmp"].decode())
    texts = texts_of(data).found
    assert (texts.get("parameters") or texts["UserComment"]) == "a cat\nSteps: 2"


@pytest.mark.parametrize("kind", FORMATS)
def test_the_mark_changes_no_pixel(kind: FileFormat) -> None:
    data = encode(PICTURE, "", kind, source="trainedAlgorithmicMedia")
    bare = io.BytesIO()
    how = {"PNG": {}, "JPEG": {"quality": 90, "subsampling": 0}, "WebP": {"quality": 90}}[kind]
    PICTURE.save(bare, kind, **how)
    assert Image.open(io.BytesIO(data)).tobytes() == Image.open(bare).tobytes()


def test_a_long_text_leaves_room_for_the_mark() -> None:
    data = encode(PICTURE, "猫" * 60_000 + "\nSteps: 2", "JPEG", source="trainedAlgorithmicMedia")
    assert told(data) == "trainedAlgorithmicMedia"


def test_what_goes_into_the_picture_decides_its_source() -> None:
    start = {"start": "picture", "picture": DIGEST, "strength": 0.5}
    control = [{"picture": DIGEST, "preprocessor": "canny", "model": "lines"}]
    assert source_of(read({"prompt": "x"})) == "trainedAlgorithmicMedia"
    assert source_of(read({"prompt": "x", "control": control})) == "trainedAlgorithmicMedia"
    assert source_of(read(start)) == "compositeWithTrainedAlgorithmicMedia"
    assert (
        source_of(read({"start": "mask", "picture": DIGEST, "mask": DIGEST})) == "compositeWithTrainedAlgorithmicMedia"
    )
    assert (
        source_of(read({"start": "mask", "picture": DIGEST, "outpaint_left": 64}))
        == "compositeWithTrainedAlgorithmicMedia"
    )


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((Sharpen(), Grain(seed=1), Upscale()), "algorithmicallyEnhanced"),
        ((Sharpen(), Upscale(upscaler="4x_Sharp")), "compositeWithTrainedAlgorithmicMedia"),
    ],
)
def test_a_photograph_becomes_a_composite_where_a_network_adds_to_it(
    steps: tuple[Step, ...], expected: SourceType
) -> None:
    photograph = io.BytesIO()
    PICTURE.save(photograph, "JPEG")
    assert source_restored(photograph.getvalue(), False, steps) == expected


def test_a_restored_drawing_says_what_it_said_before() -> None:
    for source in ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"):
        assert source_restored(encode(PICTURE, "", "WebP", source=source), False, (Sharpen(),)) == source
    unmarked = io.BytesIO()
    PICTURE.save(unmarked, "PNG")
    assert source_restored(unmarked.getvalue(), True, (Sharpen(),)) == "compositeWithTrainedAlgorithmicMedia"


BOMB = "<!DOCTYPE x [" + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 9}">' for n in range(1, 30)) + "]>"
HOSTILE = {
    "entities": BOMB + "<x>&l29;</x>",
    "external": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><x DigitalSourceType="&e;"/>',
    "nested": "<a>" * 300_000,
    "near": "DigitalSourceType " * 60_000,
    "spaces": "DigitalSourceType=" + " " * 900_000,
    "long": f'DigitalSourceType="{VOCABULARY}{"a" * 900_000}"',
    "markup": f'DigitalSourceType="{VOCABULARY}<script>alert(1)</script>"',
    "elsewhere": 'DigitalSourceType="http://evil.example/trainedAlgorithmicMedia"',
    "bytes": "\0\ud7ff\U0010ffff" * 1000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_hostile_xmp_says_nothing_and_takes_no_time(text: str, kind: str) -> None:
    file, note = io.BytesIO(), PngInfo()
    note.add_itxt(KEYWORD, text, zip=True)
    PICTURE.save(file, kind, **({"pnginfo": note} if kind == "PNG" else {"xmp": text.encode("utf-8", "replace")}))
    begun = time.monotonic()
    assert told(file.getvalue()) == ""
    assert time.monotonic() - begun < 1


@pytest.mark.parametrize(
    "text",
    [
        packet("trainedAlgorithmicMedia").decode(),
        f"<Iptc4xmpExt:DigitalSourceType>\n {VOCABULARY}trainedAlgorithmicMedia </Iptc4xmpExt:DigitalSourceType>",
        f"<e:DigitalSourceType rdf:resource = '{VOCABULARY}trainedAlgorithmicMedia'/>",
    ],
)
def test_all_three_ways_of_writing_it_are_read(text: str) -> None:
    file = io.BytesIO()
    PICTURE.save(file, "WEBP", xmp=text.encode())
    assert told(file.getvalue()) == "trainedAlgorithmicMedia"
