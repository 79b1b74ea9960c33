"""Put the last whole copy of the database back when the present one is damaged; pictures' files stay where they are."""

import argparse
import os
import shutil
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

from commands.options import add_installation, settings
from engine.copies import copies, whole
from engine.errors import AtelierError, BadRequest, NotFound
from engine.folder_lock import FolderLock


def main(arguments: list[str]) -> int:
    """0: the database is whole now; 2: it could not be mended, and everything is as it was."""
    parser = argparse.ArgumentParser(
        prog="launch.py recover",
        description="Put back the last whole copy of a damaged database. The studio must not be running.",
        allow_abbrev=False,
    )
    parser.add_argument("--copy", metavar="DAY", help="the day of the copy, as 2026-11-30, even if nothing is damaged")
    add_installation(parser)
    options = parser.parse_args(arguments)
    try:
        data = settings(options).data.resolve()
        lock = FolderLock(data)
        lock.hold()
        try:
            return recover(data, options.copy)
        finally:
            lock.release()
    except AtelierError as error:
        print(error, file=sys.stderr)
        return 2


def recover(data: Path, day: str | None) -> int:
    database = data / "atelier.db"
    if day is None and (not database.exists() or whole(database)):
        print("The database is whole. There is nothing to put back.")
        return 0
    copy = chosen(data, day)
    aside = data / "damaged" / time.strftime("%Y-%m-%d-%H%M%S")
    aside.mkdir(parents=True)
    for name in ("atelier.db", "atelier.db-wal", "atelier.db-shm"):
        if (data / name).exists():
            os.replace(data / name, aside / name)
    part = data / "atelier.db.part"
    shutil.copyfile(copy, part)
    with part.open("rb+") as written:
        os.fsync(written.fileno())
    os.replace(part, database)
    print(f"{copy.name} is the studio's database again. The one before lies in {aside.relative_to(data.parent)}.")
    tell_found(data, apart(data))
    return 0


def chosen(data: Path, day: str | None) -> Path:
    """The copy of that day, or the newest whole one. Raises AtelierError."""
    known = copies(data)
    if not known:
        raise NotFound(
            "copies.none", "There is no copy of the database.", "Move atelier.db away to start with an empty one."
        )
    if day is not None and not any(copy.stem == f"atelier-{day}" for copy in known):
        days = ", ".join(copy.stem.removeprefix("atelier-") for copy in known)
        raise BadRequest("copies.day", f"There is no copy of {day}.", f"There are: {days}.", field="copy")
    for copy in known:
        if day in (None, copy.stem.removeprefix("atelier-")) and whole(copy):
            return copy
    raise NotFound("copies.damaged", "No copy that could be put back is whole.", "Look for one in your own backups.")


def apart(data: Path) -> int:
    """Pictures that are younger than the copy are put into data/found, from where they can be taken in again."""
    with closing(sqlite3.connect(data / "atelier.db")) as database:
        known = {name for (name,) in database.execute("SELECT file FROM images")}
    outputs, found = data / "outputs", 0
    for file in sorted(outputs.rglob("*")):
        if file.is_file() and file.suffix != ".part" and file.relative_to(data).as_posix() not in known:
            to = data / "found" / file.relative_to(outputs)
            to.parent.mkdir(parents=True, exist_ok=True)
            os.replace(file, to)
            found += 1
    return found


def tell_found(data: Path, found: int) -> None:
    if found:
        print(
            f"{found} pictures are younger than it and lie in {data.name}/found. To have them in the gallery:\n"
            f"  python3 launch.py import {data.name}/found"
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
