"""What the guard adds to a request: with a session, a token, a password and none; and with a body to look through."""

import asyncio
import base64
import tempfile
import time
from pathlib import Path
from typing import Any

from api.access import Access
from api.doors import SESSION_COOKIE
from api.guard import Guard
from api.rates import Rates
from api.streams import Streams
from benchmarks.table import Row, timed
from engine.people.people import People

PASSWORD = "a red house at night"
BODY = b'{"data": ["a cat", 20, {"path": "", "x": [1, 2, 3]}], "fn_index": 3}'


async def answer(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def measure(runs: int) -> list[Row]:
    return asyncio.run(rows(runs * 200))


async def rows(times: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as data:
        people = People(Path(data))
        people.users.add("ada", "admin", PASSWORD)
        ann = people.users.add("ann", "artist", PASSWORD)
        session, token = people.sessions.begin(ann, "127.0.0.1", ""), people.tokens.add(ann, "bot")[1]
        basic = base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
        ways = {
            "a session": {"cookie": f"{SESSION_COOKIE}={session}"},
            "a token": {"authorization": f"Bearer {token}"},
            "name and password, found right before": {"authorization": f"Basic {basic}"},
        }
        guard = Guard(answer, Access(private=True, people=people, events={3: "artist"}), Streams())
        found = []
        for name, headers in ways.items():
            looks = [await spent(guard, "GET", "/api/jobs", headers) for _ in range(times)]
            acts = [await spent(guard, "POST", "/gradio_api/run/predict", headers) for _ in range(times)]
            found += [
                timed(f"{name}, GET", looks, "ms", "<= 1 ms"),
                timed(f"{name}, an event", acts, "ms", "<= 1 ms"),
            ]
        open_one = Guard(answer, Access(), Streams())
        looks = [await spent(open_one, "GET", "/api/jobs", {}) for _ in range(times)]
        people.close()
        return [*found, timed("an open studio, GET", looks, "ms", "<= 1 ms")]


async def spent(guard: Guard, method: str, path: str, headers: dict[str, str]) -> float:
    """Milliseconds that the guard takes besides the application's."""
    guard.rates = Rates(time.monotonic)  # what is measured is not to be refused
    given = {"host": "127.0.0.1:7860", "content-length": str(len(BODY)) if method == "POST" else "0", **headers}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "client": ("127.0.0.1", 5),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": BODY if method == "POST" else b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    begun = time.perf_counter()
    await guard(scope, receive, send)
    whole = time.perf_counter() - begun
    begun = time.perf_counter()
    await answer(scope, receive, send)
    assert sent[0]["status"] == 200
    return (whole - (time.perf_counter() - begun)) * 1000
