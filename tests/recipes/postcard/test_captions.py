"""Captions speak true of their scene, in a closed language."""

from __future__ import annotations

import random
from itertools import islice

import pytest

from recipes.postcard import vocabulary
from recipes.postcard.captions import captions, full_caption
from recipes.postcard.scenes import Scene, Thing, training_scenes
from recipes.postcard.vocabulary import WORDS

SCENES = list(islice(training_scenes(7), 600))


def said_of(scene: Scene) -> list[str]:
    return captions(scene, 6, random.Random(str(scene)))


def spoken(caption: str, phrases: tuple[str, ...]) -> bool:
    padded = f" {caption.replace(',', ' ,')} "
    return any(f" {phrase} " in padded for phrase in phrases)


def test_captions_stay_in_the_vocabulary() -> None:
    for scene in SCENES:
        for caption in said_of(scene):
            assert set(caption.replace(",", " ").split()) <= set(WORDS), caption


@pytest.mark.parametrize(
    ("table", "fact"),
    [
        (vocabulary.TIMES, lambda scene: {scene.time}),
        (vocabulary.PLACES, lambda scene: {thing.place for thing in scene.things}),
        (vocabulary.BACKDROPS, lambda scene: {scene.backdrop}),
        (vocabulary.SKY, lambda scene: set(scene.sky)),
        (vocabulary.NUMBERS, lambda scene: {thing.count for thing in scene.things}),
        (vocabulary.COLOURS, lambda scene: {thing.colour for thing in scene.things} | {"green"}),  # green meadow
        (
            {name: tuple(word for pair in names for word in pair) for name, names in vocabulary.OBJECTS.items()},
            lambda scene: {thing.object for thing in scene.things} | {"tree"},  # a pine tree
        ),
    ],
)
def test_what_a_caption_says_is_so(table, fact) -> None:
    heard = set()
    for scene in SCENES:
        for caption in said_of(scene):
            for value, phrases in table.items():
                if spoken(caption, phrases):
                    heard.add(value)
                    assert value in fact(scene), f"{caption!r} of {scene}"
    assert heard == set(table)  # otherwise the test would have heard nothing


def test_the_ground_is_the_scenes_own() -> None:
    for scene in SCENES:
        others = [*vocabulary.GROUNDS.items(), *vocabulary.ABOVE.items()]
        own = {phrase for ground, phrases in others if ground == scene.ground for phrase in phrases}
        for caption in said_of(scene):
            for ground, phrases in others:
                wrong = tuple(phrase for phrase in phrases if not any(phrase in mine for mine in own))
                assert ground == scene.ground or not spoken(caption, wrong), f"{caption!r} of {scene}"


def test_two_things_are_told_apart_by_side() -> None:
    scene = Scene((Thing("car", "red", 1, "left"), Thing("tree", "green", 1, "right")), "meadow", "day")
    told = set()
    for seed in range(300):
        for caption in captions(scene, 4, random.Random(seed)):
            text = caption.replace(" side", "")
            told.add(text)
            assert "car on the right" not in text
            assert "tree on the left" not in text
            assert "car to the right of" not in text
            assert not ("tree" in text and "tree to the left of" in text)
    assert any("a red car to the left of a green tree" in text for text in told)
    assert any("a green tree on the right and a red car on the left" in text for text in told)


def test_the_full_caption_says_all_of_the_scene() -> None:
    scene = Scene((Thing("house", "red", 1, "left"),), "meadow", "day", "mountains", ("sun",))
    assert full_caption(scene) == "a red house on the left in a green meadow by day, mountains, sun"
    scene = Scene((Thing("tent", "yellow", 3),), "snow", "night", None, ("stars",))
    assert full_caption(scene) == "three yellow tents in the snow at night, stars"
    scene = Scene((Thing("cat", "orange", 1, "middle"),), "beach", "dawn")
    assert full_caption(scene) == "an orange cat in the middle on the beach at dawn"


def test_captions_are_many_different_and_the_same_again() -> None:
    scene = SCENES[0]
    once = captions(scene, 6, random.Random(1))
    assert once == captions(scene, 6, random.Random(1))
    assert len(set(once)) == 6
    lengths = [len(caption.split()) for scene in SCENES for caption in said_of(scene)]
    assert min(lengths) <= 3
    assert max(lengths) >= 15
    assert max(lengths) <= 40


def test_every_word_of_the_vocabulary_is_used() -> None:
    used = {word for scene in SCENES for caption in said_of(scene) for word in caption.replace(",", " ").split()}
    for scene in islice(training_scenes(8), 3000):
        used |= {word for caption in said_of(scene) for word in caption.replace(",", " ").split()}
        if used == set(WORDS):
            break
    assert used == set(WORDS)
