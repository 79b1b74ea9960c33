"""Datasets over HTTP: uploads, captions, tags, scans and what can be taken back."""

import io
import zipfile
from pathlib import Path

import httpx
import pytest
from PIL import Image

from engine.training.data.scan import captions_of
from engine.training.datasets import Datasets
from tests.api.conftest import Place
from tests.engine.training.making import pictures


@pytest.fixture
def ann(private_place: Place, tmp_path: Path):
    """A new visitor with a dataset of three pictures."""
    with private_place.client() as client:
        folder = pictures(tmp_path / "made", 3)
        files = [("files", (path.name, path.read_bytes())) for path in sorted(folder.iterdir())]
        answer = client.post("/api/training/datasets/three", files=files).raise_for_status().json()
        assert answer == {"name": "three", "pictures": 3, "left_out": []}
        yield client


def shown(client: httpx.Client, name: str = "three") -> dict[str, str]:
    found = client.get(f"/api/training/datasets/{name}/pictures").raise_for_status().json()
    return {one["name"]: one["caption"] for one in found["pictures"]}


def test_a_dataset_is_listed_with_pictures_captions_and_thumbnails(ann: httpx.Client):
    [listed] = ann.get("/api/training/datasets").json()
    assert (listed["name"], listed["pictures"]) == ("three", 3)
    thumbnail = ann.get(f"/{listed['thumbnail']}")
    assert thumbnail.headers["content-type"] == "image/webp"
    with Image.open(io.BytesIO(thumbnail.content)) as small:
        assert max(small.size) <= 256
    assert shown(ann) == {f"0{i}.png": f"a purple ring, number {i}, on yellow" for i in range(3)}
    assert ann.get("/api/training/datasets/three/file/01.png").headers["content-type"] == "image/png"


@pytest.mark.parametrize("picture", ["00.txt", "../three/00.txt", "%2e%2e/%2e%2e/atelier.db", "nowhere.png", "%00.png"])
def test_nothing_but_its_pictures_is_sent(ann: httpx.Client, picture: str):
    assert ann.get(f"/api/training/datasets/three/file/{picture}").status_code == 404


def test_captions_are_changed_and_taken_back(ann: httpx.Client):
    before = shown(ann)
    changes = [{"name": "00.png", "caption": "one\ntwo"}]
    assert ann.put("/api/training/datasets/three/captions", json={"changes": changes}).json() == {"changed": 1}
    assert shown(ann)["00.png"] == "one\ntwo"
    assert ann.post("/api/training/scan/undo").json()["kept"] == []
    assert shown(ann) == before
    bad = ann.put("/api/training/datasets/three/captions", json={"changes": [{"name": "00.png"}]})
    assert (bad.status_code, bad.json()["error"]["field"]) == (400, "changes")


def test_tags_are_shown_changed_only_when_told_to(ann: httpx.Client):
    path = "/api/training/datasets/three/tags"
    asked = {"operation": "replace", "tag": "on yellow", "new": "on gold"}
    looked = ann.post(path, json=asked).json()
    assert (looked["count"], looked["applied"]) == (3, False)
    assert looked["changes"][0]["after"] == "a purple ring, number 0, on gold"
    assert {"tag": "on yellow", "pictures": 3} in ann.get(path).json()["tags"]
    ann.post(path, json={**asked, "apply": True}).raise_for_status()
    assert {"tag": "on gold", "pictures": 3} in ann.get(path).json()["tags"]
    bad = ann.post(path, json={"operation": "shout"})
    assert (bad.status_code, bad.json()["error"]["field"]) == (400, "operation")


def test_a_scan_finds_names_mends_and_takes_back(ann: httpx.Client):
    extra = [("files", ("broken.png", b"no picture at all"))]
    left = ann.post("/api/training/datasets/three", files=extra).json()
    assert left["pictures"] == 0
    assert left["left_out"][0]["name"] == "broken.png"
    values = {"concepts": [{"folder": "three"}], "resolution": 64, "trigger": "xyz"}
    scanned = ann.post("/api/training/scan", json={"values": values}).raise_for_status().json()
    assert scanned["ready"] is True
    assert scanned["totals"]["train"] == 3
    codes = [found["code"] for found in scanned["findings"]]
    at = codes.index("dataset.trigger")
    assert scanned["findings"][at]["files"] == ["00.png", "01.png", "02.png"]
    stale = {"values": values, "code": "dataset.tiny", "index": at}
    assert ann.post("/api/training/scan/fix", json=stale).status_code == 409
    mended = ann.post("/api/training/scan/fix", json={**stale, "code": "dataset.trigger"}).raise_for_status().json()
    assert "dataset.trigger" not in [found["code"] for found in mended["findings"]]
    assert shown(ann)["00.png"].startswith("xyz, ")
    ann.post("/api/training/scan/undo").raise_for_status()
    assert shown(ann)["00.png"] == "a purple ring, number 0, on yellow"


def test_what_is_no_upload_is_refused_in_words(ann: httpx.Client):
    broken = {"files": ("x.zip", b"PK nothing")}
    assert ann.post("/api/training/datasets/other", files=broken).json()["error"]["code"].startswith("upload.")
    assert ann.post("/api/training/datasets/other", data={"a": "b"}).json()["error"]["code"] == "upload.none"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.txt", "no picture")
    taken = {"files": ("x.zip", packed.getvalue())}
    assert ann.post("/api/training/datasets/three", files=taken).json()["error"]["code"] == "upload.taken"
    for name in ("..", ".hidden", "con", "a%2Fb"):
        answer = ann.post(f"/api/training/datasets/{name}", files=taken)
        assert answer.status_code in (400, 404, 405), name


def test_a_caption_is_never_written_that_could_not_be_read_again(ann: httpx.Client):
    change = {"name": "00.png", "caption": "环" * 30_000}  # 90 KB, while 64 are read
    answer = ann.put("/api/training/datasets/three/captions", json={"changes": [change]})
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "changes")
    change["caption"] = "环" * 20_000
    assert ann.put("/api/training/datasets/three/captions", json={"changes": [change]}).json() == {"changed": 1}
    assert shown(ann)["00.png"] == change["caption"]


def test_only_the_captions_of_the_page_that_is_shown_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pictures(tmp_path / "sets" / "many", 130)
    found = Datasets(tmp_path / "sets", tmp_path / "records", (tmp_path / "sets",), (tmp_path / "sets",))
    read: list[Path] = []
    real = captions_of
    monkeypatch.setattr("engine.training.datasets.captions_of", lambda one: read.append(one.path) or real(one))
    page = found.pictures("many", 100)
    assert (page["total"], page["next"], len(page["pictures"])) == (130, None, 30)
    last = page["pictures"][-1]
    assert (last["name"], last["caption"]) == ("99.png", "a purple ring, number 99, on yellow")
    assert len(read) == 30
