"""The prompts a model is measured with: fixed, and of combinations that training never saw."""

from __future__ import annotations

import random
from dataclasses import dataclass

from recipes.postcard.captions import full_caption
from recipes.postcard.scenes import COLOURS, GROUNDS_OF, MOST, OBJECTS, PLACES, TIMES, Scene, Thing, furnished, held_out

SINGLE, COUNT, TWO = 240, 96, 96  # how many prompts of each kind


@dataclass(frozen=True, slots=True)
class Prompt:
    """`scene` is what the text asks for; its backdrop and sky are left to the model."""

    text: str
    scene: Scene
    seed: int


def single_prompts(count: int = SINGLE) -> list[Prompt]:
    """ "a red house on the left in a green meadow by day": every object equally often."""
    return _fixed("single", count, [(1, place) for place in PLACES])


def count_prompts(count: int = COUNT) -> list[Prompt]:
    """ "three yellow tents in the snow at night": every object equally often."""
    return _fixed("count", count, [(number, None) for number in range(2, MOST + 1)])


def two_prompts(count: int = TWO) -> list[Prompt]:
    """ "a red car on the left and a green tree on the right in a green meadow by day"; at least one is held out."""
    prompts: list[Prompt] = []
    rng = random.Random("postcard prompts two")
    while len(prompts) < count:
        first, second = rng.sample(OBJECTS, 2)
        grounds = [ground for ground in GROUNDS_OF[first] if ground in GROUNDS_OF[second]]
        colours = rng.sample(COLOURS, 2)
        things = (Thing(first, colours[0], 1, "left"), Thing(second, colours[1], 1, "right"))
        if grounds and held_out(scene := Scene(things, rng.choice(grounds), TIMES[len(prompts) % len(TIMES)])):
            prompts.append(Prompt(full_caption(scene), scene, 1000 + len(prompts)))
    return prompts


def furnished_scene(prompt: Prompt) -> Scene:
    """A scene that answers the prompt, with a backdrop and a sky of its own: what a perfect model might draw."""
    scene = prompt.scene
    return furnished(scene.things, scene.ground, scene.time, random.Random(f"postcard answer {prompt.seed}"))


def _fixed(kind: str, count: int, forms: list[tuple[int, str | None]]) -> list[Prompt]:
    """Of every object as many held-out combinations as any other, drawn without return."""
    rng = random.Random(f"postcard prompts {kind}")
    stacks: list[list[Scene]] = []
    for name in OBJECTS:
        stack = [
            scene
            for number, place in forms
            for colour in COLOURS
            for ground in GROUNDS_OF[name]
            for time in TIMES
            if held_out(scene := Scene((Thing(name, colour, number, place),), ground, time))
        ]
        rng.shuffle(stack)
        stacks.append(stack)
    scenes = [stacks[number % len(stacks)][number // len(stacks)] for number in range(count)]
    return [Prompt(full_caption(scene), scene, 1000 + number) for number, scene in enumerate(scenes)]
