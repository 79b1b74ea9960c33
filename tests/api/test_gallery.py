"""The gallery over HTTP: the contract of its page, and that everybody meets their own pictures only."""

import io
import json
import socket
import zipfile
from typing import Any

import httpx
import pytest

from api.images import shown
from tests.api.conftest import Place
from tests.engine.gallery.pictures import TEXT, file


def take_in(client: httpx.Client, text: str, **query: Any) -> dict[str, Any]:
    answer = client.post("/api/images/import", params={"name": "a.png", **query}, content=file(text=text))
    assert answer.status_code == 201, answer.text
    return answer.json()["image"]


def fox(name: str, **changed: str) -> str:
    text = TEXT.replace("a red fox", f"a {name} fox")
    for old, new in changed.items():
        text = text.replace(old, new)
    return text


def listed(client: httpx.Client, **query: Any) -> list[str]:
    answer = client.get("/api/images", params=query).raise_for_status().json()
    assert answer["total"] == len(answer["images"])
    return [image["id"] for image in answer["images"]]


def test_an_imported_picture_is_found_by_everything_that_it_says(place: Place) -> None:
    with place.client() as client:
        image = take_in(client, fox("quartz"), name="2023-05-04/00012.png")
        assert image["id"] in listed(client, q="quartz")
        known = {"model": "fox", "sampler": "Euler a", "size": "64x48", "seed": "99", "since": "2023-05-04"}
        known |= {"until": "2023-05-04", "q": "quartz", "stars": "", "tag": "", "trash": "0"}
        assert listed(client, **known) == [image["id"]]
        for name, value in {"model": "x", "size": "48x64", "seed": "98", "since": "2023-05-05", "stars": 1}.items():
            assert listed(client, **known | {name: value}) == []
        facets = client.get("/api/images/facets", params={"q": "quartz"}).json()
        assert facets == {
            "models": [{"value": "fox", "count": 1}],
            "samplers": [{"value": "Euler a", "count": 1}],
            "sizes": [{"value": "64x48", "count": 1}],
            "stars": [{"value": 0, "count": 1}],
            "tags": [],
        }
        assert (image["imported"], image["format"], image["stars"], image["tags"]) == (True, "png", 0, [])
        assert (image["trashed"], image["trace"], image["values"]["prompt"]) == (None, False, "a quartz fox")
        again = client.post("/api/images/import?name=b.png", content=file(text=fox("quartz"))).json()
        assert again == {"image": image, "known": True}


def test_marks_and_trash_are_changed_and_undone(place: Place) -> None:
    with place.client() as client:
        ids = [take_in(client, fox(f"jade {number}"))["id"] for number in range(3)]
        told = client.post("/api/images/change", json={"ids": ids[:2], "stars": 4, "add_tags": ["sea", "sky"]})
        assert told.json() == {"changed": 2}
        client.post("/api/images/change", json={"ids": ids[:1], "remove_tags": ["sky"]})
        assert client.get(f"/api/images/{ids[0]}").json()["tags"] == ["sea"]
        assert listed(client, q="jade", tag=["sea", "sky"]) == ids[1:2]
        assert set(listed(client, q="jade", stars=4)) == set(ids[:2])
        assert listed(client, q="jade", sort="stars")[-1] == ids[2]
        assert client.post("/api/images/trash", json={"ids": ids}).json() == {"changed": 3}
        assert listed(client, q="jade") == []
        assert set(listed(client, q="jade", trash=1)) == set(ids)
        assert client.post("/api/images/restore", json={"ids": ids[:1]}).json() == {"changed": 1}
        assert listed(client, q="jade") == ids[:1]
        assert client.post("/api/images/empty-trash", json={"ids": ids[:2]}).json() == {"changed": 1}
        assert client.get(f"/api/images/{ids[1]}").status_code == 404
        assert listed(client, q="jade", trash=1) == ids[2:]


def test_a_selection_is_fetched_as_a_zip(place: Place) -> None:
    with place.client() as client:
        ids = [take_in(client, fox(f"opal {number}"))["id"] for number in range(2)]
        token = client.post("/api/images/selection", json={"ids": ids}).json()["selection"]
        answer = client.get("/api/images/zip", params={"selection": token})
        assert answer.headers["content-type"] == "application/zip"
        assert answer.headers["content-disposition"].startswith('attachment; filename="atelier-')
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert archive.namelist() == ["a.png", "a (2).png"]
            assert archive.read("a.png") == file(text=fox("opal 0"))
        assert client.get("/api/images/zip?selection=x").json()["error"]["code"] == "gallery.selection"


def test_a_webp_is_sent_as_what_it_is(place: Place) -> None:
    with place.client() as client:
        content = file("WEBP", text=fox("amber"))
        image = client.post("/api/images/import?name=旧.webp", content=content).json()["image"]
        answer = client.get(f"/api/images/{image['id']}/file?download=1")
        assert answer.headers["content-type"] == "image/webp"
        assert "%E6%97%A7.webp" in answer.headers["content-disposition"]
        assert answer.content == content


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("sort=x", "sort"),
        ("size=1", "size"),
        ("size=1xx", "size"),
        ("since=today", "since"),
        ("until=2024-02-31", "until"),
        ("seed=-1", "seed"),
        ("seed=99999999999999999999", "seed"),
        ("seed=²", "seed"),
        ("stars=6", "stars"),
        ("before=x", "before"),
        ("limit=500", "limit"),
        ("trash=x", "trash"),
    ],
)
def test_a_wrong_question_names_its_field(place: Place, query: str, field: str) -> None:
    with place.client() as client:
        answer = client.get(f"/api/images?{query}")
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


@pytest.mark.parametrize(
    ("way", "body", "field"),
    [
        ("change", {"ids": []}, "ids"),
        ("change", {}, "ids"),
        ("change", {"ids": "x"}, "ids"),
        ("change", {"ids": [1]}, "ids"),
        ("change", {"ids": ["x"], "stars": 9}, "stars"),
        ("change", {"ids": ["x"], "stars": "3"}, "stars"),
        ("change", {"ids": ["x"], "stars": True}, "stars"),
        ("change", {"ids": ["x"], "add_tags": ["x" * 65]}, "add_tags"),
        ("change", {"ids": ["x"], "star": 3}, "star"),
        ("trash", {"ids": ["x"] * 10_001}, "ids"),
        ("empty-trash", {"ids": []}, "ids"),
        ("selection", {"ids": []}, "ids"),
    ],
)
def test_a_wrong_wish_names_its_field(place: Place, way: str, body: dict[str, Any], field: str) -> None:
    with place.client() as client:
        answer = client.post(f"/api/images/{way}", json=body)
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


@pytest.mark.parametrize("asked", ['"', "a AND (", "\0", "NEAR(", " ".join(f"w{i}" for i in range(5_000)), "猫" * 2000])
def test_a_hostile_search_is_a_search(place: Place, asked: str) -> None:
    with place.client() as client:
        for way in ("", "/facets"):
            assert client.get(f"/api/images{way}", params={"q": asked}).status_code == 200


def test_what_is_no_picture_is_refused_in_words(place: Place) -> None:
    with place.client() as client:
        answer = client.post("/api/images/import?name=x.png", content=b"<script>")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "picture.kind")


@pytest.mark.parametrize("announced", [True, False])
def test_a_file_above_the_limit_is_refused_in_words_while_it_is_still_coming(place: Place, announced: bool) -> None:
    piece = bytes(2**20)
    length = {"content-length": str(80 * 2**20)} if announced else {}
    with place.client() as client:
        answer = client.post("/api/images/import", content=(piece for _ in range(80)), headers=length)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body.large")
        assert answer.json()["error"]["message"] == "The request is larger than 64 MB."
        assert client.get("/healthz").status_code == 200


def test_who_listens_only_after_sending_everything_hears_it_too(place: Place) -> None:
    with line_to(place, b"Content-Length: 83886080") as line:
        line.sendall(bytes(80 * 2**20))
        assert b"The request is larger than 64 MB." in heard_on(line)


def test_who_asks_before_sending_is_answered_before_sending(place: Place) -> None:
    with line_to(place, b"Content-Length: 83886080\r\nExpect: 100-continue") as line:
        assert heard_on(line).startswith(b"HTTP/1.1 413")


def line_to(place: Place, headers: bytes) -> socket.socket:
    """A connection on which the head of an import was sent."""
    host, port = place.url.removeprefix("http://").split(":")
    line = socket.create_connection((host, int(port)), timeout=60)
    line.sendall(b"POST /api/images/import HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headers + b"\r\n\r\n")
    return line


def heard_on(line: socket.socket) -> bytes:
    return b"".join(iter(lambda: line.recv(65536), b""))


def test_another_web_page_may_do_nothing_here(place: Place) -> None:
    with place.client() as client:
        for way in ("change", "trash", "restore", "empty-trash", "selection", "import"):
            answer = client.post(f"/api/images/{way}", json={"ids": ["x"]}, headers={"origin": "http://evil.example"})
            assert answer.status_code == 403


def test_in_a_network_no_way_leads_to_somebody_elses_pictures(private_place: Place) -> None:
    with private_place.client() as mine, private_place.client() as other:
        ids = [take_in(mine, fox("ruby"))["id"]]
        other.get("/api/images")  # now it has a cookie
        for way, body in {
            "change": {"stars": 5, "add_tags": ["x"]},
            "trash": {},
            "restore": {},
            "empty-trash": {},
        }.items():
            assert other.post(f"/api/images/{way}", json={"ids": ids, **body}).json() == {"changed": 0}
        assert other.post("/api/images/selection", json={"ids": ids}).status_code == 404
        token = mine.post("/api/images/selection", json={"ids": ids}).json()["selection"]
        assert other.get("/api/images/zip", params={"selection": token}).status_code == 404
        assert mine.get("/api/images/zip", params={"selection": token}).status_code == 200
        assert listed(other, q="ruby") == []
        assert other.get("/api/images/facets").json()["models"] == []
        theirs = other.post("/api/images/import?name=a.png", content=file(text=fox("ruby"))).json()
        assert not theirs["known"]
        mine.post("/api/images/trash", json={"ids": ids})
        assert other.post("/api/images/empty-trash", json={}).json() == {"changed": 0}
        image = mine.get(f"/api/images/{ids[0]}").json()
        assert (image["stars"], image["tags"], image["trashed"] is None) == (0, [], False)
        assert image == json.loads(json.dumps(shown_of(private_place, ids[0]))) | {
            "lineage": [],
            "boards": [],
            "by": None,
        }


def shown_of(place: Place, image_id: str) -> dict[str, Any]:
    found = shown(place.studio.gallery.get(image_id, None))
    return {**found, "tags": list(found["tags"])}
