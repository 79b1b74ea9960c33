"""Accounts through the public door: who gets in, what each may do, and how it ends."""

import sqlite3
from typing import Any

import httpx
import pytest

from api.doors import SESSION_COOKIE
from tests.api.conftest import PASSWORDS, SMALL, Shared, drawn

JPEG = b"\xff\xd8\xff"


@pytest.fixture(autouse=True)
def rested(shared: Shared) -> None:
    """All tests come from one address: wrong tries of one are not counted against the next."""
    shared.people.attempts._wrong.clear()


def sign_in(client: httpx.Client, name: str, password: str, **more: str) -> httpx.Response:
    return client.post("/api/people/sign-in", json={"name": name, "password": password, **more})


def test_who_is_not_signed_in_is_led_to_sign_in_and_sees_nothing(shared: Shared) -> None:
    with shared.client() as stranger:
        page = stranger.get("/")
        assert (page.status_code, page.headers["location"]) == (303, "/sign-in")
        entrance = stranger.get("/sign-in")
        assert entrance.status_code == 200
        assert "'unsafe-inline'" not in entrance.headers["content-security-policy"]
        for path in ("/api/jobs", "/api/images", "/api/people/me", "/api/openapi.json", "/config", "/assets/x.js"):
            answer = stranger.get(path)
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "people.sign_in"), path
        assert stranger.post("/api/jobs", json=SMALL).status_code == 401
        assert stranger.get("/healthz").status_code == 200


def test_a_password_opens_and_signing_out_closes(shared: Shared) -> None:
    with shared.client() as browser:
        answer = sign_in(browser, "ANN", PASSWORDS["ann"])
        assert answer.json() == {"name": "ann", "role": "artist"}
        kept = answer.headers["set-cookie"]
        assert all(word in kept for word in ("HttpOnly", "SameSite=lax", "Path=/"))
        assert browser.get("/api/people/me").json()["name"] == "ann"
        secret = browser.cookies[SESSION_COOKIE]
        assert browser.post("/api/people/me/sign-out").status_code == 204
        browser.cookies.set(SESSION_COOKIE, secret)
        assert browser.get("/api/people/me").status_code == 401, "the session itself has ended"


@pytest.mark.parametrize(("name", "password"), [("ann", "wrong password"), ("nobody", "wrong password"), ("ann", "")])
def test_a_wrong_name_and_a_wrong_password_are_told_in_the_same_words(shared: Shared, name: str, password: str) -> None:
    with shared.client() as browser:
        answer = sign_in(browser, name, password)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "people.wrong")
        assert "www-authenticate" not in answer.headers, "or the browser would ask with a window of its own"
        assert "set-cookie" not in answer.headers


def test_the_sixth_wrong_try_waits_even_with_the_right_password(shared: Shared) -> None:
    with shared.client() as browser:
        codes = [sign_in(browser, f"nobody{n}", "wrong password").status_code for n in range(6)]
        assert 429 in codes
        answer = sign_in(browser, "ann", PASSWORDS["ann"])
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "people.slowly")
        assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    ("who", "method", "path", "expected"),
    [
        ("vic", "GET", "/api/images", 200),
        ("vic", "GET", "/api/jobs", 200),
        ("vic", "POST", "/api/jobs", 403),
        ("vic", "POST", "/api/images/trash", 403),
        ("vic", "POST", "/api/pictures", 403),
        ("vic", "GET", "/api/training", 403),
        ("vic", "GET", "/sdapi/v1/samplers", 403),
        ("ann", "GET", "/api/people", 403),
        ("ann", "POST", "/api/people", 403),
        ("ann", "GET", "/api/people/audit", 403),
        ("ann", "GET", "/api/people/load", 403),
        ("ann", "GET", "/something/new", 403),
        ("ann", "GET", "/gradio_api/file=/etc/passwd", 403),
        ("ann", "GET", "/gradio_api/info", 403),
        ("ann", "POST", "/gradio_api/upload", 403),
        ("ann", "POST", "/gradio_api/run/restore", 403),
        ("ada", "GET", "/api/people", 200),
        ("ada", "GET", "/something/new", 404),
    ],
)
def test_each_role_may_do_what_the_table_says(shared: Shared, who: str, method: str, path: str, expected: int) -> None:
    with shared.client(who) as client:
        body: Any = {"json": {}} if method == "POST" else {}
        answer = client.request(method, path, **body)
        assert answer.status_code == expected
        if expected == 403:
            assert answer.json()["error"]["code"] in ("people.artists", "people.admins")


def test_each_sees_only_what_is_theirs_and_other_ids_are_unknown(shared: Shared) -> None:
    with shared.client("ann") as ann, shared.client("bob") as bob:
        image = drawn(ann, prompt="what ann drew")
        job = ann.get("/api/jobs").json()["jobs"][0]["id"]
        preset = ann.post("/api/presets", json={"name": "ann's", "values": {"steps": 7}}).json()["id"]
        assert [one["prompt"] for one in ann.get("/api/history").json()["prompts"]] == ["what ann drew"]
        assert bob.get("/api/images").json()["images"] == []
        assert bob.get("/api/jobs").json()["jobs"] == []
        assert bob.get("/api/history").json()["prompts"] == []
        assert "ann's" not in {one["name"] for one in bob.get("/api/presets").json()["presets"]}
        for method, path in (
            ("GET", f"/api/images/{image}"),
            ("GET", f"/api/images/{image}/file"),
            ("GET", f"/api/images/{image}/thumbnail"),
            ("GET", f"/api/images/{image}/hints"),
            ("DELETE", f"/api/images/{image}"),
            ("POST", f"/api/jobs/{job}/cancel"),
            ("DELETE", f"/api/presets/{preset}"),
        ):
            assert bob.request(method, path).status_code == 404, path
        assert ann.get(f"/api/images/{image}").status_code == 200


def test_an_admin_makes_an_account_and_its_code_is_good_once(shared: Shared) -> None:
    with shared.client("ada") as ada, shared.client() as browser:
        made = ada.post("/api/people", json={"name": "Cleo", "role": "artist"})
        assert made.status_code == 201
        code = made.json()["code"]
        assert sign_in(browser, "cleo", "a long new password", code="AAAA-AAAA-AAAA").status_code == 401
        assert sign_in(browser, "cleo", "short", code=code).json()["error"]["code"] == "people.password_length"
        assert sign_in(browser, "cleo", "a long new password", code=code.lower().replace("-", " ")).status_code == 200
        assert browser.get("/api/people/me").json()["name"] == "Cleo"
        assert sign_in(browser, "cleo", "another long password", code=code).status_code == 401
        assert ada.post("/api/people", json={"name": "CLEO"}).json()["error"]["code"] == "people.taken"


def test_a_new_password_ends_all_sessions_and_tokens_but_this_browsers(shared: Shared) -> None:
    shared.people.users.add("dora", "artist", "the first password")
    with shared.client("dora") as here, shared.client("dora") as there:
        token = here.post("/api/people/me/tokens", json={"name": "bot"}).json()["token"]
        assert there.get("/api/people/me").status_code == 200
        wrong = here.post("/api/people/me/password", json={"old": "not this one", "new": "the second password"})
        assert wrong.status_code == 401
        right = here.post("/api/people/me/password", json={"old": "the first password", "new": "the second password"})
        assert right.status_code == 200
        assert here.get("/api/people/me").status_code == 200
        assert there.get("/api/people/me").status_code == 401
        with shared.client() as bot:
            assert bot.get("/api/jobs", headers={"authorization": f"Bearer {token}"}).status_code == 401


@pytest.mark.parametrize("change", [{"disabled": True}, {"role": "viewer"}])
def test_a_person_who_is_changed_is_signed_out_at_once(shared: Shared, change: dict[str, Any]) -> None:
    name = f"erin{len(change)}{next(iter(change))}"
    user = shared.people.users.add(name, "artist", "erin's own password")
    basic = (name, "erin's own password")
    with shared.client(name) as browser, shared.client("ada") as ada, shared.client() as program:
        token = browser.post("/api/people/me/tokens", json={"name": "bot"}).json()["token"]
        bearer = {"authorization": f"Bearer {token}"}
        assert program.get("/api/jobs", headers=bearer).status_code == 200
        assert program.post("/api/jobs", auth=basic, json=SMALL).status_code == 202
        assert ada.patch(f"/api/people/{user.id}", json=change).status_code == 200
        assert browser.get("/api/people/me").status_code == 401
        assert program.get("/api/jobs", headers=bearer).status_code == 401
        assert program.post("/api/jobs", auth=basic, json=SMALL).status_code == (401 if "disabled" in change else 403)


def test_the_last_admin_stays_one(shared: Shared) -> None:
    with shared.client("ada") as ada:
        me = ada.get("/api/people/me").json()["id"]
        for change in ({"disabled": True}, {"role": "artist"}):
            answer = ada.patch(f"/api/people/{me}", json=change)
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, "people.last_admin")
        assert ada.get("/api/people").status_code == 200


def test_a_token_does_what_its_scope_allows_and_nothing_in_person(shared: Shared) -> None:
    with shared.client("ada") as ada, shared.client() as program:
        for scope, draws, decides in (("look", 403, 403), ("draw", 202, 403), ("admin", 202, 403)):
            token = ada.post("/api/people/me/tokens", json={"name": scope, "scope": scope, "days": 1}).json()["token"]
            bearer = {"authorization": f"Bearer {token}"}
            assert program.get("/api/images", headers=bearer).status_code == 200
            assert program.post("/api/jobs", headers=bearer, json=SMALL).status_code == draws
            assert program.get("/api/people", headers=bearer).status_code == decides
            assert program.post("/api/people/me/tokens", headers=bearer, json={"name": "more"}).status_code == 403
        listed = ada.get("/api/people/me/tokens").json()["tokens"]
        assert token not in str(listed)
        for one in listed:
            assert ada.delete(f"/api/people/me/tokens/{one['id']}").status_code == 204
        assert program.get("/api/images", headers=bearer).status_code == 401
        assert program.get("/api/images", headers={"authorization": "Bearer atl_wrong"}).status_code == 401


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic Og==", "Digest x", "Bearer", "Basic dHdvOnRocmVl", ""])
def test_a_wrong_authorization_is_refused_and_says_how(shared: Shared, header: str) -> None:
    with shared.client() as program:
        answer = program.get("/sdapi/v1/samplers", headers={"authorization": header})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic")
        assert answer.json()["detail"] == "Incorrect username or password"
        assert program.get("/sdapi/v1/samplers").json()["detail"] == "Not authenticated"


def test_name_and_password_work_for_programs_and_are_looked_at_once(shared: Shared) -> None:
    with shared.client() as program:
        for _ in range(12):  # more than one may try in a minute
            assert program.get("/sdapi/v1/nothing", auth=("ann", PASSWORDS["ann"])).status_code == 404
        assert program.get("/api/people/me", auth=("ann", PASSWORDS["ann"])).json()["role"] == "artist"


def test_a_stream_ends_when_its_person_is_signed_out(shared: Shared) -> None:
    shared.people.users.add("finn", "artist", "finn's own password")
    with shared.client("finn") as browser, shared.client("finn") as other:
        browser.post("/api/jobs", json=SMALL | {"steps": 150, "width": 128, "height": 128}).raise_for_status()
        with browser.stream("GET", "/api/state") as stream:
            lines = stream.iter_lines()
            assert next(lines).startswith("data:")
            answer = other.post(
                "/api/people/me/password", json={"old": "finn's own password", "new": "finn's second one"}
            )
            assert answer.status_code == 200
            rest = list(lines)
        assert "event: idle" not in rest, "it was cut off, not ended"
        job = other.get("/api/jobs").json()["jobs"][0]["id"]
        other.post(f"/api/jobs/{job}/cancel")


def test_the_audit_log_tells_who_did_what_and_holds_no_secret(shared: Shared) -> None:
    with shared.client("ada") as ada, shared.client() as browser:
        sign_in(browser, "ann", "a wrong password!")
        made = ada.post("/api/people", json={"name": "gil", "role": "viewer"}).json()
        entries = ada.get("/api/people/audit").json()["entries"]
        assert [(e["who"], e["what"], e["target"], e["result"]) for e in entries[:2]] == [
            ("ada", "people.add", "gil", "viewer"),
            ("ann", "sign-in", "", "people.wrong"),
        ]
        assert all(e["address"] == "127.0.0.1" for e in entries if e["who"] != "console")
    database = shared.place.data / "atelier.db"
    with sqlite3.connect(database) as connection:
        held = "\n".join(connection.iterdump())
        for secret in (made["code"], "a wrong password!", *PASSWORDS.values()):
            assert secret not in held
        assert "$argon2id$v=19$m=19456,t=2,p=1$" in held
        for change in ("UPDATE audit SET who = 'bob'", "DELETE FROM audit"):
            with pytest.raises(sqlite3.IntegrityError, match="only written on"):
                connection.execute(change)


def test_an_admin_sees_load_by_person_and_no_prompt(shared: Shared) -> None:
    with shared.client("bob") as bob, shared.client("ada") as ada:
        jobs = [
            bob.post("/api/jobs", json=SMALL | {"prompt": "bob's secret", "steps": 150, "seed": n}).json()["id"]
            for n in range(3)
        ]
        said = ada.get("/api/people/load")
        load = said.json()
        assert next(one["waiting"] + one["running"] for one in load["by"] if one["name"] == "bob") >= 2
        assert load["disk"]["free"] > 0
        assert "secret" not in said.text
        for job in jobs:
            bob.post(f"/api/jobs/{job}/cancel")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"role": "king"}, "role"),
        ({"weight": 0}, "weight"),
        ({"weight": None}, "weight"),
        ({"jobs_waiting": 1.5}, "jobs_waiting"),
        ({"cost_per_day": -1}, "cost_per_day"),
        ({"disabled": "yes"}, "disabled"),
        ({"hash": "x"}, "hash"),
        ({"user_id": "x"}, "user_id"),
    ],
)
def test_a_wrong_change_names_its_field_and_changes_nothing(shared: Shared, body: dict[str, Any], field: str) -> None:
    with shared.client("ada") as ada:
        before = ada.get("/api/people").json()["people"]
        answer = ada.patch(f"/api/people/{before[0]['id']}", json=body)
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
        assert ada.get("/api/people").json()["people"] == before


def test_numbers_of_a_person_are_kept(shared: Shared) -> None:
    with shared.client("ada") as ada:
        bob = next(one for one in ada.get("/api/people").json()["people"] if one["name"] == "bob")
        wanted = {"weight": 2.5, "cost_per_day": 1e9, "jobs_waiting": 7}
        assert ada.patch(f"/api/people/{bob['id']}", json=wanted).json() | wanted == bob | wanted
        ada.patch(f"/api/people/{bob['id']}", json={"weight": 1, "cost_per_day": None, "jobs_waiting": None})
        assert ada.patch("/api/people/nobody", json=wanted).status_code == 404
