"""Which files of a folder are pictures, and what belongs to each: any layout, flat, nested or with N_name folders."""

import os
import re
import stat
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif"})
UNREADABLE_KINDS = frozenset({".heic", ".heif", ".svg", ".psd", ".raw", ".cr2", ".nef", ".dng", ".jxl", ".jp2", ".ico"})
CAPTIONS = (".txt", ".caption", ".json")  # where several exist, the first counts
METADATA = frozenset({".json", ".jsonl"})
MASK_ENDINGS = (".mask", "-masklabel")
CONTROL = "control"
LEFT_OUT = "_left_out"
UNSEEN = frozenset({"__macosx", LEFT_OUT, "thumbs.db", "desktop.ini"})
MOST_FILES = 200_000
REPEATS = re.compile(r"(\d{1,4})_(.+)", re.DOTALL)
MOST_REPEATS = 1000


@dataclass(frozen=True)
class Found:
    """A picture and its files. words: the name of its N_name folder, the caption of those that have none."""

    path: Path
    captions: tuple[Path, ...] = ()
    mask: Path | None = None
    control: Path | None = None
    repeats: int = 1
    words: str = ""


@dataclass
class Listing:
    """Paths by what they are; orphans: captions, masks and controls without a picture."""

    pictures: list[Found] = field(default_factory=list)
    metadata: list[Path] = field(default_factory=list)
    orphans: list[Path] = field(default_factory=list)
    outside: list[Path] = field(default_factory=list)
    odd: list[Path] = field(default_factory=list)
    unsupported: list[Path] = field(default_factory=list)
    unreadable: list[Path] = field(default_factory=list)
    full: bool = False


def allowed(folder: str | Path, roots: Sequence[Path]) -> Path | None:
    """Where it really lies, if that is within a root; a relative one is looked for in each."""
    for root in roots:
        try:
            path = (root / folder).resolve()
        except (OSError, ValueError, RuntimeError):  # a name with NUL, a loop of links
            return None
        if within(path, roots) and (path.exists() or root is roots[-1]):
            return path
    return None


def within(path: Path, roots: Sequence[Path]) -> bool:
    """path: resolved."""
    return any(path.is_relative_to(root.resolve()) for root in roots)


def listing(folder: Path, roots: Sequence[Path]) -> Listing:
    """Links to folders are not followed; links to files are, within the roots."""
    found = Listing()
    files: list[Path] = []
    for where, folders, names in os.walk(folder, onerror=lambda error: found.unreadable.append(Path(error.filename))):
        folders[:] = sorted(name for name in folders if seen(name))
        found.outside += [Path(where, name) for name in folders if Path(where, name).is_symlink()]
        files += [Path(where, name) for name in sorted(names) if seen(name)]
        if len(files) > MOST_FILES:
            found.full = True
            break
    sort_out(folder, [file for file in files if acceptable(file, roots, found)], found)
    return found


def seen(name: str) -> bool:
    return not name.startswith(".") and name.casefold() not in UNSEEN and not name.endswith(".part")


def acceptable(file: Path, roots: Sequence[Path], found: Listing) -> bool:
    """No pipes or devices, which would never end, and nothing that a link fetches from elsewhere."""
    try:
        if file.is_symlink() and not within(file.resolve(), roots):
            found.outside.append(file)
        elif not stat.S_ISREG(file.stat().st_mode):
            found.odd.append(file)
        else:
            return True
    except (OSError, RuntimeError):  # a link to nothing or to itself
        found.odd.append(file)
    return False


def sort_out(folder: Path, files: Iterable[Path], found: Listing) -> None:
    pictures: list[Path] = []
    masks: dict[Path, Path] = {}
    controls: dict[tuple[Path, str], Path] = {}
    texts: dict[Path, list[Path]] = defaultdict(list)
    for file in files:
        kind = file.suffix.lower()
        if kind in PICTURES:
            owner = masked(file)
            if file.parent.name.lower() == CONTROL and file.parent != folder:
                controls[file.parent.parent, file.stem] = file
            elif owner:
                masks[owner] = file
            else:
                pictures.append(file)
        elif kind in CAPTIONS or kind in METADATA:
            texts[file.with_suffix("")].append(file)
        elif kind in UNREADABLE_KINDS:
            found.unsupported.append(file)
    stems = {path.with_suffix("") for path in pictures} | set(pictures)
    for picture in pictures:
        stem = picture.with_suffix("")
        own = sorted(texts.get(stem, []) + texts.get(picture, []), key=rank)
        repeats, words = repeats_of(picture, folder)
        control = controls.get((picture.parent, picture.stem))
        found.pictures.append(Found(picture, tuple(own), masks.get(stem), control, repeats, words))
    for stem, group in texts.items():
        if stem not in stems:
            found.metadata += [file for file in group if file.suffix.lower() in METADATA]
            found.orphans += [file for file in group if file.suffix.lower() not in METADATA]
    found.orphans += [mask for stem, mask in masks.items() if stem not in stems]
    used = {one.control for one in found.pictures}
    found.orphans += [control for control in controls.values() if control not in used]


def rank(file: Path) -> int:
    kind = file.suffix.lower()
    return CAPTIONS.index(kind) if kind in CAPTIONS else len(CAPTIONS)


def masked(file: Path) -> Path | None:
    """The stem of the picture that this is the mask of."""
    for ending in MASK_ENDINGS:
        if file.stem.lower().endswith(ending) and len(file.stem) > len(ending):
            return file.with_name(file.stem[: -len(ending)])
    return None


def repeats_of(picture: Path, folder: Path) -> tuple[int, str]:
    """By the nearest folder that is called so, up to the one that was given."""
    for place in (picture.parent, *picture.parent.parents):
        match = REPEATS.fullmatch(place.name)
        if match and 1 <= int(match[1]) <= MOST_REPEATS:
            return int(match[1]), match[2].replace("_", " ").strip()
        if place == folder:
            break
    return 1, ""


def by_stem(folder: Path) -> dict[Path, list[Path]]:
    """The files of a folder by the stem of the picture that they may belong to."""
    found: dict[Path, list[Path]] = defaultdict(list)
    try:
        files = [Path(entry.path) for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False)]
    except OSError:
        return {}
    for file in files:
        for stem in {file.with_suffix(""), masked(file)} - {None}:
            found[stem].append(file)
    return found


def companions(picture: Path, files: Mapping[Path, Sequence[Path]]) -> list[Path]:
    """Captions and masks that only this picture has: what has to go with it when it is moved. files: `by_stem`."""
    stem = picture.with_suffix("")
    beside = [file for file in (*files.get(stem, ()), *files.get(picture, ())) if file != picture]
    if any(other.with_suffix("") == stem and other.suffix.lower() in PICTURES for other in beside):
        return []
    return [other for other in beside if rank(other) < len(CAPTIONS) or masked(other) == stem]
