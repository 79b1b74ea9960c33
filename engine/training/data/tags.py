"""Captions as tags: what can be done to one, and to many with a look at what would change."""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Operation = Callable[[str], str]


@dataclass(frozen=True)
class Change(Generic[Key]):
    """What the captions of one picture were, and what they become."""

    key: Key
    before: tuple[str, ...]
    after: tuple[str, ...]


def preview(captions: Mapping[Key, tuple[str, ...]], *operations: Operation) -> list[Change[Key]]:
    """What the operations, one after the other, would change; pictures that stay as they are do not appear."""
    changes: list[Change[Key]] = []
    for key, before in captions.items():
        after = tuple(carried_out(caption, operations) for caption in before or ("",))
        if after != (before or ("",)):
            changes.append(Change(key, before, after))
    return changes


def carried_out(caption: str, operations: Iterable[Operation]) -> str:
    for operation in operations:
        caption = operation(caption)
    return caption


def tags_of(caption: str) -> list[str]:
    return [tag for tag in (part.strip() for part in caption.split(",")) if tag]


def counted(captions: Iterable[tuple[str, ...]]) -> Counter[str]:
    """How many pictures have each tag, in one of their captions at least."""
    return Counter(tag for group in captions for tag in {tag for caption in group for tag in tags_of(caption)})


def has(caption: str, words: str) -> bool:
    """As whole words, whatever the letters' size."""
    found = words.strip() and re.search(rf"(?<!\w){re.escape(words.strip())}(?!\w)", caption, re.IGNORECASE)
    return bool(found)


def add(tag: str) -> Operation:
    """At the end, where it is not there yet."""
    return lambda caption: caption if same(tag, tags_of(caption)) else joined([*tags_of(caption), tag.strip()])


def remove(*tags: str) -> Operation:
    return where(tags, lambda caption: joined(tag for tag in tags_of(caption) if not same(tag, tags)))


def replace(old: str, new: str) -> Operation:
    """Whole tags; the place stays."""
    return where([old], lambda caption: joined(new.strip() if same(tag, [old]) else tag for tag in tags_of(caption)))


def arrange(keep: int = 0) -> Operation:
    """By the alphabet, the first `keep` tags as they are."""
    return lambda caption: joined([*tags_of(caption)[:keep], *sorted(tags_of(caption)[keep:], key=str.casefold)])


def dedupe() -> Operation:
    """The first of equal tags stays."""
    return lambda caption: joined(
        {tag.casefold(): tag for tag in reversed(tags_of(caption))}[low] for low in lows(caption)
    )


def prefix(text: str) -> Operation:
    """Before the caption, where it does not begin so yet."""
    return lambda caption: caption if caption.startswith(text.strip()) else beside(text, caption)


def trigger(word: str) -> Operation:
    """First, where the caption lacks it."""
    return lambda caption: caption if not word.strip() or has(caption, word) else joined([word.strip(), caption])


def where(tags: Sequence[str], operation: Operation) -> Operation:
    """Captions without one of the tags stay to the letter."""
    return lambda caption: operation(caption) if any(same(tag, tags) for tag in tags_of(caption)) else caption


def lows(caption: str) -> list[str]:
    return list(dict.fromkeys(tag.casefold() for tag in tags_of(caption)))


def same(tag: str, tags: Iterable[str]) -> bool:
    return tag.strip().casefold() in {other.strip().casefold() for other in tags}


def joined(tags: Iterable[str]) -> str:
    return ", ".join(tag for tag in tags if tag)


def beside(left: str, right: str) -> str:
    """With a blank between them, unless there is one or a comma follows."""
    if not left or not right or left[-1].isspace() or right[0].isspace() or right[0] in ",.;:":
        return left + right
    return f"{left} {right}"
