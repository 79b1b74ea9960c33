"""Findings about the pictures themselves."""

from collections.abc import Iterator
from math import sqrt
from pathlib import Path

from engine.training.data.buckets import enlargement
from engine.training.data.findings import Finding, finding
from engine.training.data.gathered import Gathered, Seen
from engine.training.data.look import Look, alike

NEAR = 4  # bits of 64
MUCH = 0.25  # of a picture cut away


def about_pictures(all: Gathered) -> Iterator[Finding]:
    yield from damaged(all)
    yield from peculiar(all)
    yield from sizes(all)
    yield from duplicates(all)
    yield from near_duplicates(all)
    yield from beside(all)


def damaged(all: Gathered) -> Iterator[Finding]:
    bad = {seen.path: f"{seen.path.name}: {seen.look.trouble.message}" for seen in all.pictures if seen.look.trouble}
    if bad:
        remedy = "They are not used. Save or download them again, or leave them out."
        yield finding("damaged", "warning", "Pictures that cannot be used", remedy, bad, "leave out")


def peculiar(all: Gathered) -> Iterator[Finding]:
    if turned := [seen.path for seen in all.good if seen.look.turned]:
        yield finding("turned", "note", "Turned by EXIF", "They are learned as a viewer shows them.", turned)
    if clear := [seen.path for seen in all.good if seen.look.clear]:
        remedy = "They are put on white. Give them another background if white shall not be learned."
        yield finding("alpha", "warning", "Transparent", remedy, clear)
    if moving := [seen.path for seen in all.good if seen.look.moving]:
        remedy = "Only their first picture is used. Save the others as files of their own."
        yield finding("animated", "warning", "Animated", remedy, moving, "leave out")


def sizes(all: Gathered) -> Iterator[Finding]:
    tiny: dict[Path, str] = {}
    cut: dict[Path, str] = {}
    enlarged: dict[Path, str] = {}
    for item in all.items:
        fit = all.fit(item)
        named = f"{item.path.name}: {item.width} × {item.height}"
        if sqrt(item.width * item.height) < all.data.resolution / 2:
            tiny[item.path] = named
        elif enlargement(item.width, item.height, fit) > 1:
            enlarged[item.path] = f"{named}, {enlargement(item.width, item.height, fit):.2f} times"
        if fit.lost >= MUCH:
            cut[item.path] = f"{named}, {fit.lost:.0%} are cut away"
    if tiny:
        remedy = "Use larger pictures or a lower resolution, or leave them out: what is enlarged so far is blurred."
        yield finding("tiny", "warning", "Less than half of the resolution", remedy, tiny, "leave out")
    if enlarged:
        remedy = "Lower the resolution, or switch enlarging off, if they turn out blurred."
        yield finding("enlarged", "note", "Enlarged", remedy, enlarged)
    if cut:
        remedy = "Switch buckets on, or crop them yourself to where it matters."
        yield finding(
            "aspect", "warning", "A quarter or more is cut away, so far from the bucket is their shape", remedy, cut
        )


def duplicates(all: Gathered) -> Iterator[Finding]:
    """Within the pictures of one part, and between what is trained and what is measured with."""
    first: dict[tuple[str, str], Seen] = {}
    copies: dict[Path, str] = {}
    twice: dict[Path, None] = {}
    for seen in sorted(all.good, key=worth):
        stays = first.setdefault((seen.concept.kind, seen.look.id), seen)
        if stays is not seen and stays.path == seen.path:
            twice[seen.path] = None
        elif stays is not seen:
            copies[seen.path] = f"{seen.path.name}: the same as {stays.path.name}"
    if copies:
        remedy = "Leave the copies out; to weigh a picture more, use repeats."
        yield finding("duplicate", "warning", "The same picture again", remedy, copies, "leave out")
    if twice:
        remedy = "One of the folders lies in another one: remove it from the list."
        yield finding("twice", "warning", "Pictures that two of the folders hold", remedy, list(twice))
    train = {seen.look.id: seen for seen in all.of_kind("train")}
    leaked = {
        seen.path: f"{seen.path.name}: the same as {train[seen.look.id].path.name}"
        for seen in all.of_kind("validation")
        if seen.look.id in train
    }
    if leaked:
        trained = {seen.path for seen in train.values()}
        fix = None if trained & leaked.keys() else "leave out"
        remedy = "Leave them out of one: who has learned a picture cannot be measured with it."
        yield finding("leak", "warning", "In training and in validation", remedy, leaked, fix)


def worth(seen: Seen) -> tuple[bool, int, int, str]:
    """What stays of copies: with a caption, large, with a short name."""
    return not seen.captions, -seen.look.width * seen.look.height, len(seen.path.name), str(seen.path)


def near_duplicates(all: Gathered) -> Iterator[Finding]:
    unique = {seen.look.id: seen for seen in sorted(all.of_kind("train", "validation"), key=worth, reverse=True)}
    pictures = sorted(unique.values(), key=worth)
    near: dict[Path, str] = {}
    for stays, *others in alike([seen.look.likeness for seen in pictures], NEAR):
        near |= {pictures[one].path: like(pictures[one], pictures[stays]) for one in others}
    if near:
        remedy = "Look at them: leave out what is the same picture saved again, keep what differs."
        yield finding("near", "warning", "Nearly the same picture", remedy, near, "leave out")


def like(seen: Seen, stays: Seen) -> str:
    across = " (one is for training, one for validation)" if seen.concept.kind != stays.concept.kind else ""
    return f"{seen.path.name}: like {stays.path.name}{across}"


def beside(all: Gathered) -> Iterator[Finding]:
    """Masks and controls."""
    bad: dict[Path, str] = {}
    other: dict[Path, str] = {}
    for seen in all.good:
        for path, view in ((seen.found.mask, seen.mask), (seen.found.control, seen.control)):
            if path and view and view.trouble:
                bad[path] = f"{path.name}: {view.trouble.message}"
            elif path and view and not same_shape(view, seen.look):
                other[path] = f"{path.name}: {view.width} × {view.height}, not {seen.look.width} × {seen.look.height}"
    if bad:
        remedy = "Their pictures are used without them. Save them again, or leave them out."
        yield finding("mask_damaged", "warning", "Masks or controls that cannot be used", remedy, bad, "leave out")
    if other:
        remedy = "They are stretched to their picture. Make them anew at its size."
        yield finding("mask_size", "warning", "Masks or controls of another size than their picture", remedy, other)
    masked = [seen.path for seen in all.good if seen.item.mask]
    if masked and not all.data.masks:
        yield finding("masks_unused", "note", "Masks that are not used, of", "Switch masks on to use them.", masked)
    if all.data.masks and all.good and not masked:
        remedy = "Name them NAME.mask.png or NAME-masklabel.png, or switch masks off."
        yield finding("masks_none", "warning", "Masks are wanted, and no picture has one", remedy)


def same_shape(one: Look, other: Look) -> bool:
    return (one.width, one.height) == (other.width, other.height)
