"""The queue's tables, and how the database of an older studio comes to have them."""

import sqlite3
from pathlib import Path

from engine.database import connect
from engine.errors import AtelierError

TABLES = """
CREATE TABLE IF NOT EXISTS jobs (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    state TEXT NOT NULL,
    worker TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    vstart REAL NOT NULL,
    vfinish REAL NOT NULL,
    checkpoint TEXT NOT NULL,
    rows INTEGER NOT NULL,
    pictures INTEGER NOT NULL,
    started REAL,
    finished REAL,
    ended INTEGER,  -- counts finished jobs: their order, whatever the clock does
    problem TEXT,
    payload TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS queue_clock (one INTEGER PRIMARY KEY CHECK (one = 1), now REAL NOT NULL);
INSERT OR IGNORE INTO queue_clock VALUES (1, 0);
CREATE TABLE IF NOT EXISTS spent (job TEXT PRIMARY KEY, owner TEXT NOT NULL, at REAL NOT NULL, cost REAL NOT NULL);
"""
LATER = {  # columns that came after the first release, and what they hold in rows of before
    "live": "INTEGER NOT NULL DEFAULT 0",
    "cost": "REAL NOT NULL DEFAULT 0",  # million pixel-steps
    "place": "INTEGER NOT NULL DEFAULT 0",  # who goes first of those with the same vstart
    "hook_due": "REAL",  # when the webhook is to be told next, once the job has ended; NULL: never, or not any more
    "hook_tries": "INTEGER NOT NULL DEFAULT 0",
    "hook_problem": "TEXT",
}
OF_BEFORE = {"cost": "(vfinish - vstart) / 1e6", "place": "seq"}
INDEXES = """
DROP INDEX IF EXISTS jobs_waiting;  -- by vstart and seq, of an older studio
DROP INDEX IF EXISTS jobs_active;  -- without the paused ones
CREATE INDEX IF NOT EXISTS jobs_in_line ON jobs (vstart, place) WHERE state = 'queued';
CREATE INDEX IF NOT EXISTS jobs_running ON jobs (seq) WHERE state = 'running';
CREATE INDEX IF NOT EXISTS jobs_open ON jobs (owner, seq) WHERE state IN ('queued', 'running', 'paused');
CREATE INDEX IF NOT EXISTS jobs_claims ON jobs (owner, vfinish);
CREATE INDEX IF NOT EXISTS jobs_ended ON jobs (ended) WHERE ended IS NOT NULL;
CREATE INDEX IF NOT EXISTS jobs_ended_of_owner ON jobs (owner, ended) WHERE ended IS NOT NULL;
CREATE INDEX IF NOT EXISTS jobs_of_owner ON jobs (owner, seq);
CREATE INDEX IF NOT EXISTS jobs_to_tell ON jobs (hook_due) WHERE hook_due IS NOT NULL AND ended IS NOT NULL;
CREATE INDEX IF NOT EXISTS spent_of_owner ON spent (owner, at);
"""


def opened(path: Path) -> sqlite3.Connection:
    """The database, checked. Nothing is written to a damaged one."""
    try:
        database = connect(path)
        found = database.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found == "ok":
            database.executescript(TABLES)
            known = {row["name"] for row in database.execute("PRAGMA table_info(jobs)")}
            for name in [name for name in LATER if name not in known]:
                database.execute(f"ALTER TABLE jobs ADD COLUMN {name} {LATER[name]}")
                if name in OF_BEFORE:
                    database.execute(f"UPDATE jobs SET {name} = {OF_BEFORE[name]}")
            database.executescript(INDEXES)
            return database
        database.close()
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise
    raise AtelierError(
        "database.damaged",
        f"The studio's database ({path.name}) is damaged and was left as it is.",
        "Run: python3 launch.py recover, which puts back the last daily copy; or move it away to start with an empty queue"
        " and gallery. The picture files in outputs are not touched.",
        file=path.name,
    )
