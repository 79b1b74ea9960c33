"""A shelf of the library: the LoRAs, the embeddings, the ControlNets, the image encoders, the upscalers, the restorers of faces, the annotators or the detectors in their folder, found by name, by word or by hash."""

import difflib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from engine.errors import AtelierError, BadRequest, ModelDamaged, Problem
from engine.library.addition import PICKLES, Addition, Kind, describe, notes_file, picture_of
from engine.library.card import card_file
from engine.library.hash import HashCache
from engine.library.header import Stamp, stamp_of
from engine.library.model import as_error

SUFFIXES = (".safetensors", *PICKLES)
ONNX = (".onnx",)
LABELS: dict[Kind, tuple[str, str]] = {
    "lora": ("LoRA", "loras"),
    "embedding": ("embedding", "embeddings"),
    "control": ("ControlNet", "controlnet"),
    "encoder": ("image encoder", "clip_vision"),
    "upscaler": ("upscaler", "upscalers"),
    "restorer": ("face restorer", "restorers"),
    "annotator": ("file of weights", "annotators"),
    "detector": ("detector", "detectors"),
}
QUICK_TO_HASH = 256 * 2**20  # bytes in all
MOMENT = 1.0  # seconds

Stamps = tuple[tuple[Path, Stamp], ...]


class Shelf:
    """Safe to share between threads. The first question scans; refresh() scans again, cheaply.

    hashes: of the file as pictures name it; others: further ones that other programs name it by.
    """

    def __init__(self, kind: Kind, folder: Path, hashes: HashCache, *others: HashCache):
        self.kind: Kind = kind
        self.folder = folder
        self.hashes = (hashes, *others)
        self._lock = threading.Lock()
        self._seen: dict[Path, tuple[Stamps, Addition]] = {}
        self._all: list[Addition] | None = None
        self._scanned = -MOMENT

    def refresh(self) -> None:
        """Looks at every file's inode, size and time; opens only what is new or changed."""
        with self._lock:
            seen = {}
            for path in files_below(self.folder, ONNX if self.kind == "detector" else SUFFIXES):
                stamps, before = stamps_of(path), self._seen.get(path)
                name = printable(path.relative_to(self.folder).as_posix().removesuffix(path.suffix))
                seen[path] = before if before and before[0] == stamps else (stamps, describe(path, name, self.kind))
            self._seen = seen
            found = sorted((addition for _, addition in seen.values()), key=order)
            self._scanned = time.monotonic()
            self._all = sorted(distinct(found) if self.kind == "embedding" else found, key=order)

    def all(self) -> list[Addition]:
        """Usable ones first, by name; then those with a problem, which says what to do."""
        if self._all is None:
            self.refresh()
        return list(self._all or ())

    def find(self, wanted: str) -> Addition:
        """By name, word or a name that it bears itself. Raises BadRequest with near names, or what is wrong with it."""
        found = self.named(wanted)
        if len(found) != 1 or stamps_of(found[0].path) != self._seen.get(found[0].path, ((), None))[0]:
            self.refresh()
            found = self.named(wanted)
        if len(found) > 1:
            raise self.several(wanted, found)
        if not found:
            raise self.unknown(wanted)
        if found[0].problem:
            raise as_error(found[0].problem)
        return found[0]

    def with_hash(self, digest: str, name: str = "") -> Addition | None:
        """Known hashes first; then the files of that name are read, and small ones as far as that is quick.

        digest: eight digits or more, in any of the ways that programs write it.
        """
        digest, budget = digest.lower(), QUICK_TO_HASH
        if len(digest) < 8:
            return None
        usable = [addition for addition in self.all() if not addition.problem]
        for hashes in self.hashes:
            for addition in usable:
                if same(hashes.known([addition.path]), digest):
                    return addition
        named = self.named(name) if name else []
        for addition in sorted(usable, key=lambda addition: (addition not in named, addition.size)):
            budget -= addition.size
            if budget >= 0 or addition in named:
                with suppress(ModelDamaged):  # gone since the last scan
                    if any(same(hashes.compute([addition.path]), digest) for hashes in self.hashes):
                        return addition
        return None

    def meant(self, digest: str, name: str = "") -> Addition | None:
        """As `with_hash`; before it says None, the folder is looked at once more."""
        found = self.with_hash(digest, name)
        if found is None:
            self.refresh()
            found = self.with_hash(digest, name)
        return found

    def hash_of(self, addition: Addition) -> str:
        return self.hashes[0].compute([addition.path])

    def words(self) -> dict[str, Addition]:
        """Every word that stands for a usable one, of a scan that is not older than a moment."""
        if time.monotonic() - self._scanned > MOMENT:
            self.refresh()
        found: dict[str, Addition] = {}
        for addition in self.all():
            if not addition.problem:
                for word in (addition.word, *addition.also):
                    found.setdefault(word, addition)
        return found

    def named(self, wanted: str) -> list[Addition]:
        """Those of the best kind of agreement: the whole name, the word, a name of its own; letters as they are first."""
        for spelt in (str, str.casefold):
            for called in (lambda a: (a.name,), lambda a: (a.word,), lambda a: a.also):
                found = [a for a in self.all() if spelt(wanted) in map(spelt, called(a))]
                if found:  # beside a usable file the pickle of the same name is nobody's wish
                    return [a for a in found if not a.problem] or found
        return []

    def several(self, wanted: str, found: list[Addition]) -> BadRequest:
        label, _ = LABELS[self.kind]
        names = ", ".join(addition.name for addition in found[:8])
        return BadRequest(
            f"{self.kind}.several",
            f"Several files are called '{shown(wanted)}': {names}.",
            f"Write the whole name of the {label}, with its folder.",
            name=shown(wanted),
            names=names,
        )

    def unknown(self, wanted: str) -> AtelierError:
        label, folder = LABELS[self.kind]
        words = {name.casefold(): name for a in self.all() if not a.problem for name in (*a.also, a.name, a.word)}
        close = [words[w] for w in difflib.get_close_matches(wanted.casefold()[:200], words, n=3, cutoff=0.5)]
        near = " or ".join(dict.fromkeys(close))
        where = {"control": "units", "upscaler": "request", "restorer": "request", "detector": "request"}.get(
            self.kind, "prompt"
        )
        return BadRequest(
            f"{self.kind}.near" if near else f"{self.kind}.unknown",
            f"There is no {label} '{shown(wanted)}'.",
            f"Did you mean {near}?" if near else f"Put its file into models/{folder}, or take it out of the {where}.",
            name=shown(wanted),
            near=near,
        )


def same(known: str | None, digest: str) -> bool:
    """People write 8, 10 or all 64 digits."""
    return bool(known) and (str(known).startswith(digest) or digest.startswith(str(known)))


def distinct(found: list[Addition]) -> list[Addition]:
    """A word stands for one file."""
    taken: dict[str, str] = {}
    made = []
    for addition in found:
        words = [word.casefold() for word in (addition.word, *addition.also)]
        if not addition.problem:
            if other := next((taken[word] for word in words if word in taken), None):
                problem = Problem(
                    code="embedding.taken",
                    message=f"{addition.path.name} answers to a word that {other} has already.",
                    remedy="Rename or remove one of them.",
                    values={"file": addition.path.name, "other": other},
                )
                addition = replace(addition, problem=problem)
            else:
                taken |= dict.fromkeys(words, addition.name)
        made.append(addition)
    return made


def files_below(
    folder: Path,
    suffixes: tuple[str, ...],
    whole: Callable[[Path], bool] = lambda _: False,
    above: frozenset[Path] = frozenset(),
) -> Iterator[Path]:
    """Files with these endings, and folders that count as a whole. Links are followed, but not in circles."""
    try:
        inside = sorted(folder.iterdir())
        above |= {folder.resolve()}
    except OSError:
        return
    for path in inside:
        if path.name.startswith("."):
            continue
        if path.is_dir():
            if whole(path):
                yield path
            elif path.resolve() not in above:
                yield from files_below(path, suffixes, whole, above)
        elif path.suffix.lower() in suffixes:
            yield path


def stamps_of(path: Path) -> Stamps:
    stamps = []
    for file in (path, card_file(path), notes_file(path), picture_of(path)):
        try:
            if file:
                stamps.append((file, stamp_of(file)))
        except OSError:
            continue
    return tuple(stamps)


def printable(name: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def shown(wanted: str) -> str:
    return wanted if len(wanted) <= 80 else wanted[:77] + "..."


def order(addition: Addition) -> tuple[bool, str, str]:
    return addition.problem is not None, addition.name.casefold(), addition.name
