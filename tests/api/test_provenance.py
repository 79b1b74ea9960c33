"""What a picture tells of where it is from: marks survive our own ways, and go only by a named act."""

import io
import zipfile
from collections.abc import Iterator

import httpx
import pytest
from PIL import Image

from engine.metadata.xmp import source_in
from engine.picture.texts import texts_of
from tests.api.conftest import Place, drawn
from tests.api.test_restore import given, restored


@pytest.fixture
def client(place: Place) -> Iterator[httpx.Client]:
    with place.client() as client:
        yield client


def told(data: bytes) -> str:
    return source_in(data, texts_of(data))


def file_of(client: httpx.Client, image: str, how: str = "") -> bytes:
    return client.get(f"/api/images/{image}/file{how}").raise_for_status().content


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WebP"])
def test_downloads_zips_and_restorations_keep_the_mark(client: httpx.Client, kind: str) -> None:
    made = drawn(client, format=kind)
    selection = client.post("/api/images/selection", json={"ids": [made]}).json()["selection"]
    archive = zipfile.ZipFile(io.BytesIO(client.get(f"/api/images/zip?selection={selection}").content))
    data = file_of(client, made, "?download=1")
    assert told(data) == told(archive.read(archive.namelist()[0])) == "trainedAlgorithmicMedia"
    (sharper,) = restored(client, pictures=[given(client, data)], steps=[{"kind": "sharpen"}], format=kind)
    assert told(file_of(client, sharper)) == "trainedAlgorithmicMedia"


def test_what_is_drawn_over_a_picture_is_a_composite(client: httpx.Client) -> None:
    photograph = given(client, Image.effect_noise((64, 64), 60).convert("RGB"))
    made = drawn(client, start="picture", picture=photograph, strength=0.5)
    assert told(file_of(client, made)) == "compositeWithTrainedAlgorithmicMedia"
    (sharper,) = restored(client, pictures=[photograph], steps=[{"kind": "sharpen"}])
    assert told(file_of(client, sharper)) == "algorithmicallyEnhanced"
