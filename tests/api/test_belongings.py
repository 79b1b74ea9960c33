"""A person takes everything home and has it erased: afterwards no file of the studio holds a word of theirs."""

import io
import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from engine.copies import Copies
from tests.api.conftest import Place, Shared, drawn
from tests.api.test_gallery import fox, listed, take_in
from tests.engine.gallery.pictures import file

WORDS = ("zanzibarine", "quixotical", "mumblecrust", "snollygoster", "widdershins", "bumfuzzled", "flibbertigib")
SURE = {"confirm": "erase everything"}


def holding(data: Path, content: bytes) -> list[str]:
    """The files below the data folder that hold these bytes, or are called so."""
    files = [path for path in data.rglob("*") if path.is_file()]
    folders = [str(path) for path in data.rglob("*") if content in str(path).encode()]
    return folders + [str(path) for path in files if content in path.read_bytes()]


def begins_from(client: httpx.Client, picture: bytes) -> str:
    return client.post("/api/pictures", content=picture).raise_for_status().json()["picture"]


def lived(client: httpx.Client) -> tuple[str, str, str]:
    """Drew, imported, tagged, saved, typed; the digests of a start of her own and one that somebody else has, too."""
    own, shared = begins_from(client, file(colour="plum")), begins_from(client, file(colour="olive"))
    values = {"prompt": WORDS[0], "negative_prompt": WORDS[1], "trace": False}
    image = drawn(client, **{k: v for k, v in values.items() if k != "trace"}, start="picture", picture=own)
    drawn(client, prompt=WORDS[0], start="picture", picture=shared)
    imported = take_in(client, fox(WORDS[2]), name=f"{WORDS[2]}.png")["id"]
    client.post("/api/images/change", json={"ids": [image, imported], "stars": 3, "add_tags": [WORDS[3]]})
    client.post("/api/images/trash", json={"ids": [imported]})
    board = client.post("/api/boards", json={"name": WORDS[4], "shared": True}).json()["id"]
    client.post(f"/api/boards/{board}/add", json={"ids": [image]})
    client.post("/api/presets", json={"name": WORDS[5], "values": {"prompt": WORDS[5]}}).raise_for_status()
    client.patch("/api/form", json={"prompt": WORDS[6]}).raise_for_status()
    return image, own, shared


@pytest.fixture
def people(private_place: Place) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    with private_place.client() as ann, private_place.client() as bob:
        yield ann, bob
        for client in (ann, bob):
            client.post("/api/people/me/erase", json=SURE).raise_for_status()


def test_all_of_one_person_is_taken_home_and_nothing_of_others(
    private_place: Place, people: tuple[httpx.Client, httpx.Client]
) -> None:
    ann, bob = people
    image, own, _ = lived(ann)
    drawn(bob, prompt="bob's own barn")
    answer = ann.get("/api/people/me/export")
    assert "attachment" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as bundle:
        assert bundle.testzip() is None
        names = bundle.namelist()
        assert all(".." not in name and not name.startswith("/") for name in names)
        told = [json.loads(line) for line in bundle.read("pictures.jsonl").splitlines()]
        (first,) = [picture for picture in told if picture["id"] == image]
        assert (first["tags"], first["boards"], first["stars"]) == ([WORDS[3]], [WORDS[4]], 3)
        assert first["request"]["words"]["prompt"] == WORDS[0]
        assert bundle.read(f"inputs/{own}") == file(colour="plum")
        assert private_place.studio.gallery.file(image, None).read_bytes() in [bundle.read(name) for name in names]
        for table, word in (("presets", 5), ("forms", 6), ("history", 0), ("jobs", 0), ("boards", 4)):
            assert WORDS[word].encode() in bundle.read(f"{table}.jsonl")
        assert b"bob's own barn" not in b"".join(bundle.read(name) for name in names)


def test_after_an_erasure_no_file_holds_a_word_and_others_keep_theirs(
    private_place: Place, people: tuple[httpx.Client, httpx.Client]
) -> None:
    ann, bob = people
    image, own, shared = lived(ann)
    begins_from(bob, file(colour="olive"))
    his = drawn(bob, prompt="a barn", start="picture", picture=shared)
    data = private_place.data
    Copies(data).make()
    assert all(holding(data, word.encode()) for word in WORDS)
    assert ann.post("/api/people/me/erase", json={}).json()["error"]["code"] == "erase.confirm"
    assert listed(ann)
    told = ann.post("/api/people/me/erase", json=SURE).raise_for_status().json()
    assert (told["pictures"], told["clean"]) == (3, True)
    assert [word for word in WORDS if holding(data, word.encode())] == []
    assert holding(data, image.encode()) == []
    assert [holding(data, part) for part in (own.encode(), file(colour="plum"))] == [[], []]
    assert (data / "inputs" / shared).is_file()
    assert listed(bob) == [his] or his in listed(bob)
    assert listed(ann) == []
    assert ann.get("/api/history").json()["prompts"] == []
    drawn(ann, prompt="she may begin anew")


def test_an_admin_erases_what_is_another_s_and_nobody_else_does(shared: Shared) -> None:
    with shared.client("ann") as ann, shared.client("bob") as bob, shared.client("ada") as ada:
        image = take_in(ann, fox("gargoyle"))["id"]
        user = shared.people.users.named("ann")
        assert user
        assert bob.post(f"/api/people/{user.id}/erase", json=SURE).status_code == 403
        assert listed(ann, q="gargoyle") == [image]
        assert ada.get(f"/api/images/{image}").status_code == 404
        every = len(listed(ann))  # what other tests drew for her
        assert ada.post(f"/api/people/{user.id}/erase", json=SURE).json()["pictures"] == every
        assert listed(ann) == []
        assert holding(shared.place.data, b"gargoyle") == []
        assert ann.get("/api/people/me").status_code == 200, "the account stays"
        newest = ada.get("/api/people/audit").json()["entries"][0]
        assert (newest["who"], newest["what"], newest["target"]) == ("ada", "erase", "ann")


def test_a_job_that_waits_is_cancelled_first(private_place: Place, people: tuple[httpx.Client, httpx.Client]) -> None:
    ann, _ = people
    for _ in range(3):
        ann.post("/api/jobs", json={"prompt": "gobbledygook", "steps": 40, "width": 256, "height": 256})
    ann.post("/api/people/me/erase", json=SURE).raise_for_status()
    time.sleep(0.5)
    assert holding(private_place.data, b"gobbledygook") == []
