"""A picture given to the studio is what a job can start from."""

import io
import time
from typing import Any

import httpx
import numpy as np
from PIL import Image

from engine import infotext
from tests.api.conftest import SMALL, Place


def png(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (96, 64), colour).save(file, "PNG")
    return file.getvalue()


def finished(client: httpx.Client, job_id: str) -> dict[str, Any]:
    for _ in range(600):
        job = next(j for j in client.get("/api/jobs").json()["jobs"] if j["id"] == job_id)
        if job["finished"]:
            return job
        time.sleep(0.1)
    raise AssertionError("the job did not end")


def test_a_job_starts_from_a_picture_and_keeps_its_look(place: Place) -> None:
    with place.client() as client:
        picture = client.post("/api/pictures", content=png("green")).json()["picture"]
        asked = {**SMALL, "start": "picture", "picture": picture, "strength": 0.2, "steps": 10}
        job = finished(client, client.post("/api/jobs", json=asked).json()["id"])
        file = client.get(f"/api/images/{job['pictures'][0]['image']}/file").content
        made = Image.open(io.BytesIO(file))
        red, green, blue = np.asarray(made).reshape(-1, 3).mean(0)
        assert made.size == (64, 64)
        assert green > red + 30
        assert green > blue + 30
        reading = infotext.read(made.text["parameters"])  # pyright: ignore[reportAttributeAccessIssue]
        assert (reading.values["start"], reading.values["picture"], reading.values["strength"]) == (
            "picture",
            picture,
            0.2,
        )


def test_a_picture_that_was_not_given_is_refused_at_once(place: Place) -> None:
    with place.client() as client:
        answer = client.post("/api/jobs", json={**SMALL, "start": "picture", "picture": "0" * 64})
        assert answer.status_code == 404
        assert answer.json()["error"]["field"] == "picture"


def test_what_is_no_picture_is_refused_and_not_kept(place: Place) -> None:
    with place.client() as client:
        assert client.post("/api/pictures", content=b"<svg/>").json()["error"]["code"] == "picture.kind"
        assert client.post("/api/pictures", content=b"").status_code == 400
    kept = list((place.data / "inputs").glob("*")) if (place.data / "inputs").exists() else []
    assert all(len(path.name) == 64 for path in kept)
