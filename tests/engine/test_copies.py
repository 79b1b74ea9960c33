"""Daily copies of the database."""

import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from unittest import mock

import pytest

from engine.copies import Copies, copies, folder_of, whole
from engine.queue.store import Store
from tests.engine.queue.jobs import job

DAY = 24 * 3600


def damage(file: Path) -> None:
    content = bytearray(file.read_bytes())
    for at in range(4096, len(content), 512):
        content[at : at + 8] = b"\xa5" * 8
    file.write_bytes(content)


@pytest.fixture
def store(tmp_path: Path):
    store = Store(tmp_path / "atelier.db")
    yield store
    store.close()


def days(start: float, count: int, make: Copies) -> list[Path | None]:
    made: list[Path | None] = []
    for day in range(count):
        with mock.patch("time.gmtime", return_value=time.gmtime(start + day * DAY)):
            made.append(make.make())
    return made


def test_a_copy_a_day_is_made_while_jobs_come_and_holds_them(store: Store, tmp_path: Path) -> None:
    one = job()
    store.put(one)
    made = Copies(tmp_path).make()
    assert made
    assert whole(made)
    with closing(sqlite3.connect(made)) as database:
        assert database.execute("SELECT id FROM jobs").fetchall() == [(one.id,)]
    store.put(job())
    assert Copies(tmp_path).make() is None, "today's is there"
    assert list(folder_of(tmp_path).iterdir()) == [made], "no part is left"


def test_the_oldest_go_when_there_are_enough(store: Store, tmp_path: Path) -> None:
    made = days(1.7e9, 5, Copies(tmp_path, kept=3))
    assert copies(tmp_path) == [made[4], made[3], made[2]]


def test_a_damaged_database_takes_no_copys_place(store: Store, tmp_path: Path) -> None:
    for _ in range(300):
        store.put(job("anna" + str(_)))
    made = days(1.7e9, 1, Copies(tmp_path, kept=1))
    store.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    damage(tmp_path / "atelier.db")
    assert not whole(tmp_path / "atelier.db")
    tomorrow = mock.patch("time.gmtime", return_value=time.gmtime(1.7e9 + DAY))
    with tomorrow, suppress(sqlite3.DatabaseError):  # when SQLite itself has met the damage
        assert Copies(tmp_path, kept=1).make() is None
    assert copies(tmp_path) == made


def test_they_come_by_themselves_and_stop_with_the_studio(store: Store, tmp_path: Path) -> None:
    watch = Copies(tmp_path, first=0.01, every=0.01)
    watch.start()
    end = time.monotonic() + 20
    while not copies(tmp_path):
        assert time.monotonic() < end
        time.sleep(0.01)
    watch.stop()
    assert not watch.thread.is_alive()
