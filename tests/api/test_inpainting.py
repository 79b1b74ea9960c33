"""A part of a picture is redrawn over HTTP, and nothing else: flat and nested requests, lineage, refusals."""

import io
from typing import Any

import httpx
import numpy as np
from PIL import Image

from api.rules import SMALL as LARGEST_REQUEST
from engine import infotext
from tests.api.conftest import SMALL, Place, drawn
from tests.api.test_pictures import finished

HOUSE = {**SMALL, "prompt": "a red house in a green meadow by day, mountains", "steps": 4}


def given(client: httpx.Client, image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, "PNG")
    return client.post("/api/pictures", content=file.getvalue()).raise_for_status().json()["picture"]


def opened(client: httpx.Client, image_id: str) -> Image.Image:
    return Image.open(io.BytesIO(client.get(f"/api/images/{image_id}/file").raise_for_status().content))


def test_a_part_of_a_picture_is_redrawn_and_nothing_else_changes(place: Place) -> None:
    with place.client() as client:
        file = client.get(f"/api/images/{drawn(client, **HOUSE)}/file").content
        picture = client.post("/api/pictures", content=file).json()["picture"]
        before = np.asarray(Image.open(io.BytesIO(file)), int)
        mask = Image.new("L", (64, 64))
        mask.paste(255, (20, 20, 44, 48))
        start = {"picture": picture, "mask": given(client, mask), "strength": 0.9, "mask_blur": 2}
        wishes: list[dict[str, Any]] = [
            {**start, "start": "mask"},
            {"start": {"kind": "mask", **start}},
            {"start": {"kind": "mask", **start, "inpaint_area": "Only masked"}},
        ]
        files = []
        for wish in wishes:
            made = drawn(client, **{**HOUSE, "prompt": "a blue boat on a lake by day", **wish})
            told = client.get(f"/api/images/{made}").json()
            assert told["outside"] == 0
            assert (told["values"]["start"], told["values"]["picture"]) == ("mask", picture)
            after = np.asarray(opened(client, made), int)
            outside = np.ones((64, 64), bool)
            outside[12:56, 12:52] = False  # the mask and four times its blur
            assert not (after != before)[outside].any()
            assert np.abs(after - before)[24:44, 24:40].mean() > 5
            files.append(client.get(f"/api/images/{made}/file").content)
        first, second = (np.asarray(Image.open(io.BytesIO(file))) for file in files[:2])
        assert np.array_equal(first, second)
        values = infotext.read(Image.open(io.BytesIO(files[2])).text["parameters"]).values  # pyright: ignore[reportAttributeAccessIssue]
        assert {name: values[name] for name in start} == start
        assert (values["start"], values["inpaint_area"]) == ("mask", "Only masked")


def test_a_picture_grows_over_http_and_takes_its_own_size(place: Place) -> None:
    with place.client() as client:
        picture = given(client, Image.effect_mandelbrot((96, 64), (-2, -1, 1, 1), 50).convert("RGB"))
        wish = {"prompt": "a meadow", "steps": 2, "start": "mask", "picture": picture, "outpaint_right": 32}
        job = finished(client, client.post("/api/jobs", json=wish).json()["id"])
        made = job["pictures"][0]["image"]
        assert opened(client, made).size == (128, 64)
        told = client.get(f"/api/images/{made}").json()
        assert (told["outside"], told["values"]["width"], told["values"]["height"]) == (0, 128, 64)


def test_a_mask_that_does_not_do_is_refused_at_once_and_by_name(place: Place) -> None:
    with place.client() as client:
        picture = given(client, Image.new("RGB", (96, 64), "green"))
        start = {**SMALL, "start": "mask", "picture": picture}
        for values, status, code in (
            ({}, 400, "mask.needed"),
            ({"mask": "0" * 64}, 404, "mask.missing"),
            ({"mask": given(client, Image.new("L", (96, 64)))}, 400, "mask.empty"),
            ({"mask": given(client, Image.new("L", (64, 96), 255))}, 400, "mask.shape"),
            ({"mask": "data:image/png;base64,AAAA"}, 400, "field.type"),
        ):
            answer = client.post("/api/jobs", json=start | values)
            assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
            assert answer.json()["error"]["field"] == "mask"
            assert answer.json()["error"]["remedy"]
        huge = client.post("/api/jobs", content=b'{"mask": "' + b"A" * (LARGEST_REQUEST + 1) + b'"}')
        assert huge.status_code == 413
