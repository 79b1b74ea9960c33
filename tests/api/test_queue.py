"""The queue over HTTP: order, pause, going on, and the list of one's own jobs."""

import httpx
import pytest

from tests.api.conftest import SMALL, Place, drawn

LONG = SMALL | {"steps": 150, "width": 128, "height": 128}


@pytest.fixture
def mine(place: Place):
    with place.client() as client:
        yield client
        client.post("/api/jobs/cancel")


def submit(client: httpx.Client, many: int) -> list[str]:
    return [client.post("/api/jobs", json=LONG).raise_for_status().json()["id"] for _ in range(many)]


def active(client: httpx.Client) -> dict[str, str]:
    return {job["id"]: job["state"] for job in client.get("/api/now").json()["jobs"] if job["finished"] is None}


def test_waiting_jobs_are_moved_paused_resumed_and_cancelled(mine: httpx.Client) -> None:
    assert mine.post("/api/jobs/pause").json() == {"changed": 0}
    jobs = submit(mine, 12)  # eight have room in the network
    a, b = jobs[-2:]
    assert list(active(mine))[-2:] == [a, b]
    assert mine.post(f"/api/jobs/{b}/move", json={"before": a}).json() == {"state": "queued"}
    assert list(active(mine))[-2:] == [b, a]
    assert mine.post(f"/api/jobs/{b}/pause").json() == {"state": "paused"}
    assert active(mine)[b] == "paused"
    assert mine.post(f"/api/jobs/{b}/resume").json() == {"state": "queued"}
    assert mine.post(f"/api/jobs/{a}/move").json() == {"state": "queued"}
    assert mine.post("/api/jobs/cancel").json()["changed"] == 12
    assert active(mine) == {}
    refused = mine.post(f"/api/jobs/{a}/pause")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "queue.ended")


def test_somebody_elses_job_is_not_there(place: Place, mine: httpx.Client) -> None:
    (job,) = submit(mine, 1)
    with place.client() as other:
        for act in ("cancel", "pause", "resume", "move"):
            assert other.post(f"/api/jobs/{job}/{act}").status_code == 404
        assert other.get(f"/api/jobs/{job}").status_code == 404
        assert other.post("/api/jobs/cancel").json() == {"changed": 0}
    assert job in active(mine)


def test_the_list_has_ones_own_jobs_in_pages_newest_first(place: Place, mine: httpx.Client) -> None:
    with place.client() as other:
        drawn(other)
    jobs = submit(mine, 5)
    mine.post(f"/api/jobs/{jobs[1]}/cancel")
    found, cursor = [], None
    for _ in range(3):
        page = mine.get("/api/jobs", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        found += [job["id"] for job in page["jobs"]]
        cursor = page["next"]
    assert found == jobs[::-1]
    assert cursor is None
    cancelled = mine.get("/api/jobs?state=cancelled").json()
    assert [job["id"] for job in cancelled["jobs"]] == [jobs[1]]
    for wrong, field in [("state=none", "state"), ("cursor=x", "cursor"), ("limit=0", "limit")]:
        refused = mine.get(f"/api/jobs?{wrong}")
        assert (refused.status_code, refused.json()["error"]["field"]) == (400, field)
    assert mine.get(f"/api/jobs/{jobs[1]}").json()["state"] == "cancelled"


def test_the_load_is_for_admins_and_shows_neither_prompts_nor_who_may_open_a_gallery(
    place: Place, private_place: Place, mine: httpx.Client
) -> None:
    submit(mine, 1)
    said = mine.get("/api/load").json()
    assert sum(one["running"] + one["queued"] for one in said["people"]) >= 1
    assert mine.cookies["atelier_visitor"] not in str(said)
    assert "house" not in str(said)
    with private_place.client() as visitor:
        refused = visitor.get("/api/load")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "people.admins")
