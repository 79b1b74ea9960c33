"""Scenes keep their rules, and what is held out stays out."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice

import pytest

from recipes.postcard.prompts import count_prompts, furnished_scene, single_prompts, two_prompts
from recipes.postcard.scenes import (
    COLOURS,
    GROUNDS,
    GROUNDS_OF,
    OBJECTS,
    PLACES,
    TIMES,
    Scene,
    Thing,
    held_out,
    scene_of,
    set_aside,
    training_scenes,
)


def test_the_same_seed_gives_the_same_scenes() -> None:
    assert list(islice(training_scenes(1), 50)) == list(islice(training_scenes(1), 50))
    assert list(islice(training_scenes(1), 50)) != list(islice(training_scenes(2), 50))


def test_a_scene_travels_as_json() -> None:
    for scene in islice(training_scenes(3), 100):
        assert scene_of(json.loads(json.dumps(scene.as_dict()))) == scene


@pytest.mark.parametrize(
    ("things", "ground", "time", "words"),
    [
        ((Thing("car", "red", 1, "left"),), "sea", "day", "ground under a car"),
        ((Thing("house", "gold", 1, "left"),), "snow", "day", "colour: 'gold'"),
        ((Thing("house", "red", 7),), "snow", "day", "count: 7"),
        ((Thing("house", "red", 1),), "snow", "day", "place"),
        (
            (Thing("house", "red", 1, "right"), Thing("cat", "red", 1, "left")),
            "snow",
            "day",
            "left and one on the right",
        ),
        ((), "moon", "day", "ground: 'moon'"),
        ((), "sea", "noon", "time: 'noon'"),
    ],
)
def test_an_impossible_scene_is_refused_with_a_sentence(things, ground, time, words) -> None:
    with pytest.raises(ValueError, match=words):
        Scene(things, ground, time)


def test_every_object_and_colour_is_seen_about_equally_often() -> None:
    scenes = list(islice(training_scenes(4), 4000))
    objects = Counter(thing.object for scene in scenes for thing in scene.things)
    colours = Counter(thing.colour for scene in scenes for thing in scene.things)
    assert set(objects) == set(OBJECTS)
    assert set(colours) == set(COLOURS)
    assert min(objects.values()) > 0.5 * max(objects.values())
    assert min(colours.values()) > 0.7 * max(colours.values())
    assert {scene.ground for scene in scenes} == set(GROUNDS)


def test_held_out_combinations_never_reach_training() -> None:
    for scene in islice(training_scenes(5), 3000):
        assert not held_out(scene)
        for thing in scene.things:
            assert not set_aside(thing.object, thing.colour, thing.place or str(thing.count), scene.ground, scene.time)


def test_about_eight_percent_are_held_out_and_the_choice_is_for_ever() -> None:
    every = [
        (name, colour, place, ground, time)
        for name in OBJECTS
        for colour in COLOURS
        for place in PLACES
        for ground in GROUNDS_OF[name]
        for time in TIMES
    ]
    share = sum(set_aside(*one) for one in every) / len(every)
    assert 0.06 < share < 0.1
    assert sum(set_aside(*one) for one in every) == 749  # a change of the hash would leak what models were trained on


@pytest.mark.parametrize(("drawn", "count"), [(single_prompts, 240), (count_prompts, 96), (two_prompts, 96)])
def test_prompts_are_fixed_and_held_out(drawn, count) -> None:
    prompts = drawn()
    assert len(prompts) == count
    assert prompts == drawn()
    assert all(held_out(prompt.scene) for prompt in prompts)
    assert len({prompt.seed for prompt in prompts}) == count
    assert all(furnished_scene(prompt).things == prompt.scene.things for prompt in prompts)


def test_single_prompts_have_the_form_of_the_measurement() -> None:
    prompts = single_prompts()
    assert prompts[3].text == "a green boat in the middle on the sea by day"
    assert len({prompt.scene for prompt in prompts}) == len(prompts)
    kinds = Counter(prompt.scene.things[0].object for prompt in prompts)
    assert max(kinds.values()) - min(kinds.values()) <= 1
