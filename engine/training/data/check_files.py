"""Findings about folders and files as such."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from engine.training.data.findings import Finding, finding
from engine.training.data.gathered import Gathered


def about_files(all: Gathered) -> Iterator[Finding]:
    yield from left_aside(all)
    yield from orphans(all)
    yield from repeats(all)
    yield from case(all)


def left_aside(all: Gathered) -> Iterator[Finding]:
    listings = [listing for _, listing in all.listings]
    if any(listing.full for listing in listings):
        yield finding("full", "error", "A folder has more than 200,000 files", "Divide it into several folders.")
    if links := [path for listing in listings for path in listing.outside]:
        yield finding(
            "link", "warning", "Links that are not followed", "Copy what they lead to into the folder.", links
        )
    if odd := [path for listing in listings for path in listing.odd]:
        yield finding("odd", "warning", "Neither files nor folders", "Delete them, or mend the links.", odd)
    if closed := [path for listing in listings for path in listing.unreadable]:
        yield finding("closed", "warning", "Folders that may not be read", "Allow the studio to read them.", closed)
    if other := [path for listing in listings for path in listing.unsupported]:
        yield finding(
            "format", "warning", "Pictures of a kind that is not opened", "Save them as PNG, JPEG or WebP.", other
        )


def orphans(all: Gathered) -> Iterator[Finding]:
    paths = [*(path for _, listing in all.listings for path in listing.orphans), *all.orphans]
    if paths:
        near = {str(seen.path.with_suffix("")).casefold(): seen.path for seen in all.pictures}
        details = {path: hint(path, near) for path in paths}
        remedy = "Name each like its picture, or leave them out."
        yield finding(
            "orphan", "warning", "Captions, masks or controls without a picture", remedy, details, "leave out"
        )
    if all.lonely:
        details = {path: f"{count} of its names" for path, count in all.lonely.items()}
        remedy = "Nothing needs to be done if those pictures were removed on purpose."
        yield finding("lonely", "note", "Names that no picture has, in", remedy, details)


def hint(path: Path, near: dict[str, Path]) -> str:
    like = near.get(str(path.with_suffix("")).casefold())
    return f"{path.name}: differs from {like.name} in capital letters" if like else path.name


def repeats(all: Gathered) -> Iterator[Finding]:
    folders = {seen.path.parent: seen.found.repeats for seen in all.pictures if seen.found.repeats > 1}
    if folders:
        details = {path: f"{path.name}: each picture comes {times} times" for path, times in folders.items()}
        remedy = "If the number means something else, rename the folder so that it does not begin with it."
        yield finding("repeats", "note", "Repeats by the name of the folder", remedy, details)


def case(all: Gathered) -> Iterator[Finding]:
    groups: dict[str, set[Path]] = defaultdict(set)
    for seen in all.pictures:
        for path in (seen.path, *seen.found.captions):
            groups[str(path).casefold()].add(path)
    clashes = [path for group in groups.values() if len(group) > 1 for path in sorted(group)]
    if clashes:
        remedy = "Rename one: on Windows and macOS they would be the same file."
        yield finding("case", "warning", "Names that differ in capital letters only", remedy, clashes)
