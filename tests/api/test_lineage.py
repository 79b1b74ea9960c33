"""What a picture was made of, over HTTP: back to the first one, with masks and controls, and for its owner alone."""

import io
from typing import Any

import httpx
from PIL import Image

from tests.api.conftest import Place, drawn
from tests.api.test_restore import given, restored


def bytes_of(client: httpx.Client, image: str) -> bytes:
    return client.get(f"/api/images/{image}/file").raise_for_status().content


def lineage(client: httpx.Client, image: str) -> list[dict[str, Any]]:
    return client.get(f"/api/images/{image}").raise_for_status().json()["lineage"]


def mask() -> Image.Image:
    made = Image.new("L", (64, 64))
    made.paste(255, (20, 20, 44, 44))
    return made


def test_a_picture_knows_all_it_came_from_back_to_the_first(place: Place) -> None:
    with place.client() as client:
        first = drawn(client, seed=91)
        second = drawn(client, start="picture", picture=given(client, bytes_of(client, first)), seed=92)
        told = {"start": "mask", "picture": given(client, bytes_of(client, second)), "mask": given(client, mask())}
        third = drawn(client, **told, seed=93)
        (last,) = restored(client, pictures=[given(client, bytes_of(client, third))], steps=[{"kind": "sharpen"}])
        found = [(one["role"], one["of"], one["id"]) for one in lineage(client, last)]
        assert found == [
            ("source", last, third),
            ("start", third, second),
            ("mask", third, None),
            ("start", second, first),
        ]
        digest = lineage(client, last)[2]["digest"]
        small = client.get(f"/api/images/{third}/given/{digest}")
        assert (small.status_code, small.headers["content-type"]) == (200, "image/webp")
        seen = Image.open(io.BytesIO(small.content)).convert("L")
        assert (seen.size, seen.getpixel((32, 32)), seen.getpixel((4, 4))) == ((64, 64), 255, 0)


def test_a_parent_that_was_thrown_away_for_good_is_still_seen_as_it_was_given(place: Place) -> None:
    with place.client() as client:
        first = drawn(client, seed=94)
        second = drawn(client, start="picture", picture=given(client, bytes_of(client, first)), seed=95)
        client.delete(f"/api/images/{first}").raise_for_status()
        (parent,) = lineage(client, second)
        assert (parent["role"], parent["id"]) == ("start", None)
        assert client.get(f"/api/images/{second}/given/{parent['digest']}").status_code == 200


def test_nobody_sees_what_another_ones_picture_was_made_of(private_place: Place) -> None:
    with private_place.client() as client, private_place.client() as other:
        first = drawn(client, seed=96)
        second = drawn(client, start="picture", picture=given(client, bytes_of(client, first)), seed=97)
        (parent,) = lineage(client, second)
        path = f"/given/{parent['digest']}"
        mine = drawn(other, seed=98)
        assert other.get(f"/api/images/{second}{path}").status_code == 404
        assert other.get(f"/api/images/{mine}{path}").status_code == 404  # not what that one was made of
        copied = drawn(other, start="picture", picture=given(other, bytes_of(client, first)), seed=99)
        ((role, its),) = [(one["role"], one["id"]) for one in lineage(other, copied)]
        assert (role, its) == ("start", None)  # the same bytes, which another owns
