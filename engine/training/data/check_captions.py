"""Findings about captions."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.training.data.captions import complete
from engine.training.data.findings import Code, Finding, finding, with_captions
from engine.training.data.gathered import Gathered
from engine.training.data.tags import counted, has, preview, remove, same, trigger

FEW = 4  # pictures, below which a tag that all have says nothing
TROUBLES: dict[str, tuple[Code, str, str]] = {
    "large": ("caption_large", "Captions larger than 64 KB, not read", "Shorten them, or leave them out."),
    "damaged": ("caption_damaged", "Captions that cannot be read", "Write them anew, or leave them out."),
    "unreadable": ("caption_closed", "Captions that may not be read", "Allow the studio to read them."),
}


def about_captions(all: Gathered) -> Iterator[Finding]:
    yield from files(all)
    yield from empty(all)
    yield from long(all)
    yield from triggers(all)
    yield from everywhere(all)


def files(all: Gathered) -> Iterator[Finding]:
    read = {seen.source: seen.read for seen in all.pictures if seen.source and seen.read}
    for trouble, (code, what, remedy) in TROUBLES.items():
        bad = [path for path, one in read.items() if one.trouble == trouble]
        bad += [path for path, word in all.metadata.items() if word == trouble]
        if bad:
            fix = None if trouble == "unreadable" else "leave out"
            yield finding(code, "warning", what, remedy, bad, fix)
    guessed = {
        path: f"{path.name}: {one.captions[0] if one.captions else ''}"
        for path, one in read.items()
        if one.encoding == "latin-1"
    }
    if guessed:
        remedy = "If the text is right, write it as UTF-8; else save it as UTF-8 in your editor."
        what = "Captions that are not UTF-8, read as Latin-1"
        plain = [path for path in guessed if path.suffix.lower() != ".json"]
        fix = "write as UTF-8" if len(plain) == len(guessed) else None
        yield finding("encoding", "warning", what, remedy, guessed, fix)


def empty(all: Gathered) -> Iterator[Finding]:
    """Not of pictures whose file is in trouble: that was said."""
    bare = [seen for seen in all.good if not seen.captions and not (seen.read and seen.read.trouble)]
    word = all.captions.trigger.strip()
    groups: tuple[tuple[Code, str, list[Path]], ...] = (
        ("caption_none", "Without a caption", [seen.path for seen in bare if not seen.read]),
        ("caption_empty", "With an empty caption", [seen.path for seen in bare if seen.read]),
    )
    for code, what, group in groups:
        if not group:
            continue
        if word:
            remedy = "The trigger word is all that is told about them; write what else they show."
            yield with_captions(finding(code, "note", what, remedy, group), {path: (word,) for path in group})
        else:
            remedy = "Write NAME.txt beside each, give a trigger word, or name the folder N_word."
            yield finding(code, "warning", what, remedy, group)


def long(all: Gathered) -> Iterator[Finding]:
    """What does not fit into the text encoder is shown."""
    counts, longest = all.around.counts, all.around.longest
    if counts is None:
        return
    cuts: dict[Path, str] = {}
    for seen in all.good:
        for caption in seen.captions:
            text = complete(caption, all.captions)
            if len(text) > longest / 4 and counts(text) > longest:
                cuts[seen.path] = f"{seen.path.name}: … {cut_off(text, counts, longest)}"
    if cuts:
        remedy = "Put what matters first, or shorten them."
        what = f"Captions of more than {longest} tokens, the rest of which is not read"
        yield finding("long", "warning", what, remedy, cuts, longest=longest)


def cut_off(text: str, counts: Callable[[str], int], longest: int) -> str:
    """The words that are cut off."""
    words = text.split(" ")
    fitting = bisect_right(range(len(words) + 1), longest, key=lambda number: counts(" ".join(words[:number]))) - 1
    return " ".join(words[max(0, fitting) :])


def triggers(all: Gathered) -> Iterator[Finding]:
    word = all.captions.trigger.strip()
    if not word:
        return
    lacking = {
        seen.path: seen.captions for seen in all.of_kind("train") if seen.captions and not all_have(seen.captions, word)
    }
    if lacking:
        remedy = "It is put before them while training. Write it into the files if other programs shall see it."
        found = finding(
            "trigger", "note", f"Captions without the trigger word “{word}”", remedy, list(lacking), word=word
        )
        yield with_captions(found, {change.key: change.after for change in preview(lacking, trigger(word))})


def all_have(captions: tuple[str, ...], word: str) -> bool:
    return all(has(caption, word) for caption in captions)


def everywhere(all: Gathered) -> Iterator[Finding]:
    told = {seen.path: seen.captions for seen in all.of_kind("train")}
    word = all.captions.trigger
    for tag, count in counted(told.values()).most_common() if len(told) >= FEW else ():
        if count < len(told):
            break
        if not same(tag, [word]):
            remedy = "What all captions say is not told apart from what they do not say: remove it, so that the trigger word stands for it."
            found = finding("same_tag", "note", f"Every picture has the tag “{tag}”", remedy, word=tag)
            yield with_captions(found, {change.key: change.after for change in preview(told, remove(tag))})
