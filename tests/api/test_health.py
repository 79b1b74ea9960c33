"""/healthz answers promptly whatever else is going on."""

import sqlite3
import threading
import time

from tests.api.conftest import Place


def test_it_answers_while_database_locks_and_threads_are_taken(place: Place) -> None:
    release, taken = threading.Event(), threading.Event()

    def hold() -> None:
        with place.studio.store.lock:  # as in a long transaction of ours, and of somebody else
            other = sqlite3.connect(place.data / "atelier.db")
            other.execute("BEGIN IMMEDIATE")
            taken.set()
            release.wait(30)
            other.rollback()
            other.close()

    holding = threading.Thread(target=hold)
    holding.start()
    taken.wait(10)
    waiting = [threading.Thread(target=lambda: ask(place)) for _ in range(60)]  # more than the server has threads
    for one in waiting:
        one.start()
    time.sleep(0.5)
    try:
        began = time.monotonic()
        with place.client() as client:
            assert client.get("/healthz").json() == {"status": "ok"}
        assert time.monotonic() - began < 2
    finally:
        release.set()
        holding.join()
        for one in waiting:
            one.join()


def ask(place: Place) -> None:
    with place.client() as client:
        client.get("/api/jobs")
