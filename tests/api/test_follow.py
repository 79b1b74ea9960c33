"""One job as a stream of events, which goes on where its reader left it."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api.follow import NOTHING, Known, known, news
from tests.api.conftest import SMALL, Place


def job(state: str, *pictures: tuple[int, str | None], position: int | None = None) -> dict[str, Any]:
    shown = [{"index": i, "step": step, "of": 4, "image": image} for i, (step, image) in enumerate(pictures)]
    return {"state": state, "position": position, "starts_in": 7, "pictures": shown, "problem": None, "seconds_left": 1}


STORY = [
    job("queued", (0, None), (0, None), position=1),
    job("queued", (0, None), (0, None), position=0),
    job("running", (0, None), (0, None)),
    job("running", (2, None), (2, None)),
    job("running", (4, "a"), (3, None)),
    job("done", (4, "a"), (4, "b")),
]


def told(story: list[dict[str, Any]], before: Known = NOTHING) -> list[tuple[str, Known]]:
    events = []
    for now in story:
        for event, _, after in news(now, before):
            before = after
            events.append((event, after))
    return events


def test_a_jobs_life_in_events():
    assert [event for event, _ in told(STORY)] == [
        "queued",
        "queued",
        "running",
        "step",
        "step",
        "made",
        "made",
        "done",
    ]


def test_what_has_not_changed_is_not_told_again():
    assert told([STORY[3], STORY[3]]) == told([STORY[3]])
    assert told([STORY[-1]], told(STORY)[-1][1]) == []


@pytest.mark.parametrize("at", range(8))
def test_who_comes_back_with_an_id_is_told_each_picture_once_and_the_end(at: int):
    seen = told(STORY)[: at + 1]
    rest = told([STORY[-1]], known(seen[-1][1].id))
    events = [event for event, _ in seen + rest]
    assert events.count("made") == 2
    assert events.count("done") == 1
    assert events[-1] == "done"


def test_a_failed_job_says_why():
    problem = {"code": "x"}
    assert [data for event, data, _ in news(job("failed", (1, None)) | {"problem": problem}, NOTHING)] == [
        {"problem": problem}
    ]


def test_a_job_that_is_queued_again_says_so():
    running = told([STORY[3]])[-1][1]
    assert [event for event, _ in told([STORY[1], STORY[2]], running)] == ["queued", "running"]


@pytest.mark.parametrize(
    "wrong", [None, "", "x", "done", "done-1", "done-1-g", "-1-1-1", "done-1-" + "f" * 65, "é-1-1"]
)
def test_an_id_that_is_none_stands_for_nothing_known(wrong: str | None):
    assert known(wrong) == NOTHING


def followed(client: httpx.Client, job: str, last: str | None = None) -> Iterator[tuple[str, str, dict[str, Any]]]:
    with client.stream("GET", f"/api/jobs/{job}/events", headers={"last-event-id": last} if last else {}) as stream:
        found: dict[str, str] = {}
        for line in stream.iter_lines():
            if line:
                name, _, value = line.partition(": ")
                found[name] = value
            elif "event" in found:
                yield found["id"], found["event"], json.loads(found["data"])
                found = {}


def test_a_real_job_is_followed_to_its_end_and_taken_up_again(place: Place) -> None:
    with place.client() as client:
        asked = client.post("/api/jobs", json=SMALL | {"count": 2, "steps": 6}).json()["id"]
        events = list(followed(client, asked))
        names = [event for _, event, _ in events]
        assert names[-1] == "done"
        assert names.count("made") == 2
        images = [data["image"] for _, event, data in events if event == "made"]
        assert all(client.get(f"/api/images/{image}/file").status_code == 200 for image in images)
        first = next(id for id, event, _ in events if event == "made")
        assert [event for _, event, _ in followed(client, asked, first)] == ["made", "done"]
        end = client.get(f"/api/jobs/{asked}/events", headers={"last-event-id": events[-1][0]})
        assert (end.status_code, end.content) == (204, b"")


def test_a_cancelled_job_ends_its_stream_and_somebody_elses_has_none(place: Place) -> None:
    with place.client() as client, place.client() as other:
        asked = client.post("/api/jobs", json=SMALL | {"steps": 150, "width": 256, "height": 256}).json()["id"]
        stream = followed(client, asked)
        next(stream)
        assert other.get(f"/api/jobs/{asked}/events").status_code == 404
        other_tab = httpx.Client(base_url=place.url, cookies=client.cookies)
        other_tab.post(f"/api/jobs/{asked}/cancel").raise_for_status()
        assert list(stream)[-1][1] == "cancelled"
