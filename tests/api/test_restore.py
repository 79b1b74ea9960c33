"""Restoring over HTTP: steps in their order, a file that tells them, a picture that knows what it was before."""

import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from engine.picture.texts import texts_of
from tests.api.conftest import MODELS, Place, drawn, serve
from tests.engine.detect.onnx import yolo
from tests.engine.library.tiny_upscaler import esrgan, restoreformer, write_pth


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """With an upscaler among its models, a restorer of faces with random weights, and a detector that finds what is red."""
    models = tmp_path_factory.mktemp("models")
    (models / "checkpoints").symlink_to(MODELS / "checkpoints")
    write_pth(models / "upscalers" / "2x_Tiny.pth", esrgan(scale=2))
    write_pth(models / "restorers" / "RestoreFormer.pth", restoreformer())
    yolo(models / "detectors" / "face_red.onnx", box=160)
    (models / "upscalers" / "broken.pth").write_bytes(b"")
    yield from serve(tmp_path_factory.mktemp("data"), private=False, models=models)


@pytest.fixture
def client(place: Place) -> Iterator[httpx.Client]:
    with place.client() as client:
        yield client


def given(client: httpx.Client, picture: bytes | Image.Image) -> str:
    if isinstance(picture, Image.Image):
        file = io.BytesIO()
        picture.save(file, "PNG")
        picture = file.getvalue()
    return client.post("/api/pictures", content=picture).raise_for_status().json()["picture"]


def restored(client: httpx.Client, **values: Any) -> list[str]:
    """The images' ids, in the order of the pictures."""
    job = client.post("/api/restorations", json=values).raise_for_status().json()["id"]
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for shown in client.get("/api/jobs").json()["jobs"]:
            if shown["id"] == job and shown["state"] == "done":
                return [picture["image"] for picture in shown["pictures"]]
            assert shown["id"] != job or shown["state"] != "failed", shown["problem"]
        time.sleep(0.05)
    raise AssertionError("nothing was restored in a minute")


def file_of(client: httpx.Client, image: str) -> Image.Image:
    return Image.open(io.BytesIO(client.get(f"/api/images/{image}/file").raise_for_status().content))


def problem(client: httpx.Client, **values: Any) -> dict[str, Any]:
    answer = client.post("/api/restorations", json=values)
    assert answer.status_code in (400, 404), answer.text
    return answer.json()["error"]


def test_a_drawn_picture_is_restored_and_keeps_what_drew_it(client: httpx.Client) -> None:
    before = drawn(client, width=64, height=64)
    bytes_before = client.get(f"/api/images/{before}/file").content
    steps = [{"kind": "denoise"}, {"kind": "upscale", "upscaler": "2x_Tiny", "factor": 3}, {"kind": "sharpen"}]
    (made,) = restored(client, pictures=[given(client, bytes_before)], steps=steps)
    told = client.get(f"/api/images/{made}").json()
    assert (told["width"], told["height"]) == (192, 192)
    assert (told["prompt"], told["seed"]) == ("a red house", "1")
    ((role, of, its),) = [(one["role"], one["of"], one["id"]) for one in told["lineage"]]
    assert (role, of, its) == ("source", made, before)
    file = file_of(client, made)
    assert file.size == (192, 192)
    assert file.text["parameters"] == Image.open(io.BytesIO(bytes_before)).text["parameters"]  # pyright: ignore[reportAttributeAccessIssue]
    assert "Postprocess upscale by: 3, Postprocess upscaler: 2x_Tiny" in file.text["postprocessing"]  # pyright: ignore[reportAttributeAccessIssue]
    assert told["restored"] == file.text["postprocessing"]  # pyright: ignore[reportAttributeAccessIssue]


def test_several_pictures_without_settings_are_restored_as_one_job(client: httpx.Client) -> None:
    pictures = [given(client, Image.new("RGB", (40, 30 + i), (200, 10, 10))) for i in range(3)]
    steps = [{"kind": "upscale", "width": 80, "height": 60}]
    made = restored(client, pictures=pictures, steps=steps, format="JPEG")
    assert [file_of(client, image).size for image in made] == [(80, 60)] * 3
    told = client.get(f"/api/images/{made[0]}").json()
    assert (told["prompt"], told["format"], told["lineage"][0]["id"]) == ("", "jpeg", None)
    assert told["restored"] == "Postprocess upscale to: 80x60, Postprocess upscaler: Lanczos"


def test_a_jpeg_tells_the_steps_behind_its_settings(client: httpx.Client) -> None:
    before = drawn(client, width=64, height=64, format="JPEG")
    picture = given(client, client.get(f"/api/images/{before}/file").content)
    (made,) = restored(client, pictures=[picture], steps=[{"kind": "contrast"}], format="JPEG")
    text = texts_of(client.get(f"/api/images/{made}/file").content).found["UserComment"]
    assert text.startswith("a red house\nSteps: 2, ")
    assert 'Postprocess contrast: "levels: 0.0, contrast: 0.15' in text


def test_transparency_survives_in_png(client: httpx.Client) -> None:
    source = Image.new("RGBA", (32, 32), (10, 200, 10, 90))
    (made,) = restored(client, pictures=[given(client, source)], steps=[{"kind": "upscale"}])
    assert file_of(client, made).getpixel((32, 32)) == pytest.approx((10, 200, 10, 90), abs=2)


def test_faces_are_restored_by_what_lies_in_the_folders_and_the_text_tells_it(client: httpx.Client) -> None:
    (listed,) = client.get("/api/restorers").json()["restorers"]
    assert (listed["name"], listed["problem"]) == ("RestoreFormer", None)
    source = Image.new("RGB", (256, 128), (60, 120, 60))
    source.paste((230, 20, 20), (112, 48, 144, 80))
    (made,) = restored(client, pictures=[given(client, source)], steps=[{"kind": "faces", "visibility": 0.8}])
    before, after = (np.asarray(one).astype(int) for one in (source, file_of(client, made)))
    assert (after != before)[56:72, 120:136].any(2).mean() > 0.9
    assert (after == before)[:, :40].all()
    text = client.get(f"/api/images/{made}").json()["restored"]
    assert text.startswith("Postprocess RestoreFormer visibility: 0.8, Postprocess face restorer: RestoreFormer, ")
    assert "Postprocess face detector: face_red, " in text


def test_grain_that_was_not_seeded_gets_a_seed_that_the_text_names(client: httpx.Client) -> None:
    grey = given(client, Image.new("RGB", (64, 64), (128, 128, 128)))
    (made,) = restored(client, pictures=[grey], steps=[{"kind": "grain"}])
    text = client.get(f"/api/images/{made}").json()["restored"]
    seed = int(text.split("seed: ")[1].split('"')[0])
    (again,) = restored(client, pictures=[grey], steps=[{"kind": "grain", "seed": seed}])
    assert file_of(client, made).tobytes() == file_of(client, again).tobytes()


def test_upscalers_are_listed_and_broken_ones_say_why(client: httpx.Client) -> None:
    found = {one["name"]: one for one in client.get("/api/upscalers").json()["upscalers"]}
    assert found["Lanczos"] == {"name": "Lanczos", "latent": False, "problem": None}
    assert found["Latent"]["latent"]
    assert found["2x_Tiny"]["problem"] is None
    assert found["broken"]["problem"]["code"] == "model.empty"


def test_what_cannot_be_done_names_the_step_and_the_remedy(client: httpx.Client) -> None:
    picture = given(client, Image.new("RGB", (40, 30)))
    steps: list[dict[str, Any]] = [{"kind": "sharpen"}]
    assert problem(client, pictures=[], steps=steps)["field"] == "pictures"
    assert problem(client, pictures=[picture], steps=[])["field"] == "steps"
    assert problem(client, pictures=["0" * 64], steps=steps)["code"] == "picture.missing"
    assert problem(client, pictures=["x"], steps=steps)["field"] == "pictures"
    assert problem(client, pictures=[picture] * 17, steps=steps)["code"] == "restore.pictures"
    assert problem(client, pictures=[picture], steps=[*steps, {"kind": "polish"}])["field"] == "steps.1.kind"
    far = problem(client, pictures=[picture], steps=[*steps, {"kind": "sharpen", "amount": 99}])
    assert (far["field"], far["code"]) == ("steps.1.amount", "field.range")
    assert "Step 2: Amount must be between 0 and 3" in far["message"]
    assert "factor" in problem(client, pictures=[picture], steps=[{"kind": "upscale", "factr": 2}])["remedy"]
    unknown = problem(client, pictures=[picture], steps=[{"kind": "upscale", "upscaler": "2x_Tyni"}])
    assert (unknown["field"], unknown["code"]) == ("steps.0.upscaler", "upscaler.near")
    large = [{"kind": "upscale", "factor": 8}] * 4
    assert problem(client, pictures=[picture], steps=large)["code"] == "upscale.large"
    assert problem(client, pictures=[picture], steps=steps, colour="red")["code"] == "field.unknown"


def test_a_hostile_picture_is_refused_before_the_job(client: httpx.Client) -> None:
    assert client.post("/api/pictures", content=b"GIF89a no").status_code == 400


def test_the_file_of_an_upscaler_that_is_gone_fails_the_job_in_words(client: httpx.Client, place: Place) -> None:
    path = Path(place.studio.library.models / "upscalers" / "gone.pth")
    write_pth(path, esrgan(scale=2, seed=9))
    picture = given(client, Image.new("RGB", (40, 30)))
    place.studio.library.upscalers.refresh()
    asked = {"pictures": [picture], "steps": [{"kind": "upscale", "upscaler": "gone"}]}
    refresh = place.studio.dispatcher.give_out
    place.studio.dispatcher.give_out = lambda: None  # it waits
    job = client.post("/api/restorations", json=asked).raise_for_status().json()["id"]
    path.unlink()
    place.studio.dispatcher.give_out = refresh
    place.studio.dispatcher.poke()
    until = time.monotonic() + 30
    while True:
        shown = next(one for one in client.get("/api/jobs").json()["jobs"] if one["id"] == job)
        if shown["state"] == "failed":
            break
        assert time.monotonic() < until
        time.sleep(0.05)
    assert shown["problem"]["code"] == "upscaler.gone"


def test_hints_say_why_a_picture_looks_wrong(client: httpx.Client) -> None:
    image = drawn(client, guidance=20, width=128, height=128)
    found = client.get(f"/api/images/{image}/hints").json()["hints"]
    by_code = {hint["code"]: hint for hint in found}
    assert by_code["hint.steps"]["field"] == "steps"
    assert {"hint.burnt", "hint.guidance_high", "hint.loud"} & by_code.keys()
    (made,) = restored(client, pictures=[given(client, Image.new("RGB", (40, 30)))], steps=[{"kind": "upscale"}])
    assert [hint["code"] for hint in client.get(f"/api/images/{made}/hints").json()["hints"]] == ["hint.flat"]
    assert client.get("/api/images/nothing/hints").status_code == 404
