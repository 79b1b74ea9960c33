"""Boards over HTTP: two people of one studio, each with their own pictures."""

import pytest

from tests.api.conftest import Place
from tests.api.test_gallery import fox, listed, take_in


def test_two_people_share_a_board_and_nothing_else(private_place: Place) -> None:
    with private_place.client() as ann, private_place.client() as bob:
        shown, kept = take_in(ann, fox("amber"))["id"], take_in(ann, fox("onyx"))["id"]
        board = ann.post("/api/boards", json={"name": "foxes <b>"}).raise_for_status().json()["id"]
        assert ann.post(f"/api/boards/{board}/add", json={"ids": [shown]}).json() == {"changed": 1}
        assert bob.get("/api/boards").json() == {"boards": [], "mine": 0, "shared": 0}
        assert bob.get("/api/images", params={"board": board}).status_code == 404
        ways = [f"/api/images/{shown}{way}" for way in ("", "/file", "/thumbnail", "/hints")]
        assert {bob.get(way).status_code for way in ways} == {404}
        assert ann.patch(f"/api/boards/{board}", json={"shared": True}).status_code == 204
        told = bob.get("/api/boards").json()
        assert told["boards"] == [
            {"id": board, "name": "foxes <b>", "mine": False, "shared": True, "by": "", "pictures": 1}
        ]
        assert (told["mine"], told["shared"]) == (0, 1)
        assert listed(bob, board=board) == listed(bob, shared=1) == [shown]
        assert listed(bob) == []
        assert {bob.get(way).status_code for way in ways} == {200}
        seen = bob.get(f"/api/images/{shown}").json()
        assert (seen["by"], seen["boards"], seen["values"]["prompt"]) == ("", [board], "a amber fox")
        assert ann.get(f"/api/images/{shown}").json()["by"] is None
        assert bob.get(f"/api/images/{kept}").status_code == 404
        refused = [
            bob.patch(f"/api/boards/{board}", json={"name": "mine"}),
            bob.delete(f"/api/boards/{board}"),
            bob.post(f"/api/boards/{board}/add", json={"ids": [shown]}),
            bob.post(f"/api/boards/{board}/remove", json={"ids": [shown]}),
            bob.delete(f"/api/images/{shown}"),
        ]
        assert [answer.status_code for answer in refused] == [404] * 5
        assert bob.post("/api/images/change", json={"ids": [shown], "stars": 1}).json() == {"changed": 0}
        assert ann.delete(f"/api/boards/{board}").status_code == 204
        assert set(listed(ann)) == {shown, kept}
        assert listed(bob, shared=1) == []


@pytest.mark.parametrize(
    ("asked", "field"),
    [({"name": ""}, "name"), ({"name": 3}, "name"), ({"name": "a", "shared": "yes"}, "shared"), ({"nam": "a"}, "nam")],
)
def test_a_wrong_board_is_refused_with_its_field(place: Place, asked: dict[str, object], field: str) -> None:
    with place.client() as client:
        answer = client.post("/api/boards", json=asked)
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
