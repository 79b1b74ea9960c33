"""Presets, history and the form over HTTP, each visitor's own."""

import httpx

from tests.api.conftest import SMALL, Place, drawn


def test_a_preset_is_saved_with_a_picture_changed_and_deleted(private_place: Place) -> None:
    with private_place.client() as ann, private_place.client() as bob:
        image = drawn(ann, seed=77)
        made = ann.post("/api/presets", json={"name": "red", "values": {"steps": 9}, "image": image})
        assert made.status_code == 201
        preset = made.json()
        assert preset["pictured"]
        assert ann.get(f"/api/presets/{preset['id']}/thumbnail").content[8:12] == b"WEBP"
        assert bob.get(f"/api/presets/{preset['id']}/thumbnail").status_code == 404
        assert bob.post("/api/presets", json={"name": "x", "values": {"steps": 9}, "image": image}).status_code == 404
        changed = ann.patch(f"/api/presets/{preset['id']}", json={"name": "crimson"}).json()
        assert (changed["name"], changed["values"]) == ("crimson", {"steps": 9})
        exported = ann.get("/api/presets/export").json()
        assert bob.post("/api/presets/import", json=exported).status_code == 201
        assert "crimson" in [p["name"] for p in bob.get("/api/presets").json()["presets"]]
        assert bob.delete(f"/api/presets/{preset['id']}").status_code == 404
        assert ann.delete(f"/api/presets/{preset['id']}").status_code == 204
        assert [p["name"] for p in ann.get("/api/presets").json()["presets"] if not p["built_in"]] == []


def test_a_bad_value_in_a_preset_is_named(place: Place) -> None:
    with place.client() as ann:
        answer = ann.post("/api/presets", json={"name": "bad", "values": {"steps": 1000}})
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, "steps")
        assert ann.post("/api/presets", json={"name": "bad"}).json()["error"]["code"] == "preset.empty"
        assert ann.delete("/api/presets/fine").json()["error"]["code"] == "preset.built_in"


def past(client: httpx.Client, search: str = "") -> list[str]:
    return [row["prompt"] for row in client.get("/api/history", params={"search": search}).json()["prompts"]]


def test_prompts_of_accepted_jobs_are_the_visitors_history(place: Place) -> None:
    with place.client() as ann, place.client() as bob:
        for prompt in ("a blue boat", "a red house", "a blue boat "):
            ann.post("/api/jobs", json=SMALL | {"prompt": prompt}).raise_for_status()
        assert ann.post("/api/jobs", json=SMALL | {"prompt": "refused", "steps": 0}).status_code == 400
        assert past(ann) == ["a blue boat", "a red house"]
        assert past(ann, "house") == ["a red house"]
        assert past(bob) == []
        oldest = ann.get("/api/history").json()["prompts"][-1]["id"]
        assert bob.delete(f"/api/history/{oldest}").status_code == 404
        assert ann.delete(f"/api/history/{oldest}").status_code == 204
        assert past(ann) == ["a blue boat"]
        assert ann.delete("/api/history").status_code == 204
        assert past(ann) == []


def test_two_tabs_of_one_visitor_do_not_undo_each_others_changes(place: Place) -> None:
    with place.client() as ann:
        ann.get("/api/jobs")
        assert ann.patch("/api/form", json={"prompt": "from one tab", "steps": 9}).status_code == 204
        assert ann.patch("/api/form", json={"steps": 11}).status_code == 204
        owner = ann.cookies["atelier_visitor"]
        assert place.studio.forms.get(owner) == {"prompt": "from one tab", "steps": 11}
        assert ann.patch("/api/form", json={"prompt": "x" * 300_000}).status_code == 400
