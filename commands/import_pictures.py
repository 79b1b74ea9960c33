"""Take a folder of old pictures into the gallery, in this process: the studio must not be running on that data folder.

Beside a running studio two processes would count and file pictures at once; its page takes pictures in as well.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from commands.options import add_installation, settings
from engine.errors import AtelierError, BadRequest, DiskFull, InUse
from engine.folder_lock import FolderLock
from engine.gallery.store import Gallery
from engine.people.people import People
from engine.people.users import unknown
from engine.picture.open import LARGEST_FILE, too_large

ENDINGS = (".png", ".jpg", ".jpeg", ".jfif", ".webp")
NOBODY = ""  # pictures that belong to no visitor: seen where the gallery is everybody's


@dataclass
class Report:
    """skipped: file and reason; other: files that are no pictures by their ending."""

    taken: int = 0
    known: int = 0
    other: int = 0
    skipped: list[tuple[Path, str]] = field(default_factory=list)

    @property
    def seen(self) -> int:
        return self.taken + self.known + len(self.skipped)


def main(arguments: list[str]) -> int:
    """0: all that could be taken in is in; 1: it stopped halfway (start it again: what is in stays); 2: it cannot be."""
    options = parse(arguments)
    report = Report()
    try:
        chosen = settings(options)
        folder, data = Path(options.folder).expanduser().resolve(), chosen.data.resolve()
        if not folder.is_dir():
            raise BadRequest("import.folder", f"There is no folder {options.folder}.", "Name one with pictures in it.")
        lock = FolderLock(data)
        hold(lock)
        try:
            with closing(Gallery(data, chosen.names)) as gallery:
                gallery.sweep()
                import_folder(gallery, folder, data, report, owner_of(data, options.person))
        finally:
            lock.release()
    except DiskFull as error:
        tell(report)
        print(error, file=sys.stderr)
        return 1
    except AtelierError as error:
        print(error, file=sys.stderr)
        return 2
    tell(report)
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="launch.py import", description="Take old pictures into the gallery.", allow_abbrev=False
    )
    parser.add_argument("folder", help="where they are; folders inside are looked through as well")
    parser.add_argument("--for", dest="person", metavar="NAME", help="the person whose gallery they come into")
    add_installation(parser)
    return parser.parse_args(arguments)


def owner_of(data: Path, name: str | None) -> str:
    """The account's id; nobody's without a name. Raises NotFound."""
    if name is None:
        return NOBODY
    people = People(data)
    try:
        user = people.users.named(name)
    finally:
        people.close()
    if user is None:
        raise unknown()
    return user.id


def hold(lock: FolderLock) -> None:
    try:
        lock.hold()
    except InUse:
        raise InUse(
            "import.running",
            "A studio is running on this data folder.",
            "Stop it and start this again, or import the folder in its gallery.",
        ) from None


def import_folder(gallery: Gallery, folder: Path, data: Path, report: Report, owner: str = NOBODY) -> None:
    """The originals stay where they are. Raises DiskFull; everything else is reported file by file.

    Among a person's own pictures one that they have already is left out, otherwise among all."""
    for path in pictures(folder, data, report):
        try:
            content = read(path)
            _, known = gallery.take_in(
                content,
                path.relative_to(folder.parent).as_posix(),
                owner,
                seen_by=owner or None,
                modified=path.stat().st_mtime,
            )
        except DiskFull:
            raise
        except AtelierError as error:
            report.skipped.append((path, error.problem.message))
        except OSError as error:
            report.skipped.append((path, f"It cannot be read: {error.strerror or error}."))
        else:
            report.known += known
            report.taken += not known
        progress(report)


def pictures(folder: Path, data: Path, report: Report) -> Iterator[Path]:
    """In a lasting order. Hidden folders, links to folders, and what the studio keeps beside its outputs are passed by."""
    own = {data / name for name in ("thumbnails", "inputs", "gradio", "cache")}
    for place, folders, names in os.walk(folder):
        here = Path(place)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and here / name not in own)
        for name in sorted(names):
            if name.startswith("."):
                continue
            if name.lower().endswith(ENDINGS):
                yield here / name
            else:
                report.other += 1


def read(path: Path) -> bytes:
    if not path.is_file():
        raise BadRequest("import.file", "This is no file.")
    if path.stat().st_size > LARGEST_FILE:
        raise too_large()
    return path.read_bytes()


def progress(report: Report) -> None:
    if sys.stderr.isatty():
        print(f"\r{report.seen} pictures ", end="", file=sys.stderr, flush=True)
    elif report.seen % 1000 == 0:
        print(f"{report.seen} pictures", file=sys.stderr, flush=True)


def tell(report: Report) -> None:
    if sys.stderr.isatty() and report.seen:
        print(file=sys.stderr)
    for path, reason in report.skipped:
        print(f"skipped {path}: {reason}")
    print(
        f"{report.taken} pictures taken in, {report.known} were here already, {len(report.skipped)} skipped"
        f", {report.other} other files left alone."
    )
