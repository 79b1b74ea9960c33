"""Grids over HTTP, with the built-in model."""

import io
import time
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.api.conftest import Place

PLAN = {
    "values": {"prompt": "a red house", "width": 64, "height": 64, "seed": 3},
    "axes": [{"what": "sampler", "values": ["Euler", "DDIM"]}, {"what": "steps", "values": "2, 3"}],
}


def drawn(client: httpx.Client) -> dict[str, Any]:
    grid = client.post("/api/grids", json=PLAN).raise_for_status().json()["id"]
    end = time.monotonic() + 60
    while time.monotonic() < end:
        shown = client.get(f"/api/grids/{grid}").raise_for_status().json()
        if shown["state"] == "done":
            return shown
        time.sleep(0.1)
    raise AssertionError("the grid was not drawn in a minute")


def test_a_grid_is_planned_drawn_and_taken_away(place: Place):
    with place.client() as client:
        planned = client.post("/api/grids/plan", json=PLAN).json()
        assert (planned["cells"], planned["evaluations"]) == (4, 10)
        shown = drawn(client)
        assert shown["counts"] == {"done": 4}
        assert client.get("/api/grids").json()["grids"][0]["id"] == shown["id"]
        page = client.get(f"/api/grids/{shown['id']}/page")
        assert page.headers["content-disposition"].startswith("attachment")
        assert page.text.count("data:image/png;base64,") == 4
        picture = client.get(f"/api/grids/{shown['id']}/picture")
        assert picture.headers["x-scale"] == "1.0000"
        with Image.open(io.BytesIO(picture.content)) as image:
            assert 'X Type: Sampler, X Values: "Euler, DDIM", Y Type: Steps' in image.info["parameters"]
        assert client.delete(f"/api/grids/{shown['id']}").status_code == 204
        assert client.get(f"/api/grids/{shown['id']}").status_code == 404
        assert client.get(f"/api/images/{shown['cells'][0]['images'][0]}").status_code == 200


def test_a_bad_value_is_answered_with_axis_and_value(place: Place):
    bad = {**PLAN, "axes": [{"what": "steps", "values": "2, 999"}]}
    with place.client() as client:
        for path in ("/api/grids/plan", "/api/grids"):
            answer = client.post(path, json=bad)
            assert answer.status_code == 400
            problem = answer.json()["error"]
            assert (problem["field"], problem["values"]["axis"], problem["values"]["value"]) == ("steps", "X", "999")


@pytest.mark.parametrize(
    "plan",
    [
        {},
        {"axes": []},
        {"axes": "steps"},
        {"axes": [{"what": 3}]},
        {"axes": PLAN["axes"] * 2},
        {"axes": [{"what": "x", "values": [None]}]},
    ],
)
def test_what_is_no_plan_is_refused(place: Place, plan: dict[str, Any]):
    with place.client() as client:
        answer = client.post("/api/grids", json=plan)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "grid.plan")


def test_two_owners_do_not_see_each_others_grids(private_place: Place):
    with private_place.client() as ann, private_place.client() as bob:
        shown = drawn(ann)
        path = f"/api/grids/{shown['id']}"
        assert bob.get("/api/grids").json()["grids"] == []
        assert ann.get(path).status_code == 200
        assert [bob.get(p).status_code for p in (path, f"{path}/page", f"{path}/picture")] == [404] * 3
        changes = [bob.post(f"{path}/{change}").status_code for change in ("pause", "resume", "cancel", "retry")]
        assert changes == [404] * 4
        assert bob.delete(path).status_code == 404
        assert ann.get(path).status_code == 200
