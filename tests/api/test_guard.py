"""The guard lets in what belongs here, and nothing else."""

import asyncio
import statistics
import time
from pathlib import Path
from typing import Any

import pytest

from api import bodies
from api.access import Access
from api.guard import MOST_AT_ONCE, Guard
from api.rates import PERSON
from api.streams import MOST, Streams
from engine.people.people import People

ACCESS = Access(hosts=frozenset({"127.0.0.1", "localhost", "::1", "studio.lan"}), uploads=Path("/nowhere/uploads"))


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Reads the body and tells its length and the headers that arrived."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    names = b",".join(name for name, _ in scope["headers"])
    given = [(b"content-type", b"text/plain"), (b"access-control-allow-origin", b"http://evil.example")]
    await send({"type": "http.response.start", "status": 200, "headers": given})
    await send({"type": "http.response.body", "body": b"%d %s" % (size, names)})


async def broken(scope: Any, receive: Any, send: Any) -> None:
    raise RuntimeError("/home/ann/secret is broken")


Answer = tuple[int, dict[str, str], str]


async def ask(
    guard: Guard, method: str = "GET", path: str = "/", body: tuple[bytes, ...] = (), **headers: str | None
) -> Answer:
    """body: in pieces; more than one stands for a body without an announced length."""
    given: dict[str, str | None] = {"host": "127.0.0.1:7860"}
    if len(body) == 1:
        given["content-length"] = str(len(body[0]))
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "client": ("127.0.0.1", 5),
        "headers": [(n.encode(), v.encode()) for n, v in given.items() if v is not None],
    }
    pieces = list(body) or [b""]
    messages = [
        {"type": "http.request", "body": piece, "more_body": i + 1 < len(pieces)} for i, piece in enumerate(pieces)
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await guard(scope, receive, send)
    if not sent:
        return 0, {}, ""
    head = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], head, b"".join(message.get("body", b"") for message in sent[1:]).decode()


def status(**request: Any) -> int:
    return asyncio.run(ask(Guard(echo, ACCESS, Streams()), **request))[0]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:7860", 200),
        ("LOCALHOST:9", 200),
        ("[::1]:7860", 200),
        ("studio.lan", 200),
        ("evil.example", 421),
        ("evil.example:7860", 421),
        ("127.0.0.1.evil.example", 421),
        ("evil.example@localhost.evil", 421),
        ("[::1", 421),
        ("", 421),
        (None, 421),
    ],
)
def test_only_our_own_names_are_answered_to(host: str | None, expected: int) -> None:
    assert status(host=host) == expected
    assert status(host=host, method="POST") == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 200),
        ({"origin": "http://127.0.0.1:7860"}, 200),
        ({"origin": "http://127.0.0.1:7860", "sec_fetch_site": "same-origin"}, 200),
        ({"sec_fetch_site": "none"}, 200),
        ({"origin": "null"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "http://127.0.0.1:3000"}, 403),
        ({"origin": "http://127.0.0.1:7860.evil.example"}, 403),
        ({"origin": "file://"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"origin": "http://127.0.0.1:7860", "sec_fetch_site": "cross-site"}, 403),
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "PATCH"])
def test_another_page_cannot_change_anything(method: str, headers: dict[str, str], expected: int) -> None:
    assert status(method=method, **headers) == expected


def test_links_from_elsewhere_may_be_followed() -> None:
    assert status(sec_fetch_site="cross-site", origin="http://evil.example") == 200


MIB = 2**20


@pytest.mark.parametrize("path", ["/gradio_api/upload", "/api/read-settings", "/api/images/import"])
def test_uploads_end_at_64_mib_announced_or_not(path: str) -> None:
    piece = bytes(16 * MIB)
    assert status(method="POST", path=path, body=(piece,) * 4) == 200
    assert status(method="POST", path=path, body=(*[piece] * 4, b"x")) == 413
    assert status(method="POST", path=path, content_length=str(64 * MIB + 1)) == 413


def test_what_is_too_large_is_read_on_only_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "READ_ON", 3 * MIB)

    async def run() -> int:
        pieces = [bytes(MIB)] * 80
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": pieces.pop(), "more_body": bool(pieces)}

        async def send(message: Any) -> None:
            sent.append((message, len(pieces)))

        head = [(b"host", b"127.0.0.1"), (b"content-length", b"83886080")]
        scope = {"type": "http", "method": "POST", "path": "/api/images/import", "headers": head}
        await Guard(echo, ACCESS, Streams())(scope, receive, send)
        (start, _), (body, before), (end, _) = sent
        assert (start["status"], before) == (413, 80), "the answer comes first"
        assert b"body.large" in body["body"]
        assert not end.get("more_body")
        return len(pieces)

    assert asyncio.run(run()) == 77


def test_everything_else_ends_at_4_mib_announced_or_not() -> None:
    text = b'"' + b"x" * (4 * MIB - 2) + b'"'
    assert status(method="POST", path="/api/jobs", body=(text,)) == 200
    assert status(method="POST", path="/api/jobs", body=(text, b" ")) == 413
    assert status(method="POST", path="/api/jobs", body=(text + b" ",)) == 413
    assert status(method="POST", path="/api/jobs", content_length="-1") == 413
    assert status(method="POST", path="/gradio_api/uploads", body=(text, b" ")) == 413


def test_what_is_no_json_or_too_deep_is_refused() -> None:
    for body in (b"{", b"\xff\xfe\xfd", b"[" * 100_000, b"--boundary\r\ncontent-disposition: form-data"):
        assert status(method="POST", path="/gradio_api/component_server", body=(body,)) == 400


def test_every_answer_carries_the_headers_and_no_permission_for_other_origins() -> None:
    requests: list[Any] = [{}, {"host": "evil.example"}, {"method": "POST", "origin": "null"}]
    for request in requests:
        _, headers, _ = asyncio.run(ask(Guard(echo, ACCESS, Streams()), **request))
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert "frame-ancestors 'self'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "same-origin"
        assert len(headers["x-request-id"]) == 16
        assert "access-control-allow-origin" not in headers


def test_what_a_proxy_would_say_is_not_believed() -> None:
    headers: Any = {
        "x_forwarded_host": "evil.example",
        "x_forwarded_proto": "https",
        "forwarded": "for=1",
        "x_real_ip": "1",
    }
    _, _, arrived = asyncio.run(ask(Guard(echo, ACCESS, Streams()), x_gradio_server="http://evil.example", **headers))
    assert arrived == "0 host"


def test_an_error_goes_out_without_its_words() -> None:
    code, _, body = asyncio.run(ask(Guard(broken, ACCESS, Streams())))
    assert code == 500
    assert "internal" in body
    assert "secret" not in body
    assert "Traceback" not in body


def test_a_visitor_has_only_so_many_streams_and_gets_them_back() -> None:
    async def run() -> None:
        release = asyncio.Event()

        async def stream(scope: Any, receive: Any, send: Any) -> None:
            await release.wait()
            await echo(scope, receive, send)

        guard = Guard(stream, ACCESS, Streams())
        mine: Any = {"path": "/api/state", "cookie": "atelier_visitor=" + "a" * 32}
        open_ones = [asyncio.create_task(ask(guard, **mine)) for _ in range(MOST)]
        await asyncio.sleep(0)
        code, headers, _ = await ask(guard, **mine)
        assert (code, headers["retry-after"]) == (429, "5")
        other = asyncio.create_task(ask(guard, path="/api/state", cookie="atelier_visitor=" + "b" * 32))
        open_ones.append(other)
        release.set()
        assert {answer[0] for answer in await asyncio.gather(*open_ones)} == {200}
        assert (await ask(guard, **mine))[0] == 200
        assert not guard.streams.open

    asyncio.run(run())


def test_open_streams_end_in_order_when_the_server_stops() -> None:
    async def run() -> None:
        async def stream(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await asyncio.sleep(100)

        streams = Streams()
        open_one = asyncio.create_task(ask(Guard(stream, ACCESS, streams), path="/api/state"))
        await asyncio.sleep(0)
        streams.close()
        assert (await open_one)[0] == 200

    asyncio.run(run())


def test_websockets_are_closed() -> None:
    sent: list[Any] = []

    async def run() -> None:
        async def receive() -> Any:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await Guard(echo, ACCESS, Streams())({"type": "websocket", "path": "/"}, receive, send)

    asyncio.run(run())
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_the_guard_costs_less_than_a_millisecond() -> None:
    async def run() -> float:
        guard, times = Guard(echo, ACCESS, Streams()), []
        body = (b'{"data": ["a cat", 20, {"path": "", "x": [1, 2, 3]}], "fn_index": 3}',)
        for _ in range(300):
            start = time.perf_counter()
            await ask(guard, method="POST", path="/gradio_api/queue/join", body=body)
            times.append(time.perf_counter() - start)
        return statistics.median(times)

    assert asyncio.run(run()) < 0.001


def test_before_there_is_an_admin_only_the_set_up_answers(tmp_path: Path) -> None:
    people = People(tmp_path)
    guard = Guard(echo, Access(private=True, people=people), Streams())
    asked: dict[str, Any] = {
        "/": (303, "GET"),
        "/sign-in": (303, "GET"),
        "/set-up": (200, "GET"),
        "/healthz": (200, "GET"),
        "/api/people/first": (200, "POST"),
        "/api/people/sign-in": (403, "POST"),
        "/api/jobs": (403, "GET"),
        "/config": (403, "GET"),
    }
    for path, (expected, method) in asked.items():
        assert asyncio.run(ask(guard, method=method, path=path))[0] == expected, path
    people.users.first("ada", "I run this place")
    assert asyncio.run(ask(guard, path="/"))[1]["location"] == "/sign-in"
    assert asyncio.run(ask(guard, path="/api/jobs"))[0] == 401
    people.close()


def test_a_flood_is_told_when_to_come_back_and_others_are_served(tmp_path: Path) -> None:
    now = [0.0]
    guard = Guard(echo, Access(private=True), Streams(), clock=lambda: now[0])

    def came(who: str) -> Answer:
        return asyncio.run(ask(guard, path="/api/jobs", cookie=f"atelier_visitor={who * 32}"))

    codes = [came("a")[0] for _ in range(PERSON.burst + 20)]
    assert codes.count(200) == PERSON.burst
    assert came("b")[0] == 200
    code, headers, _ = came("a")
    assert code == 429
    now[0] += int(headers["retry-after"])
    assert came("a")[0] == 200, "the wait that was told is enough"


@pytest.mark.parametrize("headers", [{f"x-{n}": "x" for n in range(101)}, {"x": "x" * 33_000}])
def test_headers_end_somewhere(headers: dict[str, str]) -> None:
    assert status(**headers) == 431


def test_in_an_open_studio_a_junk_authorization_is_ignored() -> None:
    for junk in ("Basic ", "Basic Og==", "Bearer x", "nonsense"):
        assert status(path="/sdapi/v1/samplers", authorization=junk) == 200


def test_an_event_that_nobody_listed_is_an_admins() -> None:
    guard = Guard(echo, Access(private=True, events={3: "artist", 4: "admin"}), Streams())

    def called(path: str, body: bytes) -> int:
        return asyncio.run(ask(guard, method="POST", path=path, body=(body,)))[0]

    for path in ("/gradio_api/run/predict", "/gradio_api/queue/join"):
        assert called(path, b'{"fn_index": 3}') == 200
        for body in (
            b'{"fn_index": 4}',
            b'{"fn_index": 5}',
            b'{"fn_index": "3"}',
            b"{}",
            b"[3]",
            b'{"fn_index": 3, "fn_index": 4}',
        ):
            assert called(path, body) == 403, body


def test_a_crowd_is_told_to_come_back_and_the_server_is_still_known_to_live() -> None:
    """Requests beyond what may be under way at once: 429 with Retry-After, never silence or a bare 503."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def asked(path: str) -> list[dict[str, Any]]:
        guard = Guard(application, Access(), Streams())
        guard.under_way = MOST_AT_ONCE
        told: list[dict[str, Any]] = []

        async def send(message: Any) -> None:
            told.append(message)

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        host = [(b"host", b"127.0.0.1")]
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": b"",
            "headers": host,
            "client": ("127.0.0.1", 1),
        }
        await guard(scope, receive, send)
        assert guard.under_way == MOST_AT_ONCE
        return told

    refused = asyncio.run(asked("/api/now"))[0]
    assert refused["status"] == 429
    assert int(dict(refused["headers"])[b"retry-after"]) > 0
    assert asyncio.run(asked("/healthz"))[0]["status"] == 200
