"""Whether the database can be read: asked by a connection and a thread that nothing else waits for."""

import sqlite3
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

PATIENCE = 1.0  # seconds; readers wait for nobody but a checkpoint


class Pulse:
    """A busy queue, a gallery that stores, or all threads of the server at work do not hold it up."""

    def __init__(self, path: Path):
        uri = f"{path.resolve().as_uri()}?mode=ro"
        self._connection = sqlite3.connect(uri, uri=True, timeout=PATIENCE, check_same_thread=False)
        self._thread = ThreadPoolExecutor(1, "pulse")

    def beat(self) -> Future[None]:
        """Done once the database has answered; raises sqlite3.Error where it cannot."""
        return self._thread.submit(self._read)

    def _read(self) -> None:
        self._connection.execute("SELECT one FROM queue_clock").fetchone()

    def close(self) -> None:
        self._thread.shutdown()
        self._connection.close()
