"""Accounts, sessions and tokens on a real database, with a clock that the test turns."""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import BadRequest, NotFound
from engine.people.people import People
from engine.people.secrets import code_digest, digest, matches, new_code, nobody
from engine.people.sessions import DAY, PREFIX

PASSWORD = "a red house at night"


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def people(tmp_path: Path, clock: Clock) -> Iterator[People]:
    people = People(tmp_path, clock, clock)
    yield people
    people.close()


def test_a_session_ends_after_a_week_without_use_and_after_thirty_days_in_all(people: People, clock: Clock) -> None:
    ann = people.users.add("ann", "artist", PASSWORD)
    secret = people.sessions.begin(ann, "1.2.3.4", "Firefox")
    clock.now += 7 * DAY - 1
    known = people.sessions.find(secret)
    assert known
    assert known.note, "it is to be written down that it was used"
    people.sessions.note(known)
    assert not people.sessions.find(secret).note  # pyright: ignore[reportOptionalMemberAccess]
    for _ in range(5):
        clock.now += 4 * DAY
        if known := people.sessions.find(secret):
            people.sessions.note(known)
    assert people.sessions.find(secret) is not None, "day 27"
    clock.now += 3 * DAY + 2
    assert people.sessions.find(secret) is None, "day 30"
    other = people.sessions.begin(ann, "1.2.3.4", "Firefox")
    clock.now += 7 * DAY
    assert people.sessions.find(other) is None


def test_a_token_ends_on_its_day(people: People, clock: Clock) -> None:
    ann = people.users.add("ann", "artist", PASSWORD)
    _, token = people.tokens.add(ann, "bot", "draw", 3)
    assert token.startswith(PREFIX)
    assert people.tokens.find(token)
    clock.now += 3 * DAY
    assert people.tokens.find(token) is None


def test_a_code_is_good_for_a_day(people: People, clock: Clock) -> None:
    ann = people.users.add("ann", "artist")
    code = people.users.new_code(ann.id)
    clock.now += DAY + 1
    assert people.users.with_code("ann", code, PASSWORD) is None
    code = people.users.new_code(ann.id)
    assert people.users.with_code("bob", code, PASSWORD) is None
    assert people.users.with_code("ann", code, PASSWORD)
    assert people.users.with_password("ann", PASSWORD)


def test_the_database_holds_only_digests(people: People, tmp_path: Path) -> None:
    ann = people.users.add("ann", "artist", PASSWORD)
    secrets = [people.sessions.begin(ann, "::1", "x"), people.tokens.add(ann, "bot")[1], people.users.new_code(ann.id)]
    people.close()
    held = b"".join(file.read_bytes() for file in tmp_path.glob("atelier.db*"))
    assert all(secret.encode() not in held for secret in [*secrets, PASSWORD])
    assert code_digest(secrets[2]).encode() in held


def test_another_process_sees_a_change_at_once(people: People, tmp_path: Path) -> None:
    ann = people.users.add("ann", "artist", PASSWORD)
    secret = people.sessions.begin(ann, "::1", "x")
    assert people.sessions.find(secret)
    console = People(tmp_path)
    console.users.change(ann.id, {"disabled": True})
    console.close()
    assert people.sessions.find(secret) is None


def test_the_first_admin_is_made_once(people: People) -> None:
    people.users.add("ann", "artist", PASSWORD)
    people.users.add("waiting", "admin")
    assert not people.begun(), "an admin who cannot sign in is none"
    assert people.is_first_code(people.first_code.lower())
    assert not people.is_first_code(new_code())
    with pytest.raises(BadRequest, match="somebody called"):
        people.users.first("ANN", PASSWORD)
    people.users.first("ada", PASSWORD)
    assert people.begun()
    with pytest.raises(BadRequest, match="an admin already"):
        people.users.first("eve", PASSWORD)


@pytest.mark.parametrize("name", ["", " ", "a:b", "x" * 65, "<b>", "a\nb\0", "\ud800", "-ann", "../x", "a/b"])
def test_a_name_that_would_be_trouble_is_refused(people: People, name: str) -> None:
    with pytest.raises(BadRequest):
        people.users.add(name, "artist", PASSWORD)


def test_two_names_that_look_alike_are_one(people: People) -> None:
    people.users.add("Ann Lee", "artist", PASSWORD)
    for name in ("ann lee", "ＡＮＮ  lee", "Ann\u00a0Lee"):
        with pytest.raises(BadRequest, match="somebody called"):
            people.users.add(name, "artist", PASSWORD)
    assert people.users.with_password("ann  LEE", PASSWORD)


@pytest.mark.parametrize("password", ["", "short", "aaaaaaaaaaaaaaaa", "x" * 257, "Ann The Artist"])
def test_a_password_that_is_easily_guessed_is_refused(people: People, password: str) -> None:
    with pytest.raises(BadRequest):
        people.users.add("ann the artist", "artist", password)
    assert people.users.all() == []


def test_a_password_is_the_same_from_every_keyboard(people: People) -> None:
    people.users.add("ann", "artist", "cafe\u0301 au lait")
    assert people.users.with_password("ann", "caf\u00e9 au lait")
    assert people.users.with_password("ann", "cafe au lait") is None


def test_an_unknown_name_takes_as_long_as_a_wrong_password(people: People) -> None:
    people.users.add("ann", "artist", PASSWORD)
    nobody()

    def took(name: str) -> float:
        begun = time.process_time()
        people.users.with_password(name, "a wrong password")
        return time.process_time() - begun

    known, unknown = (statistics.median(took(name) for _ in range(5)) for name in ("ann", "eve"))
    assert 0.5 < known / unknown < 2
    assert unknown > 0.005, "argon2 was asked"


def test_the_hash_of_nobody_opens_nothing() -> None:
    assert not matches(None, "")
    assert not matches("$argon2id$broken", "a wrong password")
    assert not matches(None, "x" * 100_000)


def test_a_token_is_ended_only_by_its_owner(people: People) -> None:
    ann, bob = people.users.add("ann", "artist", PASSWORD), people.users.add("bob", "artist", PASSWORD)
    token_id, token = people.tokens.add(ann, "bot")
    with pytest.raises(NotFound):
        people.tokens.end(token_id, bob.id)
    assert people.tokens.find(token)
    assert people.tokens.find(token).secret == digest(token)  # pyright: ignore[reportOptionalMemberAccess]
