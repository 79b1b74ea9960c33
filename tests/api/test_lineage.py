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
        mine = drawn(other, seed=98)
        for path in (f"/given/{parent['digest']}", f"/given/{parent['digest']}/file"):
            assert client.get(f"/api/images/{second}{path}").status_code == 200
            assert other.get(f"/api/images/{second}{path}").status_code == 404
            assert other.get(f"/api/images/{mine}{path}").status_code == 404  # not what that one was made of
        copied = drawn(other, start="picture", picture=given(other, bytes_of(client, first)), seed=99)
        ((role, its),) = [(one["role"], one["id"]) for one in lineage(other, copied)]
        assert (role, its) == ("start", None)  # the same bytes, which another owns


def test_what_a_picture_was_drawn_from_comes_back_as_it_was_given(place: Place) -> None:
    """The mask as greys of its picture's size, whatever it was."""
    with place.client() as client:
        first = bytes_of(client, drawn(client, seed=97))
        rough = Image.new("RGBA", (32, 32))
        rough.paste((10, 200, 30, 128), (10, 10, 22, 22))
        for painted in (mask(), rough):
            told = {"start": "mask", "picture": given(client, first), "mask": given(client, painted)}
            soft = {"soft_inpainting": True} if painted is rough else {}
            made = drawn(client, **told, **soft, seed=98)
            address = f"/api/images/{made}/given"
            assert client.get(f"{address}/{told['picture']}/file").content == first
            back = Image.open(io.BytesIO(client.get(f"{address}/{told['mask']}/file").content))
            assert (back.mode, back.size) == ("L", (64, 64))
            seen = (back.getpixel((2, 2)), back.getpixel((32, 32)))
            assert seen == ((0, 128) if painted is rough else (0, 255))
        assert client.get(f"{address}/{'0' * 64}/file").status_code == 404


def test_what_was_cleared_is_named_unless_the_gallery_has_it(place: Place) -> None:
    with place.client() as client:
        first = drawn(client, seed=99)
        told = {"start": "mask", "picture": given(client, bytes_of(client, first)), "mask": given(client, mask())}
        made = drawn(client, **told, seed=100)
        for digest in (told["picture"], told["mask"]):
            (place.data / "inputs" / digest).unlink()
        found = client.get(f"/api/images/{made}/given/{told['picture']}/file")
        assert found.content == bytes_of(client, first)
        gone = client.get(f"/api/images/{made}/given/{told['mask']}/file")
        assert (gone.status_code, gone.json()["error"]["code"]) == (404, "given.cleared")
        assert gone.json()["error"]["field"] == "mask"


def test_who_shares_a_picture_does_not_share_what_it_was_made_of(private_place: Place) -> None:
    with private_place.client() as ann, private_place.client() as bob:
        first = drawn(ann, seed=101)
        shown = drawn(ann, start="picture", picture=given(ann, bytes_of(ann, first)), seed=102)
        ((digest, _),) = [(one["digest"], one["role"]) for one in lineage(ann, shown)]
        board = ann.post("/api/boards", json={"name": "shown", "shared": True}).raise_for_status().json()["id"]
        ann.post(f"/api/boards/{board}/add", json={"ids": [shown]}).raise_for_status()
        ann.patch(f"/api/boards/{board}", json={"shared": True}).raise_for_status()
        assert bob.get(f"/api/images/{shown}/file").status_code == 200
        assert bob.get(f"/api/images/{shown}/given/{digest}/file").status_code == 404
        assert ann.get(f"/api/images/{shown}/given/{digest}/file").status_code == 200
