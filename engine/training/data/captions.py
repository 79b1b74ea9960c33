"""The caption of one use of a picture: chosen, completed, shuffled, thinned out."""

import random

from engine.request.training_parts import Captions
from engine.training.data.items import Item
from engine.training.data.tags import beside, has, joined, tags_of, trigger


def told(item: Item, captions: Captions, lots: random.Random) -> str:
    """lots: fresh for each use, keyed by it (see keys.lots)."""
    if lots.random() < captions.dropout:
        return ""
    caption = lots.choice(item.captions) if item.captions else ""
    if captions.shuffle or captions.tag_dropout:
        caption = stirred(caption, captions, lots)
    return complete(caption, captions)


def complete(caption: str, captions: Captions) -> str:
    """With trigger word, prefix and suffix."""
    around = beside(captions.prefix, captions.suffix)
    if not has(around, captions.trigger):
        caption = trigger(captions.trigger)(caption)
    return beside(beside(captions.prefix, caption), captions.suffix).strip()


def stirred(caption: str, captions: Captions, lots: random.Random) -> str:
    """Shuffled and thinned out; the first `keep` tags stay, the trigger word counting as one; so does its tag."""
    tags = tags_of(caption)
    word = captions.trigger.strip()
    keep = captions.keep - (1 if word and not has(caption, word) else 0)
    first, rest = tags[: max(0, keep)], tags[max(0, keep) :]
    rest = [tag for tag in rest if (word and has(tag, word)) or lots.random() >= captions.tag_dropout]
    if captions.shuffle:
        lots.shuffle(rest)
    return joined([*first, *rest])
