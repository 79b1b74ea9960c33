"""What the gallery does by itself beside its day: reads an older studio's rows, and empties the trash in time."""

import json
import logging
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.gallery import looks
from engine.gallery.rows import CHUNK, Facts, Rows, index_words
from engine.gallery.schema import give_kinds

HOUR = 3600.0
PAUSE = 0.01  # seconds between two batches, for those who want to write meanwhile
log = logging.getLogger(__name__)


class Upkeep:
    """expire: removes what has lain in the trash long enough."""

    def __init__(self, rows: Rows, data: Path, expire: Callable[[], object]):
        self.rows, self.data, self.expire = rows, data, expire
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, name="gallery", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.ended.set()
        if self.thread.is_alive():
            self.thread.join()

    def run(self) -> None:
        while not self.ended.is_set():
            try:
                self.expire()
                self.read_old()
            except sqlite3.OperationalError as error:  # a full or a busy disk; in an hour again
                log.warning("the gallery's upkeep waits: %s", error)
            self.ended.wait(HOUR)

    def read_old(self) -> None:
        """The newest first; then the indexes, which are quicker built than filled."""
        while read_batch(self.rows):
            if self.ended.wait(PAUSE):
                return
        self.rows.build_indexes()
        last = 0
        while last := looks.read_batch(self.rows, self.data, last):
            if self.ended.wait(PAUSE):
                return


def read_batch(rows: Rows) -> int:
    """Note model, sampler, steps and words of some pictures of an older studio; 0 when all have them."""
    with rows.reading() as connection:
        if not connection.execute("SELECT 1 FROM catalogue WHERE model IS NULL LIMIT 1").fetchone():
            return 0
    with rows.writing() as connection:
        old = connection.execute(
            "SELECT number, request, infotext, file FROM catalogue JOIN images USING (id) WHERE number IN"
            " (SELECT number FROM catalogue WHERE model IS NULL ORDER BY number DESC LIMIT ?)",
            (CHUNK,),
        ).fetchall()
        for row in old:
            facts = facts_in(json.loads(row["request"]))
            connection.execute(
                "UPDATE catalogue SET model = ?, sampler = ?, steps = ? WHERE number = ?",
                (facts.model, facts.sampler, facts.steps, row["number"]),
            )
            index_words(connection, row["number"], facts, row["infotext"], row["file"])
        give_kinds(connection, [row["number"] for row in old])
    return len(old)


def facts_in(request: dict[str, Any]) -> Facts:
    """Read without checking, which takes ten times as long for a hundred thousand rows."""
    words, sampling = request.get("words", {}), request.get("sampling", {})
    return Facts(
        prompt=words.get("prompt", ""),
        negative_prompt=words.get("negative_prompt", ""),
        seed=str(sampling.get("seed", "")),
        model=request.get("model", {}).get("checkpoint", ""),
        sampler=sampling.get("sampler", ""),
        steps=sampling.get("steps", 0),
    )
