"""Finished pictures over HTTP: untouched, cached, and only for those who may see them."""

import io

import httpx
import pytest
from PIL import Image

from engine.picture.texts import texts_of
from tests.api.conftest import Place, drawn
from tests.engine.metadata.files import FILES, png

LARGEST_SEED = 2**64 - 1


def test_the_file_is_the_png_as_it_was_made(place: Place) -> None:
    with place.client() as client:
        image = drawn(client, seed=LARGEST_SEED)
        file = client.get(f"/api/images/{image}/file")
        assert file.headers["content-type"] == "image/png"
        assert file.headers["cache-control"] == "private, max-age=31536000, immutable"
        assert "content-disposition" not in file.headers
        assert file.content == place.studio.gallery.file(image, None).read_bytes()
        assert "Seed: 18446744073709551615" in texts_of(file.content).found["parameters"]
        saved = client.get(f"/api/images/{image}/file?download=1").headers["content-disposition"]
        assert saved.startswith('attachment; filename="atelier-18446744073709551615-')
        small = client.get(f"/api/images/{image}/thumbnail")
        assert small.headers["content-type"] == "image/webp"
        assert Image.open(io.BytesIO(small.content)).format == "WEBP"


def test_the_list_pages_from_the_newest_with_exact_seeds(place: Place) -> None:
    with place.client() as client:
        ids = [drawn(client, seed=seed) for seed in (LARGEST_SEED, 2, 3)]
        first = client.get("/api/images?limit=2").json()
        assert [image["id"] for image in first["images"]] == [ids[2], ids[1]]
        second = client.get("/api/images", params={"limit": 2, "before": first["next"]}).json()
        assert second["images"][0]["id"] == ids[0]
        shown = second["images"][0]
        assert shown["seed"] == shown["values"]["seed"] == str(LARGEST_SEED)
        assert (shown["width"], shown["prompt"], shown["checkpoint"]) == (64, "a red house", "postcard")
        assert first["total"] >= 3
        assert client.get(f"/api/images/{ids[0]}").json() == shown | {"lineage": [], "boards": []}


def test_a_bad_page_is_refused_in_json(place: Place) -> None:
    with place.client() as client:
        assert client.get("/api/images?limit=0").json()["error"]["field"] == "limit"
        assert client.get("/api/images?before=nonsense").json()["error"]["field"] == "before"


def test_settings_that_were_read_draw_the_same_picture_again(place: Place) -> None:
    with place.client() as client:
        image = drawn(client, seed=LARGEST_SEED, prompt="naïve 猫, a house")
        file = client.get(f"/api/images/{image}/file").content
        reading = client.post("/api/read-settings", content=file).json()
        assert reading["values"]["seed"] == str(LARGEST_SEED)
        assert reading["values"]["prompt"] == "naïve 猫, a house"
        again = drawn(client, **reading["values"])
        pixels = [Image.open(io.BytesIO(client.get(f"/api/images/{i}/file").content)).tobytes() for i in (image, again)]
        assert pixels[0] == pixels[1]


@pytest.mark.parametrize(("kind", "suffix", "media"), [("JPEG", "jpg", "image/jpeg"), ("WebP", "webp", "image/webp")])
def test_other_formats_are_stored_and_served_as_what_they_are(place: Place, kind: str, suffix: str, media: str) -> None:
    with place.client() as client:
        image = drawn(client, format=kind, quality=60, prompt="naïve 猫")
        file = client.get(f"/api/images/{image}/file?download=1")
        assert file.headers["content-type"] == media
        assert file.headers["content-disposition"].endswith(f'.{suffix}"')
        assert place.studio.gallery.file(image, None).suffix == f".{suffix}"
        assert Image.open(io.BytesIO(file.content)).format == kind.upper()
        reading = client.post("/api/read-settings", content=file.content).json()
        values = {name: reading["values"][name] for name in ("prompt", "format", "quality")}
        assert values == {"prompt": "naïve 猫", "format": kind, "quality": 60}
        assert client.get(f"/api/images/{image}/thumbnail").headers["content-type"] == "image/webp"


def test_another_tools_picture_is_read_and_what_is_not_here_is_named(place: Place) -> None:
    with place.client() as client:
        reading = client.post("/api/read-settings", content=FILES["a1111.jpg"][1]).json()
        assert (reading["tool"], reading["values"]["seed"]) == ("AUTOMATIC1111 v1.4.1", "4294967297")
        assert reading["leftovers"] == {"Model": "revAnimated_v122 [4199bcdd14]"}
        assert reading["absent"] == ["Model"]
        bomb = client.post("/api/read-settings", content=png({"parameters": "a" * 5 * 2**20}))
        assert (bomb.status_code, bomb.json()["error"]["code"]) == (400, "settings.large")


def test_a_picture_without_settings_is_refused_in_words(place: Place) -> None:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG")
    cases = {file.getvalue(): "settings.none", b"": "picture.empty", b"no picture": "picture.kind"}
    with place.client() as client:
        for data, code in cases.items():
            said = client.post("/api/read-settings", content=data)
            assert (said.status_code, said.json()["error"]["code"]) == (400, code)


def test_on_ones_own_machine_every_browser_shows_all_pictures(place: Place) -> None:
    with place.client() as mine, place.client() as other:
        image = drawn(mine)
        assert image in [shown["id"] for shown in other.get("/api/images").json()["images"]]
        assert other.delete(f"/api/images/{image}").status_code == 204
        assert mine.get(f"/api/images/{image}/file").status_code == 404


def test_in_a_network_a_picture_is_its_owners_alone(private_place: Place) -> None:
    with private_place.client() as mine, private_place.client() as other:
        image = drawn(mine)
        for way in ("", "/file", "/thumbnail"):
            assert other.get(f"/api/images/{image}{way}").status_code == 404
            assert mine.get(f"/api/images/{image}{way}").status_code == 200
        assert other.delete(f"/api/images/{image}").status_code == 404
        assert other.get("/api/images").json() == {"images": [], "next": None, "total": 0}
        assert httpx.get(f"{private_place.url}/api/images").json()["total"] == 0
        assert mine.delete(f"/api/images/{image}").status_code == 204
        assert mine.get("/api/images").json()["total"] == 0


def test_no_answer_names_a_path_of_the_server(place: Place) -> None:
    with place.client() as client:
        image = drawn(client)
        place.studio.gallery.file(image, None).unlink()
        gone = client.get(f"/api/images/{image}/file")
        assert gone.status_code == 404
        for text in (gone.text, client.get("/api/images").text, client.get("/api/jobs").text):
            assert str(place.data) not in text
        client.delete(f"/api/images/{image}")


def test_the_steps_of_a_picture_are_its_owners_alone(private_place: Place) -> None:
    with private_place.client() as mine, private_place.client() as other:
        image = drawn(mine, trace=True, variation_seed=LARGEST_SEED, variation_strength=0.1)
        shown = mine.get(f"/api/images/{image}").json()
        assert shown["trace"] is True
        assert shown["values"]["variation_seed"] == str(LARGEST_SEED), "exact for scripts"
        answer = mine.get(f"/api/images/{image}/trace")
        assert answer.headers["content-type"] == "application/json"
        assert [set(step) for step in answer.json()["steps"]] == [{"sigma", "pull", "change", "guess", "latents"}] * 2
        assert other.get(f"/api/images/{image}/trace").status_code == 404
        assert mine.delete(f"/api/images/{image}").status_code == 204
        assert mine.get(f"/api/images/{image}/trace").status_code == 404


def test_a_picture_without_steps_says_so(place: Place) -> None:
    with place.client() as client:
        image = drawn(client)
        assert client.get(f"/api/images/{image}").json()["trace"] is False
        said = client.get(f"/api/images/{image}/trace")
        assert (said.status_code, said.json()["error"]["code"]) == (404, "trace.none")
