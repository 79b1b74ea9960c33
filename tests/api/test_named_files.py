"""No request makes Gradio read a file of the server; what was uploaded still arrives."""

import io
import json
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.api.conftest import Place

SECRET = "the-secret-of-this-machine"
META = {"_type": "gradio.FileData"}
FUNCTIONS = {"file": 0, "image": 1, "gallery": 2}


@pytest.fixture
def secret(place: Place) -> str:
    """A picture outside of the uploads whose bytes hold a secret, so that image inputs would take it too."""
    path = place.data / "secret.png"
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    path.write_bytes(file.getvalue() + SECRET.encode())
    return str(path)


def asked(client: httpx.Client, way: str, name: str, value: Any) -> str:
    """Everything that the server says when a function is called in one of Gradio's ways."""
    body: dict[str, Any] = {"data": [value]}
    if way == "queue/join":
        body |= {"fn_index": FUNCTIONS.get(name, 3), "session_hash": "s1", "trigger_id": None, "event_data": None}
        said = client.post("/gradio_api/queue/join", json=body)
        if said.status_code != 200:
            return f"{said.status_code} {said.text}"
        return listened(client, "/gradio_api/queue/data?session_hash=s1")
    said = client.post(f"/gradio_api/{way}/{name}", json=body)
    if way == "call" and said.status_code == 200:
        return listened(client, f"/gradio_api/call/{name}/{said.json()['event_id']}")
    return f"{said.status_code} {said.text}"


def listened(client: httpx.Client, url: str) -> str:
    heard = ""
    with client.stream("GET", url) as stream:
        for line in stream.iter_lines():
            heard += line + "\n"
            if "process_completed" in line or "close_stream" in line:
                break
    return heard


def variants(path: str, url: str) -> list[Any]:
    return [
        {"path": path, "meta": META},
        {"path": path},
        {"path": path, "url": url, "meta": META, "orig_name": "x.png"},
        {"path": "file://" + path, "meta": META},
        {"path": url, "meta": META},
        {"path": "", "url": "http://127.0.0.1:9/" + path, "meta": META},
        {"path": path + "/../" + path.rsplit("/", 1)[-1], "meta": META},
    ]


@pytest.mark.parametrize("way", ["call", "run", "api", "queue/join"])
@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_a_file_of_the_server_cannot_be_named(place: Place, secret: str, way: str, name: str) -> None:
    with place.client() as client:
        for value in (
            *variants(secret, f"{place.url}/gradio_api/file={secret}"),
            *variants("/etc/passwd", "http://example.com/x.png"),
        ):
            for shape in (value, [{"image": value, "caption": None}]) if name == "gallery" else (value,):
                said = asked(client, way, name, shape)
                assert said.startswith("400"), f"{value}: {said[:200]}"
                assert SECRET not in said
                assert "root:" not in said
    copies = [p for p in place.uploads.rglob("*") if p.is_file() and p.name in ("passwd", "secret.png")]
    assert copies == [], "nor does a copy lie where Gradio would serve it"


@pytest.mark.parametrize("trick", ["escaped", "twice", "utf-16", "form", "no type"])
def test_no_way_of_writing_it_gets_past_the_guard(place: Place, secret: str, trick: str) -> None:
    plain = json.dumps({"data": [{"path": secret, "meta": META}]})
    body: dict[str, bytes] = {
        "escaped": plain.replace('"path"', '"\\u0070ath"').encode(),
        "twice": plain.replace('"meta"', '"path": "", "meta"').encode(),
        "utf-16": plain.encode("utf-16"),
        "form": plain.encode(),
        "no type": plain.encode(),
    }
    kind = {"form": "application/x-www-form-urlencoded", "no type": ""}.get(trick, "application/json")
    with place.client() as client:
        said = client.post("/gradio_api/run/file", content=body[trick], headers={"content-type": kind})
        assert said.status_code == 400
        assert SECRET not in said.text


def test_a_link_inside_the_uploads_does_not_lead_out(place: Place, secret: str) -> None:
    link = place.uploads / "link.png"
    link.symlink_to(secret)
    with place.client() as client:
        assert asked(client, "run", "file", {"path": str(link), "meta": META}).startswith("400")
    link.unlink()


@pytest.mark.parametrize("way", ["call", "run", "queue/join"])
@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_an_uploaded_file_arrives(place: Place, way: str, name: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, "PNG")
    with place.client() as client:
        uploaded = client.post("/gradio_api/upload", files={"files": ("mine.png", file.getvalue() + b"my own words")})
        path = uploaded.raise_for_status().json()[0]
        value = {"path": path, "url": f"{place.url}/gradio_api/file={path}", "orig_name": "mine.png", "meta": META}
        said = asked(client, way, name, [{"image": value, "caption": None}] if name == "gallery" else value)
        assert "my own words" in said or (name != "file" and "PNG" in said), said[:300]


def test_words_about_paths_are_only_words(place: Place) -> None:
    with place.client() as client:
        assert 'text: {\\"path\\"' in asked(client, "run", "text", '{"path": "/etc/passwd"}')


def test_gradios_doors_that_the_studio_does_not_use_are_shut(place: Place) -> None:
    with place.client() as client:
        assert client.get("/gradio_api/proxy=http://127.0.0.1:9/").status_code == 404
        assert client.post("/gradio_api/vibe-edit/", json={"prompt": "x"}).status_code == 404
        assert client.get("/gradio_api/file=/etc/passwd").status_code == 403
