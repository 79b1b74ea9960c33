"""A picture is drawn again and judged; its recipe is carried to another studio as a file and as a link."""

import io
import sqlite3
import time
from contextlib import closing
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.api.conftest import Place, drawn
from tests.api.test_gallery import fox, listed, take_in
from tests.engine.gallery.pictures import file


def reproduced(client: httpx.Client, image: str) -> dict[str, Any]:
    begun = client.post(f"/api/images/{image}/reproduce").raise_for_status().json()
    assert begun["missing"] == []
    until = time.monotonic() + 60
    while time.monotonic() < until:
        told = client.post(f"/api/images/{image}/reproduce/{begun['job']}").raise_for_status().json()
        if told["says"]:
            return told
        assert told["state"] in ("queued", "running", "done"), told
        time.sleep(0.05)
    raise AssertionError("it was not drawn again in a minute")


def test_a_picture_drawn_again_is_identical_and_not_kept_twice(place: Place) -> None:
    with place.client() as client:
        image = drawn(client, prompt="a beryl house", seed=5, steps=3)
        assert reproduced(client, image) == {
            "state": "done",
            "says": "identical",
            "psnr": None,
            "copy": None,
            "because": [],
        }
        assert listed(client, q="beryl") == [image]
        kept = place.studio.gallery.get(image, None).made_with
        assert kept is not None
        assert (kept["dtype"], kept["device"] != "", kept["rows"], kept["short"]) == ("float32", True, [2], False)


def alter(place: Place, image: str, column: str, value: Any) -> None:
    with closing(sqlite3.connect(place.data / "atelier.db")) as connection, connection:
        connection.execute(f"UPDATE images SET {column} = ? WHERE id = ?", (value, image))


@pytest.mark.parametrize(("change", "says"), [(1, "near"), (255, "different")])
def test_what_came_out_otherwise_is_measured_and_explained(place: Place, change: int, says: str) -> None:
    """The first picture as another machine would have drawn it."""
    with place.client() as client:
        image = drawn(client, prompt="a topaz house", seed=6)
        path = place.studio.gallery.file(image, None)
        with Image.open(path) as picture:
            table = [min(255, value + 1) if change == 1 else 255 - value for value in range(256)]
            other = picture.convert("RGB").point(table * 3)
        other.save(path, "PNG")
        alter(place, image, "made_with", '{"torch": "1.13", "rows": [8]}')
        told = reproduced(client, image)
        assert told["says"] == says
        assert told["psnr"] > 40 if says == "near" else told["psnr"] < 30
        because = {cause["what"]: (cause["before"], cause["now"]) for cause in told["because"]}
        assert because["torch"][0] == "1.13"
        assert because["rows"] == ("8", "2")
        assert told["copy"] in listed(client, q="topaz")
        client.delete(f"/api/images/{image}")
        client.delete(f"/api/images/{told['copy']}")


def test_an_imported_picture_is_drawn_as_far_as_it_tells_and_what_is_missing_is_listed(place: Place) -> None:
    with place.client() as client:
        image = take_in(client, fox("pearl", **{"Model: fox": "Model: fox, Model hash: 0123456789"}))["id"]
        assert client.post(f"/api/images/{image}/reproduce").json() == {
            "job": None,
            "missing": [{"kind": "checkpoint", "name": "fox", "hash": "0123456789", "here": "no"}],
        }
        bare = take_in(client, "no settings at all")["id"]
        assert client.post(f"/api/images/{bare}/reproduce").status_code in (202, 400)


def test_a_recipe_is_carried_by_file_and_by_link(place: Place) -> None:
    with place.client() as client:
        start = client.post("/api/pictures", content=file()).json()["picture"]
        image = drawn(client, prompt="an agate <house>", start="picture", picture=start)
        saved = client.get(f"/api/images/{image}/recipe", params={"pictures": 1})
        assert saved.headers["content-disposition"].startswith("attachment")
        link = client.get(f"/api/images/{image}/recipe-link").json()["link"]
        (place.studio.inputs / start).unlink()
        found = client.post("/api/read-recipe", content=link.removeprefix("#recipe=")).json()
        assert [need["hash"] for need in found["missing"]] == [start]
        assert (found["values"]["prompt"], "picture" in found["values"]) == ("an agate <house>", False)
        found = client.post("/api/read-recipe", content=saved.content).json()
        assert (found["missing"], found["values"]["picture"], found["values"]["seed"]) == ([], start, "1")
        assert client.get(f"/api/images/{image}/recipe").json()["pictures"] == {}
        assert client.post("/api/read-recipe", content=b"{}").json()["error"]["code"] == "recipe.wrong"


def test_nobody_else_s_recipe_is_there_and_nobody_else_s_job_is_judged(private_place: Place) -> None:
    with private_place.client() as ann, private_place.client() as bob:
        image = drawn(ann, prompt="a lapis house")
        for way in ("recipe", "recipe-link"):
            assert bob.get(f"/api/images/{image}/{way}").status_code == 404
        assert bob.post(f"/api/images/{image}/reproduce").status_code == 404
        job = ann.post(f"/api/images/{image}/reproduce").json()["job"]
        assert bob.post(f"/api/images/{image}/reproduce/{job}").status_code == 404
        board = ann.post("/api/boards", json={"name": "stones", "shared": True}).json()["id"]
        ann.post(f"/api/boards/{board}/add", json={"ids": [image]})
        assert bob.post(f"/api/images/{image}/reproduce/{job}").status_code == 404
        assert reproduced(bob, image)["says"] in ("identical", "near")  # ann's may share steps with it
        start = ann.post("/api/pictures", content=file(colour="lime")).json()["picture"]
        begun = drawn(ann, prompt="a jasper house", start="picture", picture=start)
        ann.post(f"/api/boards/{board}/add", json={"ids": [begun]})
        told = [client.get(f"/api/images/{begun}/recipe", params={"pictures": 1}).json() for client in (ann, bob)]
        assert [list(recipe["pictures"]) for recipe in told] == [[start], []]
        small = [client.get(f"/api/images/{begun}/given/{start}").status_code for client in (ann, bob)]
        assert small == [200, 404]
        ann.delete(f"/api/boards/{board}")
        assert listed(bob) == []


def test_a_foreign_picture_is_not_taken_for_a_recipe(place: Place) -> None:
    content = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(content, "PNG")
    with place.client() as client:
        image = client.post("/api/images/import?name=a.png", content=content.getvalue()).json()["image"]["id"]
        assert client.get(f"/api/images/{image}/recipe").json()["error"]["code"] == "recipe.none"
