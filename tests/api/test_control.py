"""Control over HTTP: ControlNets listed, preprocessors previewed, bad units and hostile pictures refused in words."""

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image, ImageDraw
from starlette.testclient import TestClient

from api.access import LOOPBACK, Access
from api.server import make_app
from engine.library.scan import Library
from engine.request.preprocessors import DETECTORS, PREPROCESSORS
from engine.settings import HOUSE
from engine.studio import Studio
from engine.workers.messages import PainterSettings
from tests.engine.detect.files import write_annotator
from tests.engine.library.blobs import write
from tests.engine.library.test_control_kinds import controlnet


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Nothing is drawn: the studio is not started."""
    place = tmp_path_factory.mktemp("place")
    models = place / "models"
    models.mkdir()
    (models / "checkpoints").symlink_to(HOUSE / "models" / "checkpoints")
    write(models / "controlnet" / "scribble.safetensors", controlnet(192))
    write_annotator(models / "annotators", "table5_pidinet.pth")  # random weights
    write(models / "annotators" / "sk_model.pth", b"<!doctype html><title>login</title>")
    studio = Studio(place / "data", Library(models, place / "cache"), PainterSettings(), workers="inprocess")
    yield TestClient(make_app(studio, Access(hosts=LOOPBACK, uploads=place / "up")), base_url="http://127.0.0.1")
    studio.stop()


def png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def square() -> bytes:
    picture = Image.new("RGB", (96, 64), "white")
    ImageDraw.Draw(picture).rectangle((20, 20, 40, 40), fill="black")
    return png(picture)


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_controlnets_are_listed_without_paths(client: TestClient) -> None:
    (found,) = client.get("/api/controlnets").json()["controlnets"]
    assert (found["name"], found["methods"], found["width"]) == ("scribble", ["ControlNet"], 192)
    assert "path" not in found


def test_preprocessors_are_listed_with_what_they_let_turn(client: TestClient) -> None:
    listed = client.get("/api/preprocessors").json()["preprocessors"]
    assert [one["name"] for one in listed] == list(PREPROCESSORS)
    canny = next(one for one in listed if one["name"] == "canny")
    assert (canny["a"]["label"], canny["a"]["default"], canny["b"]["high"]) == ("Low threshold", 100, 255)


def test_of_those_that_need_weights_it_is_said_what_is_missing_or_wrong(client: TestClient) -> None:
    listed = {one["name"]: one for one in client.get("/api/preprocessors").json()["preprocessors"]}
    assert listed["canny"]["problem"] is None
    assert listed["softedge_pidinet"]["problem"] is None
    missing = listed["softedge_hed"]["problem"]
    assert (missing["code"], missing["values"]["file"]) == ("preprocessor.missing", "ControlNetHED.pth")
    assert "models/annotators" in missing["remedy"]
    assert listed["lineart_realistic"]["problem"]["code"] == "model.webpage"
    assert "/models" not in str([one["problem"] for one in listed.values()]).replace("models/annotators", "")


def test_a_network_previews_beside_the_server(client: TestClient) -> None:
    ways = "preprocessor=softedge_pidinet&resolution=64&width=128&height=64"
    answer = client.post(f"/api/preprocess?{ways}", content=square())
    assert answer.status_code == 200, answer.text
    assert opened(answer.content).size == (128, 64)
    refused = client.post("/api/preprocess?preprocessor=lineart_realistic", content=square())
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "model.webpage")
    assert client.post(f"/api/preprocess?{ways}", content=square()).content == answer.content


@pytest.mark.parametrize("name", [name for name in PREPROCESSORS if name not in DETECTORS])
def test_a_preview_shows_what_is_made_of_the_picture(name: str, client: TestClient) -> None:
    answer = client.post(f"/api/preprocess?preprocessor={name}&resolution=64&width=128&height=64", content=square())
    assert answer.headers["content-type"] == "image/png"
    assert opened(answer.content).size == (128, 64)


def test_a_picture_that_was_given_before_is_named_by_its_hash(client: TestClient) -> None:
    picture = client.post("/api/pictures", content=square()).json()["picture"]
    named = client.post(f"/api/preprocess?preprocessor=canny&picture={picture}")
    assert named.content == client.post("/api/preprocess?preprocessor=canny", content=square()).content
    assert opened(named.content).getextrema() == ((0, 255),) * 3


def bomb() -> bytes:
    """A PNG of a few bytes that claims 60,000 x 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("query", "content", "code", "field"),
    [
        ("preprocessor=magic", square(), "field.choice", "preprocessor"),
        ("preprocessor=openpose", square(), "preprocessor.missing", "preprocessor"),
        ("preprocessor=canny&threshold_a=much", square(), "field.type", "threshold_a"),
        ("preprocessor=canny&resolution=100000", square(), "field.range", "resolution"),
        ("preprocessor=canny&width=70&height=64", square(), "field.multiple", "width"),
        ("preprocessor=canny&colour=red", square(), "field.unknown", "colour"),
        ("preprocessor=canny", b"", "control.picture", "picture"),
        (f"preprocessor=canny&picture={'0' * 64}", b"", "control.missing", "control.picture"),
        ("picture=../../etc/passwd", b"", "field.type", "picture"),
        ("preprocessor=canny", b"<svg/>", "picture.kind", None),
        ("preprocessor=canny", bomb(), "picture.pixels", None),
        ("preprocessor=canny", square()[:150], "picture.damaged", None),
        ("preprocessor=canny", png(Image.new("L", (1, 500))), "picture.tiny", None),
    ],
)
def test_what_cannot_be_previewed_is_refused_in_words(
    query: str, content: bytes, code: str, field: str | None, client: TestClient
) -> None:
    answer = client.post(f"/api/preprocess?{query}", content=content)
    assert answer.status_code in (400, 404)
    assert (answer.json()["error"]["code"], answer.json()["error"]["field"]) == (code, field)


@pytest.mark.parametrize("mode", ["I;16", "CMYK", "LA", "P", "1", "RGBA"])
def test_odd_pictures_are_pictures(mode: str, client: TestClient) -> None:
    file = io.BytesIO()
    Image.new("L", (80, 40), 200).convert(mode if mode != "I;16" else "I").save(file, "TIFF")
    answer = client.post("/api/preprocess?preprocessor=canny", content=file.getvalue())
    assert answer.status_code == 200


def test_a_picture_that_is_too_large_is_not_read(client: TestClient) -> None:
    answer = client.post("/api/preprocess", content=b"", headers={"content-length": str(65 * 2**20)})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("unit", "field"),
    [
        ({"picture": ""}, "control.0.picture"),
        ({"picture": "0" * 64}, "control.0.picture"),
        ({"start": 0.9, "end": 0.1}, "control.0.start"),
        ({"preprocessor": "magic"}, "control.0.preprocessor"),
        ({"preprocessor": "softedge_hed"}, "control.0.preprocessor"),
        ({"model": "gone"}, "control.0.model"),
        ({"weight": 9}, "control.0.weight"),
    ],
)
def test_a_job_with_a_bad_unit_is_refused_before_it_waits(unit: dict[str, Any], field: str, client: TestClient) -> None:
    picture = client.post("/api/pictures", content=square()).json()["picture"]
    asked = {"prompt": "a house", "control": [{"picture": picture, "model": "scribble"} | unit]}
    answer = client.post("/api/jobs", json=asked)
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]["field"] == field
    assert not client.get("/api/jobs").json()["jobs"]
