"""The safety checker as an admin's rule: artists' pictures come back blurred with the reason over every API, admins' sharp.

The checker's weights are tiny and random, its limits set so that it holds back everything.
"""

import base64
import io
import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from api.access import Access
from app import main, rules_for
from commands.flags import settings_from
from engine.errors import BadRequest
from engine.people.people import People
from engine.settings import Settings
from tests.api.conftest import MODELS, PASSWORDS, ROLES, SMALL, Shared, drawn, serve
from tests.api.test_recipes import reproduced
from tests.engine.library.tiny_safety import checker, write_checker
from tests.test_app import free_port

WHY = {"concepts": [3, 7], "special": []}
SAID = "Safety checker: held back (concepts 3 and 7)"
TINY = {**SMALL, "width": 128, "height": 128}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("models")
    (made / "checkpoints").symlink_to(MODELS / "checkpoints")
    write_checker(made, checker(flagged=WHY["concepts"]))
    return made


@pytest.fixture(scope="module")
def ruled(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    data = tmp_path_factory.mktemp("checked")
    people = People(data)
    for name, role in ROLES.items():
        people.users.add(name, role, PASSWORDS[name])
    rules = rules_for(asked(models), Access(private=True, people=people))
    for place in serve(data, private=True, people=people, rules=rules, models=models):
        yield Shared(place, people)
    people.close()


def asked(models: Path, *flags: str) -> Settings:
    return settings_from(["--models", str(models), "--safety-checker", *flags])


def detail(file: bytes) -> float:
    grey = np.asarray(Image.open(io.BytesIO(file)).convert("L"), float)
    return float(np.abs(np.diff(grey, n=2, axis=0)).mean())


def file(client: httpx.Client, image: str) -> bytes:
    return client.get(f"/api/images/{image}/file").raise_for_status().content


def test_an_artists_picture_is_blurred_and_says_why_and_an_admins_is_not(ruled: Shared) -> None:
    with ruled.client("ann") as ann, ruled.client("ada") as ada:
        held, free = (drawn(client, **TINY) for client in (ann, ada))
        told = ann.get(f"/api/images/{held}").json()
        assert told["held"] == WHY
        assert SAID in told["infotext"]
        with zipfile.ZipFile(io.BytesIO(ann.get("/api/people/me/export").content)) as bundle:
            taken_home = [json.loads(line) for line in bundle.read("pictures.jsonl").splitlines()]
        assert [one["held"] for one in taken_home if one["id"] == held] == [WHY]
        job = ann.get(f"/api/jobs/{told['job']}").json()
        assert [picture["held"] for picture in job["pictures"]] == [WHY]
        assert ann.get("/api/images").json()["images"][0]["held"] == WHY
        assert ada.get(f"/api/images/{free}").json()["held"] is None
        assert detail(file(ann, held)) < detail(file(ada, free)) / 3
        assert ann.get(f"/api/images/{held}/hints").json()["hints"][0]["code"] == "hint.held"


def test_what_is_brought_back_still_says_why(ruled: Shared) -> None:
    with ruled.client("ann") as ann:
        held = drawn(ann, **{**TINY, "prompt": "a boat"})
        content = file(ann, held)
        ann.delete(f"/api/images/{held}").raise_for_status()
        back = ann.post("/api/images/import", params={"name": "boat.png"}, content=content).raise_for_status().json()
        assert back["image"]["held"] == WHY


def test_automatic1111s_api_gives_back_the_veil_and_the_reason(ruled: Shared) -> None:
    with ruled.client("ann") as ann, ruled.client("ada") as ada:
        held, free = (client.post("/sdapi/v1/txt2img", json=TINY).raise_for_status().json() for client in (ann, ada))
    assert SAID in json.loads(held["info"])["infotexts"][0]
    assert SAID not in free["info"]
    blurred, sharp = (base64.b64decode(told["images"][0]) for told in (held, free))
    assert detail(blurred) < detail(sharp) / 3
    assert SAID in Image.open(io.BytesIO(blurred)).info["parameters"]


def test_what_is_restored_is_looked_at(ruled: Shared) -> None:
    noise = io.BytesIO()
    Image.fromarray(np.random.default_rng(2).integers(0, 256, (64, 64, 3), np.uint8)).save(noise, "PNG")
    with ruled.client("ann") as ann:
        picture = ann.post("/api/pictures", content=noise.getvalue()).json()["picture"]
        steps = {"pictures": [picture], "steps": [{"kind": "sharpen"}]}
        job = ann.post("/api/restorations", json=steps).raise_for_status().json()["id"]
        until = time.monotonic() + 60
        while not (told := ann.get(f"/api/jobs/{job}").json())["finished"]:
            assert time.monotonic() < until
            time.sleep(0.05)
        assert [one["held"] for one in told["pictures"]] == [WHY]
        assert detail(file(ann, told["pictures"][0]["image"])) < detail(noise.getvalue()) / 10


def test_reproducing_compares_no_veils(ruled: Shared) -> None:
    with ruled.client("ann") as ann:
        held = drawn(ann, **{**TINY, "prompt": "a tower"})
        found = reproduced(ann, held)
        assert (found["says"], found["psnr"], found["copy"]) == ("held", None, None)
        assert [one["id"] for one in ann.get("/api/images", params={"q": "tower"}).json()["images"]] == [held]


def test_cells_of_a_grid_are_veiled_and_so_is_its_sheet(ruled: Shared) -> None:
    plan = {"values": {**TINY, "prompt": "a cup"}, "axes": [{"what": "seed", "values": "1, 2"}]}
    sheets: list[bytes] = []
    for name in ("ann", "ada"):
        with ruled.client(name) as client:
            grid = client.post("/api/grids", json=plan).raise_for_status().json()["id"]
            until = time.monotonic() + 120
            while client.get(f"/api/grids/{grid}").json()["state"] != "done":
                assert time.monotonic() < until
                time.sleep(0.1)
            sheets.append(client.get(f"/api/grids/{grid}/picture").raise_for_status().content)
    middles = [middle(sheet) for sheet in sheets]
    assert middles[0] < middles[1] / 2


def middle(sheet: bytes) -> float:
    """The detail of its lower half, where the pictures are and no words."""
    picture = Image.open(io.BytesIO(sheet)).convert("L")
    grey = np.asarray(picture.crop((0, picture.height // 2, picture.width, picture.height)), float)
    return float(np.abs(np.diff(grey, n=2, axis=0)).mean())


@pytest.mark.parametrize(
    ("private", "flags", "checked"),
    [
        (False, [], False),
        (True, [], True),
        (False, ["--safety-for", "admin"], True),
        (True, ["--safety-for", "admin"], False),
    ],
)
def test_whose_pictures_it_looks_at_goes_by_role(private: bool, flags: list[str], checked: bool, models: Path) -> None:
    assert rules_for(asked(models, *flags), Access(private=private))("whoever").checked is checked


def test_it_is_off_by_default_and_on_in_a_demo_that_has_the_weights(models: Path) -> None:
    open_to_all = Access(private=True)
    for flags, checked in (([], False), (["--demo"], True), (["--demo", "--no-safety-checker"], False)):
        assert rules_for(settings_from(["--models", str(models), *flags]), open_to_all)("whoever").checked is checked
    assert not rules_for(settings_from(["--models", str(MODELS), "--demo"]), open_to_all)("whoever").checked


def test_without_its_weights_the_studio_does_not_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BadRequest):
        rules_for(asked(tmp_path), Access(private=True))
    assert (
        main(["--data", str(tmp_path), "--models", str(tmp_path), "--safety-checker", "--port", str(free_port())]) == 2
    )
    assert "Put config.json and model.safetensors" in capsys.readouterr().err
