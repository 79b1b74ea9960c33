"""The page served by Gradio's own `launch`, as ZeroGPU needs it, with the studio's application around it (docs/adr/0015).

Nothing but `launch` begins what the `spaces` package hangs on it. The guard stays outside everything all the same: what
comes from outside goes to our application first, and what is the page's comes back from there as to a mounted page.
"""

import os
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr
from fastapi import FastAPI
from gradio.context import LocalContext
from gradio.routes import App, ORJSONResponse
from starlette.types import Receive, Scope, Send

from engine.errors import InUse

AROUND = {
    "SYSTEM": None,  # says "spaces", and `launch` opens a second port there, where code is sent to while one works on it
    "GRADIO_ALLOWED_PATHS": None,
    "GRADIO_BLOCKED_PATHS": None,
    "GRADIO_DEBUG": None,  # would wait within `launch`
    "FORWARDED_ALLOW_IPS": "",  # uvicorn's belief in proxies; api/proxies.py has its own
}


class Launched(App):
    """Gradio's application as its server runs it, mounted on `ours`."""

    def __init__(self, ours: FastAPI):
        super().__init__(default_response_class=ORJSONResponse)  # as Gradio makes its own
        self.ours = ours
        ours.mount("/", self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope.get("app") is self.ours:
            await super().__call__(scope, receive, send)
        else:
            await self.ours(scope, receive, send)


@contextmanager
def launched(
    ours: FastAPI, blocks: gr.Blocks, host: str, port: int, close: Callable[[], None], farewell: int, **how: Any
) -> Iterator[threading.Thread]:
    """The server's thread; it stops with the block. close: called in the server's loop before it stops; farewell:
    seconds that requests under way get then; how: more for `launch`. Raises InUse."""
    blocks.has_launched = True  # from the first request on
    with environment(AROUND):
        try:
            blocks.launch(
                _app=Launched(ours),
                app_kwargs={"lifespan": lambda _: ours.router.lifespan_context(ours)},
                server_name=host,
                server_port=port,
                prevent_thread_lock=True,
                share=False,
                inbrowser=False,
                inline=False,
                quiet=True,
                num_workers=0,  # processes that serve files past the guard
                ssl_verify=False,  # its own first request, to itself
                **how,
            )
        except OSError as error:
            raise InUse("port.in_use", f"Port {port} is used by another program.", "Choose another port.") from error
    server = blocks.server
    assert server
    server.config.timeout_graceful_shutdown = farewell
    server.config.encoded_headers = []  # it need not say what it is
    try:
        yield server.thread
    finally:
        server.servers[0].get_loop().call_soon_threadsafe(close)
        blocks.close(verbose=False)


class FromThePage:
    """Makes a generator borrow its GPU as an event of the page does: once the server runs, and naming its page, by which
    a forked process knows the connections that it has to close."""

    def __init__(self, lend: Callable[..., Generator[Any, None, None]]):
        self.lend = lend
        self.blocks: gr.Blocks | None = None
        self.served = threading.Event()

    def begin(self, blocks: gr.Blocks) -> None:
        self.blocks = blocks
        self.served.set()

    def __call__(self, *args: Any) -> Generator[Any, None, None]:
        self.served.wait()
        LocalContext.blocks.set(self.blocks)
        yield from self.lend(*args)


@contextmanager
def environment(changes: dict[str, str | None]) -> Iterator[None]:
    """None takes a variable away. Afterwards all are as before."""
    before = {name: os.environ.get(name) for name in changes}
    put(changes)
    try:
        yield
    finally:
        put(before)


def put(values: dict[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
