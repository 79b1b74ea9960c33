"""What a picture tells of where it is from: marks survive our own ways, and go only by a named act."""

import io
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from PIL import Image

from engine.metadata.xmp import source_in
from engine.picture.texts import texts_of
from engine.provenance.content import read
from engine.provenance.keys import authority_of
from tests.api.conftest import SMALL, Place, drawn, serve
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


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WebP"])
def test_a_clean_copy_is_asked_for_and_says_nothing(client: httpx.Client, kind: str) -> None:
    made = drawn(client, format=kind, prompt="a secret house")
    answer = client.get(f"/api/images/{made}/copy?kind=clean").raise_for_status()
    assert answer.headers["content-disposition"].startswith('attachment; filename="atelier-clean-')
    assert texts_of(answer.content).found == {}
    assert told(answer.content) == ""
    kept = file_of(client, made)
    assert texts_of(kept).found
    assert Image.open(io.BytesIO(answer.content)).tobytes() == Image.open(io.BytesIO(kept)).tobytes()


def test_a_signed_copy_is_asked_for_and_known_here(client: httpx.Client, place: Place) -> None:
    made = drawn(client)
    answer = client.get(f"/api/images/{made}/copy?kind=signed").raise_for_status()
    found = read(answer.content, "image/png", authority_of(place.studio.signer.folder))
    assert found["state"] == "Trusted"
    assert texts_of(answer.content).found == texts_of(file_of(client, made)).found
    photograph = given(client, Image.effect_noise((64, 64), 60).convert("RGB"))
    (sharper,) = restored(client, pictures=[photograph], steps=[{"kind": "sharpen"}])
    report = read(client.get(f"/api/images/{sharper}/copy?kind=signed").content, "image/png", b"")["report"]
    assert "algorithmicallyEnhanced" in str(report)
    assert "parentOf" in str(report)


def test_what_was_made_elsewhere_is_not_signed(client: httpx.Client) -> None:
    foreign = io.BytesIO()
    Image.effect_noise((32, 32), 60).save(foreign, "PNG")
    image = client.post("/api/images/import?name=x.png", content=foreign.getvalue()).json()["image"]["id"]
    answer = client.get(f"/api/images/{image}/copy?kind=signed")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "signing.imported")
    assert client.get(f"/api/images/{image}/copy?kind=both").status_code == 400
    assert client.get("/api/images/nothing/copy?kind=clean").status_code == 404


def test_a_studio_that_signs_signs_every_file_or_says_why_not(tmp_path: Path) -> None:
    with contextmanager(serve)(tmp_path, private=False, sign=True) as place, place.client() as client:
        photograph = given(client, Image.effect_noise((64, 64), 60).convert("RGB"))
        made = [
            drawn(client),
            drawn(client, start="picture", picture=photograph, strength=0.5, format="JPEG"),
            *restored(client, pictures=[photograph], steps=[{"kind": "sharpen"}], format="WebP"),
        ]
        authority = authority_of(place.studio.signer.folder)
        for image, mime, action in zip(
            made, ("image/png", "image/jpeg", "image/webp"), ("created", "edited", "edited"), strict=True
        ):
            found = read(file_of(client, image), mime, authority)
            assert found["state"] == "Trusted"
            assert f"c2pa.{action}" in str(found["report"])
        (place.studio.signer.folder / "key.pem").write_bytes(b"broken")
        job = client.post("/api/jobs", json=SMALL).json()["id"]
        until = time.monotonic() + 30
        while (shown := client.get(f"/api/jobs/{job}").json())["state"] != "failed":
            assert time.monotonic() < until
            time.sleep(0.05)
        assert (shown["id"], shown["problem"]["code"]) == (job, "signing.failed")
        assert len(client.get("/api/images").json()["images"]) == len(made)


def test_any_picture_may_be_asked_where_it_is_from(client: httpx.Client) -> None:
    made = drawn(client)
    found = client.post("/api/verify", content=file_of(client, made)).raise_for_status().json()
    assert (found["verdict"], found["source"]) == ("label", "trainedAlgorithmicMedia")
    signed = client.get(f"/api/images/{made}/copy?kind=signed").content
    assert client.post("/api/verify", content=signed).json()["verdict"] == "here"
    refused = client.post("/api/verify", content=b"no picture")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "picture.kind")


def test_the_list_of_models_states_their_licences(client: httpx.Client) -> None:
    found = {model["name"]: model for model in client.get("/api/checkpoints").raise_for_status().json()["checkpoints"]}
    assert found["postcard"]["licence"] == "Apache-2.0"
    assert found["postcard"]["licence_link"].startswith("https://www.apache.org/")
