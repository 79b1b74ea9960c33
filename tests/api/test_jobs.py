"""Asking for pictures over HTTP, following them and changing one's mind."""

import json
import threading
import time
from typing import Any

import httpx
import pytest

from tests.api.conftest import SMALL, Place, drawn


def test_a_job_is_accepted_followed_and_done(place: Place) -> None:
    with place.client() as client:
        said = client.post("/api/jobs", json=SMALL | {"count": 2})
        assert said.status_code == 202
        states = list(followed(client))
        assert states[-1] == ("idle", {})
        last = states[-2][1]
        job = next(job for job in last["jobs"] if job["id"] == said.json()["id"])
        assert (job["state"], len(job["pictures"]), job["problem"]) == ("done", 2, None)
        assert all(picture["image"] for picture in job["pictures"])


def test_a_live_job_shows_its_picture_in_the_stream_and_leaves_none(place: Place) -> None:
    with place.client() as client:
        said = client.post("/api/jobs?live=true", json=SMALL)
        assert said.status_code == 202
        last = list(followed(client))[-2][1]
        (job,) = [job for job in last["jobs"] if job["id"] == said.json()["id"]]
        assert (job["state"], job["live"]) == ("done", True)
        assert job["pictures"][0]["preview"].startswith("data:image/")
        assert job["id"] not in {image["job"] for image in client.get("/api/images").json()["images"]}


def followed(client: httpx.Client) -> Any:
    with client.stream("GET", "/api/state") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store, no-transform"
        name = "message"
        for line in stream.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                yield name, json.loads(line.removeprefix("data: "))


def test_the_stream_of_someone_without_jobs_ends_at_once(place: Place) -> None:
    with place.client() as client:
        states = list(followed(client))
    assert [name for name, _ in states] == ["message", "idle"]
    assert states[0][1]["jobs"] == []


def test_a_closed_tab_leaves_nothing_open(place: Place) -> None:
    with place.client() as client:
        job = client.post("/api/jobs", json=SMALL | {"steps": 150, "width": 128, "height": 128}).json()["id"]
        before = len(place.studio.progress.bells)
        with client.stream("GET", "/api/state") as stream:
            lines = stream.iter_lines()  # kept: httpx closes the connection of a reader that is thrown away
            next(lines)
            assert len(place.studio.progress.bells) == before + 1
        until = time.monotonic() + 10
        while len(place.studio.progress.bells) > before and time.monotonic() < until:
            time.sleep(0.05)
        assert len(place.studio.progress.bells) == before
        client.post(f"/api/jobs/{job}/cancel")


def test_a_running_job_can_be_cancelled_by_its_owner_only(place: Place) -> None:
    with place.client() as mine, place.client() as other:
        job = mine.post("/api/jobs", json=SMALL | {"steps": 150, "width": 128, "height": 128}).json()["id"]
        refused = other.post(f"/api/jobs/{job}/cancel")
        assert refused.status_code == 404
        assert refused.json()["error"]["message"]
        assert job not in other.get("/api/jobs").text
        assert mine.post(f"/api/jobs/{job}/cancel").json() == {"state": "cancelled"}
        assert list(followed(mine))[-1][0] == "idle"


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ('{"steps": 999}', "field.range", "steps"),
        ('{"stepz": 9}', "field.unknown", "stepz"),
        ('{"width": 65}', "field.multiple", "width"),
        ('{"steps": NaN}', "json.invalid", None),
        ('{"guidance": Infinity}', "json.invalid", None),
        ('{"guidance": 1e999}', None, "guidance"),
        ("[1]", "json.object", None),
        ("", "json.invalid", None),
        ('{"checkpoint": "no such model"}', None, "checkpoint"),
        ('{"prompt": 5}', "field.type", "prompt"),
        ('{"path": "/etc/passwd"}', "field.unknown", "path"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_and_a_remedy(
    place: Place, body: str, code: str | None, field: str | None
) -> None:
    with place.client() as client:
        said = client.post("/api/jobs", content=body, headers={"content-type": "application/json"})
        error = said.json()["error"]
        assert said.status_code == 400
        assert error["field"] == field
        assert code in (None, error["code"])
        assert "Traceback" not in said.text


def test_a_full_queue_says_when_to_come_back(place: Place) -> None:
    with place.client() as client:
        ids, refused = [], None
        for _ in range(150):
            said = client.post("/api/jobs", json=SMALL | {"steps": 150, "width": 128, "height": 128})
            if said.status_code == 429:
                refused = said
                break
            ids.append(said.raise_for_status().json()["id"])
        for job in ids[::-1]:
            client.post(f"/api/jobs/{job}/cancel")
        assert refused is not None
        assert int(refused.headers["retry-after"]) > 0
        assert refused.json()["error"]["message"]


def test_the_server_answers_while_it_draws(place: Place) -> None:
    with place.client() as client:
        drawing = threading.Thread(target=drawn, args=(client,))
        drawing.start()
        with place.client() as other:
            assert other.get("/healthz").json() == {"status": "ok"}
            assert other.get("/readyz").status_code in (200, 503)
        drawing.join()


def test_an_address_that_is_not_there_says_so_in_json(place: Place) -> None:
    with place.client() as client:
        assert client.get("/api/images/" + "0" * 32).json()["error"]["code"] == "image.unknown"
        for said in (client.put("/api/jobs"), client.get("/api/nothing"), client.post("/api/call/file")):
            assert (said.status_code, said.json()["error"]["code"]) == (404, "path.unknown")


def test_a_visitor_gets_a_cookie_once_and_keeps_it(place: Place) -> None:
    with place.client() as client:
        first = client.get("/api/jobs")
        cookie = first.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert len(client.cookies["atelier_visitor"]) == 32
        assert "set-cookie" not in client.get("/api/jobs").headers
        client.cookies.set("atelier_visitor", "../../etc/passwd")
        assert "set-cookie" in client.get("/api/jobs").headers
