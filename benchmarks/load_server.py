"""A studio to be overrun: real server, queue, gallery and worker process; the painter paints plain rectangles at once.

Argument: the data folder. It prints its port. What is measured with it is all but the drawing.
"""

import socket
import sys
import tempfile
from pathlib import Path

import uvicorn

from api.access import LOOPBACK, Access
from api.server import make_app
from engine.library.scan import Library
from engine.settings import HOUSE, prepare_environment
from engine.studio import PainterSettings, Studio
from tests.engine.workers.quick import make


def main(data: Path) -> None:
    prepare_environment()
    library = Library(HOUSE / "models", data / "cache")
    studio = Studio(data, library, PainterSettings(device="cpu"), disk_reserve=0, make_painter=make)
    studio.start()
    app = make_app(studio, Access(hosts=LOOPBACK))
    listening = socket.create_server(("127.0.0.1", 0), backlog=100)
    print(listening.getsockname()[1], flush=True)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=3,
        timeout_keep_alive=75,
    )
    try:
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        studio.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp()))
