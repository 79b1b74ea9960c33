"""What a monitor reads: true numbers, and nothing of what people asked for."""

import logging
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.metrics import told_path
from tests.api.conftest import SMALL, Place

WORDS = "a marmalade zeppelin"


def numbers(place: Place) -> dict[str, float]:
    with place.client() as client:
        answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found[" ".join([sample.name, *sorted(sample.labels.values())])] = sample.value
    return found


def draw(place: Place, **values: object) -> str:
    with place.client() as client:
        job = client.post("/api/jobs", json={**SMALL, **values}).json()["id"]
        end = time.monotonic() + 60
        while client.get(f"/api/jobs/{job}").json()["state"] in ("queued", "running"):
            assert time.monotonic() < end
            time.sleep(0.02)
    return job


def test_a_finished_job_is_counted_with_its_pictures_and_steps(place: Place) -> None:
    draw(place)  # the model is there from now on
    before = numbers(place)
    draw(place, count=2, steps=3)
    after = numbers(place)
    assert after["atelier_jobs_total done"] - before["atelier_jobs_total done"] == 1
    assert after["atelier_pictures_total"] - before["atelier_pictures_total"] == 2
    assert after["atelier_step_seconds_count"] - before["atelier_step_seconds_count"] >= 4
    assert after["atelier_queue_jobs"] == after["atelier_queue_age_seconds"] == 0
    assert after["atelier_ready"] == 1
    assert after["atelier_disk_free_bytes"] > 0
    posts = "atelier_http_requests_total 202 POST"
    assert after[posts] - before[posts] == 1


def test_what_the_guard_refuses_is_counted(place: Place) -> None:
    refused = "atelier_http_requests_total 421 GET"
    before = numbers(place).get(refused, 0)
    with place.client() as client:
        assert client.get("/healthz", headers={"host": "evil.example"}).status_code == 421
    assert numbers(place)[refused] - before == 1


def test_made_up_methods_do_not_become_numbers_of_their_own(place: Place) -> None:
    with place.client() as client:
        for number in range(5):
            client.request(f"METHOD{number}", "/healthz")
    assert not [name for name in numbers(place) if "METHOD" in name]


def test_only_an_admin_reads_them(private_place: Place) -> None:
    """In a network without accounts nobody is."""
    with private_place.client() as client:
        assert client.get("/metrics").status_code in (401, 403, 404)


def test_neither_numbers_nor_log_know_a_word_of_a_prompt(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), place.client() as client:
        draw(place, prompt=WORDS)
        client.post("/api/jobs", json={**SMALL, "prompt": WORDS, "steps": -1})
        client.get("/api/images", params={"q": WORDS})
        client.get(f"/api/presets/{WORDS}")
        told = client.get("/metrics").text
    ours = [one for one in caplog.records if one.name.split(".")[0] in ("atelier", "engine", "api", "ui")]
    assert any("/api/jobs" in one.getMessage() for one in ours)
    told += "".join(one.getMessage() for one in ours)
    for word in WORDS.split()[1:]:
        assert word not in told, "the test's own client is not meant"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/", "/"),
        ("/api/jobs", "/api/jobs"),
        ("/api/jobs/01a22bd0f012bae091337c784ab57d36/cancel", "/api/jobs/01a22bd0f012bae091337c784ab57d36/*"),
        ("/api/presets/my secret name", "/api/presets/*"),
        ("/a\nb/c", "/*/c"),
    ],
)
def test_a_path_is_told_without_names(path: str, told: str) -> None:
    assert told_path(path) == told
