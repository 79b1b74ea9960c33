"""A webhook of a real job is delivered by HTTP, signed, tried again, and not forgotten by a restart."""

import base64
import hashlib
import hmac
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from engine.errors import BadRequest
from engine.job import JobState
from engine.library.scan import Library
from engine.request.webhook import Webhook, read_webhook
from engine.studio import PainterSettings, Studio
from engine.webhooks.address import Allowed, target
from engine.webhooks.post import post
from tests.engine.workers.quick import make

MODELS = Path(__file__).parents[3] / "models"
BOAT: dict[str, Any] = {"prompt": "a secret boat", "steps": 2, "width": 64, "height": 64}
Open = Callable[..., Studio]


class Receiver:
    """Answers one status after the other, the last one for ever; keeps what it was told."""

    def __init__(self, *statuses: int, where: str = ""):
        self.statuses, self.got = list(statuses), list[tuple[dict[str, str], bytes]]()
        receiver = self

        class Answers(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                status = receiver.statuses.pop(0) if len(receiver.statuses) > 1 else receiver.statuses[0]
                self.send_response(status)
                if where:
                    self.send_header("location", where)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?a=b"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Callable[..., Receiver]]:
    opened: list[Receiver] = []

    def receiver(*statuses: int, **how: Any) -> Receiver:
        opened.append(Receiver(*statuses, **how))
        return opened[-1]

    yield receiver
    for one in opened:
        one.close()


@pytest.fixture
def open_studio(tmp_path: Path) -> Iterator[Open]:
    opened: list[Studio] = []

    def open_studio(hosts: tuple[str, ...] = ("127.0.0.1",), pauses: tuple[float, ...] = (0.1, 0.1)) -> Studio:
        kinds: dict[str, Any] = {"workers": "inprocess", "disk_reserve": 0, "make_painter": make}
        library = Library(MODELS, tmp_path / "cache")
        studio = Studio(tmp_path / "data", library, PainterSettings(device="cpu"), webhook_hosts=hosts, **kinds)
        studio.deliveries.pauses = pauses
        opened.append(studio)
        studio.start()
        return studio

    yield open_studio
    for studio in opened:
        if studio.lock.file:
            studio.stop()


def until(check: Callable[[], Any], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


def test_the_end_of_a_job_is_told_signed_and_without_its_prompt(open_studio: Open, receiver: Callable[..., Receiver]):
    studio, there = open_studio(), receiver(200)
    job = studio.submit({**BOAT, "count": 2}, "anna", webhook=Webhook(url=there.url))
    until(lambda: there.got)
    (headers, body), told = there.got[0], json.loads(there.got[0][1])
    assert told["type"] == "job.done"
    assert (told["data"]["id"], told["data"]["state"], len(told["data"]["images"])) == (job.id, "done", 2)
    assert studio.gallery.get(told["data"]["images"][0], "anna").job == job.id
    assert b"secret" not in body
    key = base64.b64decode(studio.sealer.secret("anna").removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 30
    assert studio.sealer.secret("ben") != studio.sealer.secret("anna")
    until(lambda: not studio.store.hook(job.id).waits)
    time.sleep(0.3)
    assert len(there.got) == 1


def test_the_prompt_is_told_where_it_was_asked_for_and_a_failure_with_its_reason(
    open_studio: Open, receiver: Callable[..., Receiver]
):
    studio, there = open_studio(), receiver(200)
    studio.submit({**BOAT, "prompt": "fail"}, "anna", webhook=Webhook(url=there.url, prompt=True))
    until(lambda: there.got)
    told = json.loads(there.got[0][1])
    assert (told["type"], told["data"]["prompt"], told["data"]["problem"]["code"]) == (
        "job.failed",
        "fail",
        "prompt.bad",
    )


def test_what_was_not_taken_is_told_again_and_at_last_given_up(open_studio: Open, receiver: Callable[..., Receiver]):
    studio, well, ill = open_studio(), receiver(500, 503, 204), receiver(500)
    good = studio.submit(BOAT, "anna", webhook=Webhook(url=well.url))
    bad = studio.submit(BOAT, "ben", webhook=Webhook(url=ill.url))
    until(lambda: not studio.store.hook(good.id).waits and not studio.store.hook(bad.id).waits)
    assert (len(well.got), len(ill.got)) == (3, 3)
    assert len({headers["webhook-id"] for headers, _ in well.got}) == 1
    assert studio.store.hook(good.id).problem is None
    assert str(studio.store.hook(bad.id).problem).startswith("The webhook answered 500.")


def test_what_was_not_told_before_a_restart_is_told_after_it(open_studio: Open, receiver: Callable[..., Receiver]):
    first, there = open_studio(pauses=(2, 2)), receiver(500, 200)
    job = first.submit(BOAT, "anna", webhook=Webhook(url=there.url))
    until(lambda: first.store.hook(job.id).tries)
    secret = first.sealer.secret("anna")
    first.stop()
    second = open_studio()
    until(lambda: not second.store.hook(job.id).waits)
    assert len(there.got) == 2
    assert second.sealer.secret("anna") == secret


def test_redirects_are_not_followed(open_studio: Open, receiver: Callable[..., Receiver]):
    inside = receiver(200)
    studio, there = open_studio(), receiver(302, where=inside.url)
    job = studio.submit(BOAT, "anna", webhook=Webhook(url=there.url))
    until(lambda: not studio.store.hook(job.id).waits)
    assert inside.got == []


def test_a_private_address_is_refused_with_the_field_and_nothing_is_queued(open_studio: Open):
    studio = open_studio(hosts=())
    with pytest.raises(BadRequest) as refused:
        studio.submit(BOAT, "anna", webhook=Webhook(url="http://127.0.0.1:7860/"))
    assert refused.value.problem.code == "webhook.private"
    assert studio.snapshot("anna")["jobs"] == []


def test_a_name_that_has_become_private_since_is_given_up_at_once(open_studio: Open, receiver: Callable[..., Receiver]):
    studio, there = open_studio(), receiver(200)
    studio.deliveries.allowed = Allowed()
    job = studio.submit(BOAT, "anna", webhook=Webhook(url=there.url))
    until(lambda: studio.job(job.id, "anna").state is JobState.DONE and not studio.store.hook(job.id).waits)
    assert (there.got, studio.store.hook(job.id).tries) == ([], 1)
    assert str(studio.store.hook(job.id).problem).startswith("This address is not on the public internet.")


@pytest.mark.parametrize("says", [b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\nx: y\r\n"])
def test_a_receiver_that_never_ends_its_answer_is_left_in_time(says: bytes):
    listening = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        line, _ = listening.accept()
        try:
            while True:
                line.sendall(says or b"H")
                time.sleep(0.05)
        except OSError:
            pass

    threading.Thread(target=drip, daemon=True).start()
    where, began = target(f"http://127.0.0.1:{listening.getsockname()[1]}/"), time.monotonic()
    with suppress(OSError, http.client.HTTPException):
        post(where, b"{}", {}, Allowed(["127.0.0.1"]), seconds=0.5)
    assert time.monotonic() - began < 3
    listening.close()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (5, "webhook.url"),
        ({}, "webhook.url"),
        ({"url": "http://a", "secret": "x"}, "webhook.secret"),
        (["a"], "webhook.url"),
        ("http://a/" + "b" * 2000, "webhook.url"),
    ],
)
def test_a_webhook_that_is_none_is_refused_with_its_field(wrong: Any, field: str):
    with pytest.raises(BadRequest) as refused:
        read_webhook(wrong)
    assert refused.value.problem.field == field
