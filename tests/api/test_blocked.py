"""Blocked words over every way in: who is ruled is refused and nothing of it is kept, everybody else draws."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from api.access import Access
from app import rules_for
from commands.flags import settings_from
from engine.errors import BadRequest
from engine.people.people import People
from tests.api.conftest import PASSWORDS, ROLES, SMALL, Shared, drawn, serve
from tests.engine.workers.quick import make

WORDS = ["--blocked-words", "grail"]
GRAIL = {**SMALL, "prompt": "a Grail"}
PLAN = {"values": {**SMALL, "prompt": "a cup"}, "axes": [{"what": "replace", "values": "cup, grail"}]}


@pytest.fixture(scope="module")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    data = tmp_path_factory.mktemp("ruled")
    people = People(data)
    for name, role in ROLES.items():
        people.users.add(name, role, PASSWORDS[name])
    rules = rules_for(settings_from(WORDS), Access(private=True, people=people))
    for place in serve(data, private=True, people=people, rules=rules, make_painter=make):
        yield Shared(place, people)
    people.close()


WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "our API": ("/api/jobs", GRAIL),
    "AUTOMATIC1111's API": ("/sdapi/v1/txt2img", GRAIL),
    "a grid, in its last cell": ("/api/grids", PLAN),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_in_refuses_and_keeps_nothing(way: str, ruled: Shared, caplog: pytest.LogCaptureFixture) -> None:
    path, body = WAYS[way]
    with ruled.client("ann") as client, caplog.at_level(logging.DEBUG):
        answer = client.post(path, json=body)
        assert answer.status_code in (400, 422), answer.text
        assert "not allowed here" in answer.text
        assert "grail" not in answer.text.lower()
        assert client.get("/api/jobs").json()["jobs"] == []
        assert client.get("/api/grids").json()["grids"] == []
    assert "grail" not in caplog.text.lower()
    said = [file.read_bytes().lower() for file in ruled.place.data.glob("*.db*")]
    assert said
    assert not any(b"grail" in text for text in said)


def test_a_live_look_and_a_picture_that_is_waited_for_are_refused_too(ruled: Shared) -> None:
    studio = ruled.place.studio
    ann = ruled.people.users.named("ann")
    assert ann
    with pytest.raises(BadRequest, match="not allowed here"):
        studio.submit(GRAIL, ann.id, live=True)
    cup, grail = studio.resolved({**SMALL, "prompt": "a cup"}), studio.resolved(GRAIL)
    with pytest.raises(BadRequest, match="not allowed here"), studio.waited_for([cup, grail], ann.id):
        pass
    assert not studio.store.active(ann.id)


def test_an_admin_is_not_ruled(ruled: Shared) -> None:
    with ruled.client("ada") as client:
        assert drawn(client, prompt="a grail")


def test_a_role_counts_as_it_is_now(ruled: Shared) -> None:
    bob = ruled.people.users.named("bob")
    assert bob
    rules = rules_for(settings_from(WORDS), Access(private=True, people=ruled.people))
    assert rules(bob.id).blocked.words
    ruled.people.users.change(bob.id, {"role": "admin"})
    assert not rules(bob.id).blocked.words
    ruled.people.users.change(bob.id, {"role": "artist"})
    assert rules(bob.id).blocked.words
    assert rules("an account that is gone").blocked.words


@pytest.mark.parametrize(
    ("private", "flags", "ruled"),
    [
        (False, [], False),
        (False, ["--blocked-for", "admin"], True),
        (True, [], True),
        (True, ["--blocked-for", "viewer"], False),
    ],
)
def test_without_accounts_one_is_an_admin_at_the_machine_and_an_artist_elsewhere(
    private: bool, flags: list[str], ruled: bool
) -> None:
    rules = rules_for(settings_from([*WORDS, *flags]), Access(private=private))
    assert bool(rules("whoever").blocked.words) is ruled


def test_samples_of_a_training_are_looked_through(ruled: Shared) -> None:
    folder = ruled.place.studio.training.ground.datasets("ann") / "rings"
    folder.mkdir(parents=True)
    asked = {"concepts": [{"folder": "rings"}], "prompts": ["a (gra)il"]}
    with pytest.raises(BadRequest) as caught:
        ruled.place.studio.training.create(asked, "ann")
    assert (caught.value.problem.code, caught.value.problem.field) == ("words.blocked", "prompts")
    assert not list(ruled.place.studio.training.ground.runs.glob("*"))
