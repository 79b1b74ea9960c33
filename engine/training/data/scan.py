"""The scan of the folders of a run: every file looked at, and everything said that would spoil the run, before it starts."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from engine.errors import Problem
from engine.request.training_parts import Captions, Concept, Data
from engine.training.data.buckets import Size
from engine.training.data.caption_files import Read, read_captions
from engine.training.data.check_captions import about_captions
from engine.training.data.check_files import about_files
from engine.training.data.check_pictures import about_pictures
from engine.training.data.check_sets import about_sets
from engine.training.data.findings import Finding, finding
from engine.training.data.folder import Found, Listing, allowed, listing
from engine.training.data.gathered import Around, Gathered, Seen
from engine.training.data.items import Item
from engine.training.data.look import Look, look
from engine.training.data.metadata import Metadata
from engine.training.data.sampler import steps_per_epoch, uses_of

CHECKS = (about_sets, about_files, about_pictures, about_captions)
SEVERITIES = ("error", "warning", "note")
Work = TypeVar("Work")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Progress:
    done: int
    of: int


@dataclass(frozen=True)
class Bucket:
    """uses: pictures an epoch, repeats counted. batches: of them, an epoch."""

    size: Size
    pictures: int
    uses: int
    batches: int


@dataclass(frozen=True)
class Totals:
    """found: all pictures, those that cannot be used too. steps: batches an epoch. captioned: pictures with a caption."""

    found: int
    train: int
    validation: int
    prior: int
    captioned: int
    steps: int


@dataclass(frozen=True)
class Report:
    """items: what can be used. buckets: of what is trained."""

    items: tuple[Item, ...]
    buckets: tuple[Bucket, ...]
    findings: tuple[Finding, ...]
    totals: Totals

    @property
    def ready(self) -> bool:
        return all(one.severity != "error" for one in self.findings)


def scan(data: Data, captions: Captions, around: Around) -> Iterator[Progress | Report]:
    """Progress, and the Report last. To stop it, close it or stop asking."""
    found, listings = opened(data.concepts, around.roots)
    work = [(one, concept) for concept, listed in listings for one in listed.pictures]
    yield Progress(0, len(work))
    files = [path for _, listed in listings for path in listed.metadata]
    metadata = Metadata.of(files, [one.path for one, _ in work])
    pictures: list[Seen] = []
    with ThreadPoolExecutor(around.workers, "scan") as pool:
        for seen in ahead(pool, lambda one: examined(*one, metadata, around), work, 4 * around.workers):
            pictures.append(seen)
            yield Progress(len(pictures), len(work))
    everything = Gathered(
        data,
        captions,
        around,
        tuple(listings),
        tuple(pictures),
        metadata.troubles,
        tuple(metadata.orphans),
        metadata.lonely,
    )
    found += [one for check in CHECKS for one in check(everything)]
    found.sort(key=lambda one: SEVERITIES.index(one.severity))
    yield report(everything, tuple(found))


def finished(scanning: Iterator[Progress | Report]) -> Report:
    """Run through it."""
    last = deque(scanning, 1).pop()
    assert isinstance(last, Report)
    return last


def opened(concepts: Sequence[Concept], roots: Sequence[Path]) -> tuple[list[Finding], list[tuple[Concept, Listing]]]:
    found: list[Finding] = []
    listings: list[tuple[Concept, Listing]] = []
    for concept in concepts:
        folder = placed(concept, roots)
        if isinstance(folder, Finding):
            found.append(folder)
        else:
            listings.append((concept, listing(folder, roots)))
    return found, listings


def placed(concept: Concept, roots: Sequence[Path]) -> Path | Finding:
    """Its folder, not looked into; or why there is none."""
    folder = allowed(concept.folder, roots)
    if folder is None:
        remedy = "Copy the pictures into the studio's folder for datasets, or allow this folder in the settings."
        what = f"The folder “{concept.folder}” lies outside of those that the studio may read"
        return finding("outside", "error", what, remedy, folder=concept.folder)
    if not folder.is_dir():
        what = f"There is no folder “{concept.folder}”"
        remedy = "Look for a slip in its name; upload the pictures if they are on another machine."
        return finding("missing", "error", what, remedy, folder=concept.folder)
    return folder


def ahead(
    pool: ThreadPoolExecutor, do: Callable[[Work], Result], work: Sequence[Work], window: int
) -> Iterator[Result]:
    """In order, so many at a time under way; what has not begun is dropped when nobody asks any more."""
    waiting: deque[Future[Result]] = deque()
    try:
        for one in work:
            waiting.append(pool.submit(do, one))
            if len(waiting) >= window:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def examined(one: Found, concept: Concept, metadata: Metadata, around: Around) -> Seen:
    source, read = captions_of(one)
    captions = read.captions if read else metadata.captions(one.path) or ((one.words,) if one.words else ())
    mask = remembered(one.mask, around) if one.mask else None
    control = remembered(one.control, around) if one.control else None
    return Seen(one, concept, remembered(one.path, around), captions, read, source, mask, control)


def captions_of(one: Found) -> tuple[Path | None, Read | None]:
    """The first file counts, also when it is empty; a .json that holds something else than captions is none."""
    for path in one.captions:
        read = read_captions(path)
        if read.captions or read.trouble or path.suffix.lower() != ".json":
            return path, read
    return None, None


def remembered(path: Path, around: Around) -> Look:
    try:
        state = path.stat()
    except OSError:
        return gone()
    stamp = (str(path), state.st_size, state.st_mtime_ns)
    if stamp not in around.seen:
        around.seen[stamp] = look(path, around.opens)
    return around.seen[stamp]


def gone() -> Look:
    return Look(trouble=Problem(code="picture.unreadable", message="The file is gone.", remedy=""))


def report(all: Gathered, found: tuple[Finding, ...]) -> Report:
    parts, batch = all.parts, all.around.batch
    sizes = [all.fit(item).bucket for item in parts.train]
    repeats = [item.concept.repeats for item in parts.train]
    buckets = tuple(
        Bucket(size, sizes.count(size), uses, -(-uses // batch))
        for size, uses in sorted(uses_of(sizes, repeats).items())
    )
    seen = (*parts.train, *parts.prior)
    totals = Totals(
        len(all.pictures),
        len(parts.train),
        len(parts.validation),
        len(parts.prior),
        sum(bool(item.captions) for item in all.items),
        steps_per_epoch([all.fit(item).bucket for item in seen], [item.concept.repeats for item in seen], batch),
    )
    return Report(all.items, buckets, found, totals)
