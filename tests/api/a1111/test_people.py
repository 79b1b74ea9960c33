"""Several people at once: each sees, stops and leaves only what is theirs."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import numpy as np
import webuiapi

from api.a1111.waiting import POLL
from tests.api.a1111.conftest import LONG, TINY, WAIT, drawing, meanwhile, person, until
from tests.api.conftest import PASSWORDS, Place, Shared

SHORTER: dict[str, Any] = LONG | {"steps": 40}


def test_one_person_s_interrupt_leaves_another_s_job(private_place: Place) -> None:
    ann, bob = person(private_place, "b"), person(private_place, "c")
    with meanwhile(lambda: ann.txt2img(**LONG)) as anns, meanwhile(lambda: bob.txt2img(**SHORTER)) as bobs:
        drawing(ann)
        drawing(bob)
        assert person(private_place, "d").get_progress()["state"]["job_count"] == 0  # nothing of a third's
        ann.interrupt()
        assert anns().info["seed"] == 7
        made = bobs()
    alone = bob.txt2img(**SHORTER)
    apart = np.asarray(made.image, int) - np.asarray(alone.image, int)
    assert np.abs(apart).max() <= 2  # as near as pictures are that shared their steps


def test_a_client_that_leaves_gives_its_turn_back(private_place: Place) -> None:
    ann = person(private_place, "e")
    with asking(private_place, "e", LONG):
        drawing(ann)
    until(lambda: ann.get_progress()["state"]["job_count"] == 0, "the end of what nobody waits for")
    assert private_place.studio.store.active("e" * 32) == []


@contextmanager
def asking(place: Place, letter: str, body: dict[str, Any]) -> Iterator[None]:
    """Somebody who asks for pictures, and leaves at the end of the block without having read the answer."""
    content, host = json.dumps(body).encode(), httpx.URL(place.url)
    head = f"POST /sdapi/v1/txt2img HTTP/1.1\r\nHost: {host.host}\r\nCookie: atelier_visitor={letter * 32}\r\n"
    with socket.create_connection((host.host, host.port or 80)) as line:
        line.sendall(head.encode() + f"Content-Length: {len(content)}\r\n\r\n".encode() + content)
        yield


def test_a_named_task_is_drawn_to_its_end_and_can_be_watched(private_place: Place) -> None:
    name, cookies = "task(txt2img-ABC1234)", {"atelier_visitor": "f" * 32}
    api = person(private_place, "f")
    with httpx.Client(base_url=private_place.url, cookies=cookies, timeout=WAIT) as client:
        with asking(private_place, "f", LONG | {"force_task_id": name}):
            drawing(api)
            watched = client.post("/internal/progress", json={"id_task": name, "live_preview": False}).json()
            assert (watched["active"], watched["queued"], watched["completed"]) == (True, False, False)
            assert 0 < watched["progress"] < 1
            stranger = httpx.post(f"{private_place.url}/internal/progress", json={"id_task": name}).json()
            assert stranger["active"] is False
            assert client.get("/internal/pending-tasks").json() == {"size": 0, "tasks": []}
        time.sleep(3 * POLL)  # in which the studio looks whether somebody is still there
        assert api.get_progress()["state"]["job_count"] == 1  # it goes on
        api.interrupt()

        def completed() -> bool:
            return client.post("/internal/progress", json={"id_task": name}).json()["completed"]

        until(completed, "the end of the task")


def test_options_are_each_person_s_own(private_place: Place) -> None:
    one, other = person(private_place, "1"), person(private_place, "2")
    one.set_options({"samples_format": "webp"})
    assert one.get_options()["samples_format"] == "webp"
    assert other.get_options()["samples_format"] == "png"


def test_clients_without_cookies_are_one_person(http: httpx.Client, private_place: Place) -> None:
    """Node and C# plugins open a connection for each call and keep nothing; their progress is still theirs."""
    with meanwhile(lambda: httpx.post(f"{private_place.url}/sdapi/v1/txt2img", json=LONG, timeout=WAIT)) as result:

        def seen() -> bool:
            return httpx.get(f"{private_place.url}/sdapi/v1/progress").json()["state"]["sampling_step"] > 0

        until(seen, "progress")
        assert person(private_place, "9").get_progress()["state"]["job_count"] == 0
        httpx.post(f"{private_place.url}/sdapi/v1/interrupt")
        assert result().status_code == 200


def test_an_interrupt_before_the_first_step_still_answers(private_place: Place) -> None:
    """The queue is full of another's work: what has not begun is taken out, and the answer says what was asked."""
    ann, bob = person(private_place, "3"), person(private_place, "4")
    with meanwhile(lambda: bob.txt2img(batch_size=16, **LONG)) as bobs:
        drawing(bob)
        with meanwhile(lambda: ann.txt2img(batch_size=16, **LONG)) as anns:
            until(lambda: ann.get_progress()["state"]["job_count"], "the second task")
            ann.interrupt()
            made = anns()
            assert made.info["infotexts"]
        bob.interrupt()
        assert len(bobs().images) == 16


def test_with_accounts_a_name_and_a_password_say_who_it_is(shared: Shared) -> None:
    """As webuiapi sends them, which is HTTP Basic; a token works as well, and whoever has none is asked."""
    url = f"{shared.place.url}/sdapi/v1"
    ann, bob = (
        webuiapi.WebUIApi(baseurl=url, username=name, password=PASSWORDS[name], steps=2) for name in ("ann", "bob")
    )
    made: Any = ann.txt2img(prompt="a house", save_images=True, **TINY)
    assert made.image.size == (64, 64)
    users = shared.people.users
    mine, bobs = (users.named(name) for name in ("ann", "bob"))
    assert mine
    assert bobs
    assert [image.prompt for image in shared.place.studio.gallery.page(mine.id)[0]][:1] == ["a house"]
    ann.set_options({"samples_format": "jpg"})
    assert bob.get_options()["samples_format"] == "png"
    assert ann.controlnet_version() == 3
    for path in ("/sdapi/v1/samplers", "/sdapi/v1/loras", "/controlnet/version", "/internal/ping"):
        asked = httpx.get(f"{shared.place.url}{path}")
        assert (asked.status_code, asked.headers["www-authenticate"].split()[0]) == (401, "Basic")
        wrong = httpx.get(f"{shared.place.url}{path}", auth=("ann", "wrong"))
        assert (wrong.status_code, wrong.json()["detail"]) == (401, "Incorrect username or password")
        shared.people.attempts._wrong.clear()
    assert httpx.post(f"{url}/txt2img", json=TINY, auth=("vic", PASSWORDS["vic"])).status_code == 403  # looks only


def test_too_many_at_once_are_told_when_to_come_back(private_place: Place, monkeypatch: Any) -> None:
    monkeypatch.setattr(private_place.studio.line, "total", 0)
    said = httpx.post(f"{private_place.url}/sdapi/v1/txt2img", json=TINY)
    assert said.status_code == 429
    assert int(said.headers["retry-after"]) > 0
    assert said.json()["detail"]
