"""A data folder of an older studio opens at once with all its pictures, and is read afterwards."""

import json
import sqlite3
from pathlib import Path

import pytest

from engine.gallery.rows import CHUNK
from engine.gallery.search import Filters
from engine.gallery.store import Change, Gallery
from engine.gallery.upkeep import read_batch
from tests.engine.gallery.pictures import file, row
from tests.engine.gallery.test_gallery import job, made

# As the first released gallery made it.
OLD = """
CREATE TABLE images (
    id TEXT PRIMARY KEY, job TEXT NOT NULL, idx INTEGER NOT NULL, owner TEXT NOT NULL, created REAL NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL, seed TEXT NOT NULL, seconds REAL NOT NULL,
    infotext TEXT NOT NULL, request TEXT NOT NULL, file TEXT NOT NULL, thumbnail TEXT NOT NULL,
    UNIQUE (job, idx));
CREATE INDEX images_newest ON images (created, id);
CREATE INDEX images_newest_of ON images (owner, created, id);
CREATE TABLE loose_files (path TEXT PRIMARY KEY);
"""
COUNT = CHUNK + 20


@pytest.fixture
def old(tmp_path: Path) -> Path:
    connection = sqlite3.connect(tmp_path / "atelier.db")
    connection.executescript(OLD)
    (tmp_path / "outputs").mkdir()
    for number in range(COUNT):
        new = row(f"old picture {number} 房子", created=1e9 + number, seed=2**64 - 1 - number, sampler="Heun")
        request = json.loads(new.request.model_dump_json())
        del request["tuning"], request["noise"]  # parts that it did not know
        (tmp_path / new.file).write_bytes(file())
        connection.execute(
            f"INSERT INTO images VALUES ({', '.join('?' * 13)})",
            (
                *(f"{number:032x}", f"job{number}", 0, "ann", new.created, 512, 512, new.facts.seed, 1.0),
                *(new.infotext, json.dumps(request), new.file, new.thumbnail),
            ),
        )
    connection.commit()
    connection.close()
    return tmp_path


def all_of(gallery: Gallery, sort: str = "newest") -> list[str]:
    seen, cursor = [], None
    while True:
        images, cursor = gallery.page("ann", cursor, 200, sort=sort)
        seen += [int(image.id, 16) for image in images]
        if not cursor:
            return seen


def test_all_old_pictures_are_there_before_they_are_read(old: Path) -> None:
    gallery = Gallery(old)
    assert all_of(gallery) == list(range(COUNT))[::-1]
    assert all_of(gallery, "seed") == list(range(COUNT))[::-1], "seeds beyond 2**63 in their order"
    image = gallery.page(None, limit=1)[0][0]
    assert (image.prompt, image.sampler, image.checkpoint, image.format) == (
        *(f"old picture {COUNT - 1} 房子", "Heun", "postcard", "png"),
    )
    assert (image.imported, image.stars, image.trace) == (False, 0, False)
    gallery.change([image.id], None, Change(stars=4))
    assert gallery.file(image.id, "ann").is_file()
    assert gallery.facets(None)["models"] == []
    gallery.close()


def test_they_are_read_in_batches_that_a_stop_may_part(old: Path) -> None:
    gallery = Gallery(old)
    assert read_batch(gallery.rows) == CHUNK
    gallery.close()
    gallery = Gallery(old)
    assert gallery.count(None, Filters(q="房子")) == CHUNK, "the newest first"
    gallery.start()
    gallery.close()
    gallery = Gallery(old)
    while read_batch(gallery.rows):
        pass
    assert gallery.count(None, Filters(q="房子")) == COUNT
    assert gallery.count(None, Filters(q="picture 7")) == len([n for n in range(COUNT) if str(n)[0] == "7"])
    assert gallery.facets(None)["samplers"] == [{"value": "Heun", "count": COUNT}]
    assert len(all_of(gallery)) == COUNT
    gallery.close()


def test_the_upkeep_reads_them_by_itself(old: Path) -> None:
    import time

    gallery = Gallery(old)
    gallery.start()
    until = time.monotonic() + 30
    while gallery.count(None, Filters(samplers=("Heun",))) < COUNT and time.monotonic() < until:
        time.sleep(0.05)
    assert gallery.count(None, Filters(samplers=("Heun",))) == COUNT
    of = job()
    assert gallery.keep(of, made(of)).id
    assert gallery.count(None) == COUNT + 1
    gallery.close()


def test_opening_twice_changes_nothing(old: Path) -> None:
    for _ in range(2):
        gallery = Gallery(old)
        assert gallery.count(None) == COUNT
        gallery.close()
