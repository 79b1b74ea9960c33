"""Everything of one person as one zip, or erased: what the studio does over HTTP, for whoever keeps the machine."""

import argparse
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from commands.options import add_installation, settings
from engine.belongings import Belongings
from engine.database import connect
from engine.errors import AtelierError, NotFound
from engine.folder_lock import FolderLock
from engine.gallery.store import Gallery


def main(arguments: list[str]) -> int:
    """0: done; 2: nothing was changed."""
    parser = argparse.ArgumentParser(
        prog="launch.py belongings",
        description="Take everything of one person home, or erase it. The studio must not be running.",
        allow_abbrev=False,
    )
    parser.add_argument("act", choices=("take", "erase"))
    parser.add_argument("person", help="the name of an account, or the id under which things are kept")
    parser.add_argument("--to", type=Path, metavar="FILE", help="where the zip goes (default: PERSON.zip)")
    add_installation(parser)
    options = parser.parse_args(arguments)
    try:
        data = settings(options).data.resolve()
        lock = FolderLock(data)
        lock.hold()
        try:
            with closing(Gallery(data)) as gallery:
                owner = id_of(data, options.person)
                belongings = Belongings(data, gallery)
                if options.act == "take":
                    take(belongings, owner, options.to or Path(f"{owner}.zip"))
                else:
                    print(
                        told := belongings.erase(owner), end="\n" if told.clean else ", but the database is not clean\n"
                    )
        finally:
            lock.release()
    except AtelierError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def take(belongings: Belongings, owner: str, file: Path) -> None:
    part = file.with_name(file.name + ".part")
    try:
        with part.open("wb") as target:
            for piece in belongings.carried(owner):
                target.write(piece)
            target.flush()
            os.fsync(target.fileno())
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)
    print(file)


def id_of(data: Path, person: str) -> str:
    """By the account's name, else the id itself, if anything is kept under it."""
    with closing(connect(data / "atelier.db")) as database:
        try:
            row = database.execute("SELECT id FROM users WHERE name = ? COLLATE NOCASE", (person,)).fetchone()
        except sqlite3.OperationalError:  # no account was ever made
            row = None
        if row:
            return row["id"]
        for table in ("images", "jobs", "forms", "history", "presets"):
            known = f"SELECT 1 FROM {table} WHERE owner = ? LIMIT 1"
            try:
                if database.execute(known, (person,)).fetchone():
                    return person
            except sqlite3.OperationalError:
                continue
    raise NotFound("person.unknown", "There is nobody of this name.", "See launch.py people list.")
