"""Natural ways to say a scene, from two words to all there is. What a caption leaves unsaid, it leaves free."""

from __future__ import annotations

import random

from recipes.postcard import vocabulary
from recipes.postcard.scenes import Scene, Thing
from recipes.postcard.vocabulary import Phrases


def captions(scene: Scene, count: int, rng: random.Random) -> list[str]:
    """`count` different captions, the first of them complete and in the usual words."""
    found = [full_caption(scene)]
    for _ in range(count * 20):
        if len(found) == count:
            break
        caption = random_caption(scene, rng)
        if caption not in found:
            found.append(caption)
    return found


def full_caption(scene: Scene) -> str:
    """All of the scene in the first words of every table: "a red house on the left in a green meadow by day, sun"."""
    plain = random.Random(0)
    if not scene.things:
        subject = vocabulary.LANDS[scene.ground][0]
    else:
        subject = " and ".join(
            " ".join([_named(thing, plain, usual=True), *_place(thing, plain, usual=True)]) for thing in scene.things
        )
        subject += f" {vocabulary.GROUNDS[scene.ground][0]}"
    more = [vocabulary.BACKDROPS[scene.backdrop][0]] if scene.backdrop else []
    return ", ".join([f"{subject} {vocabulary.TIMES[scene.time][0]}", *more, *scene.sky])


def random_caption(scene: Scene, rng: random.Random) -> str:
    detail = rng.choice((0.15, 0.5, 0.8, 1.0))  # how much of the scene this caption says

    def said(always: float = 0.0) -> bool:
        return rng.random() < max(detail, always)

    if not scene.things:
        return _land(scene, said(), rng)
    subject = _subject(scene, detail, rng)
    ground = [_ground(scene, rng)] if said() else []
    time = [rng.choice(vocabulary.TIMES[scene.time])] if said() else []
    extras = _extras(scene, detail, rng)
    style = rng.random()
    if style < 0.1 and detail >= 0.5:  # tags
        facts = [*ground, *time, *extras]
        rng.shuffle(facts)
        tags = [_bare(subject), *facts]
        if rng.random() < 0.3:
            tags.append(rng.choice(vocabulary.STYLES))
        return ", ".join(tags)
    where = [*ground, *time] if rng.random() < 0.75 else [*time, *ground]
    if style < 0.25 and where:  # the scene first
        sentence = f"{' '.join(where)}, {subject}"
    elif style < 0.35:
        sentence = " ".join([rng.choice(vocabulary.MEDIA), subject, *where])
    else:
        sentence = " ".join([subject, *where])
    return _ended(sentence, extras, scene, rng)


def _subject(scene: Scene, detail: float, rng: random.Random) -> str:
    if len(scene.things) == 1:
        thing = scene.things[0]
        place = _place(thing, rng) if rng.random() < detail else []
        return " ".join([_named(thing, rng), *place])
    left, right = scene.things
    names = [_named(left, rng), _named(right, rng)]
    if rng.random() < 0.25 * (1.2 - detail):  # only that both are there
        rng.shuffle(names)
        return f"{names[0]} {rng.choice(('and', 'and', 'next to', 'beside'))} {names[1]}"
    style = rng.random()
    if style < 0.25:
        return f"{names[0]} to the left of {names[1]}"
    if style < 0.5:
        return f"{names[1]} to the right of {names[0]}"
    sides = [
        f"{name} {rng.choice(vocabulary.PLACES[side])}" for name, side in zip(names, ("left", "right"), strict=True)
    ]
    if rng.random() < 0.4:
        sides.reverse()
    return " and ".join(sides)


def _named(thing: Thing, rng: random.Random, usual: bool = False) -> str:
    """ "an orange cat", "three yellow tents"."""
    names = vocabulary.OBJECTS[thing.object]
    one, several = names[0] if usual or rng.random() < 0.7 else rng.choice(names)
    colour = (
        vocabulary.COLOURS[thing.colour][0]
        if usual or rng.random() < 0.7
        else rng.choice(vocabulary.COLOURS[thing.colour])
    )
    words = [] if not usual and rng.random() < 0.04 else [colour]
    if thing.count > 1:
        numbers = vocabulary.NUMBERS[thing.count]
        return " ".join([numbers[0] if usual or rng.random() < 0.85 else numbers[1], *words, several])
    words.append(one)
    return " ".join(["an" if words[0][0] in "aeiou" else "a", *words])


def _place(thing: Thing, rng: random.Random, usual: bool = False) -> list[str]:
    if thing.place is None:
        return []
    phrases = vocabulary.PLACES[thing.place]
    return [phrases[0] if usual else rng.choice(phrases)]


def _ground(scene: Scene, rng: random.Random) -> str:
    phrases = vocabulary.GROUNDS[scene.ground]
    if all(thing.object == "hot air balloon" for thing in scene.things) and rng.random() < 0.5:
        phrases = vocabulary.ABOVE[scene.ground]
    return phrases[0] if rng.random() < 0.4 else rng.choice(phrases)


def _extras(scene: Scene, detail: float, rng: random.Random) -> list[str]:
    facts: list[Phrases] = [vocabulary.SKY[name] for name in scene.sky]
    if scene.backdrop:
        facts.insert(0, vocabulary.BACKDROPS[scene.backdrop])
    said = [
        phrases[0] if rng.random() < 0.6 else rng.choice(phrases) for phrases in facts if rng.random() < detail * 0.9
    ]
    if rng.random() < 0.3:
        rng.shuffle(said)
    return said


def _land(scene: Scene, timed: bool, rng: random.Random) -> str:
    land = rng.choice(vocabulary.LANDS[scene.ground])
    time = [rng.choice(vocabulary.TIMES[scene.time])] if timed else []
    return _ended(" ".join([land, *time]), _extras(scene, 0.8, rng), scene, rng)


def _ended(sentence: str, extras: list[str], scene: Scene, rng: random.Random) -> str:
    """The sentence with the backdrop and the sky behind it, after commas or as a clause."""
    if not extras or rng.random() < 0.6:
        return ", ".join([sentence, *extras])
    backdrops = vocabulary.BACKDROPS[scene.backdrop] if scene.backdrop else ()
    behind = [phrase for phrase in extras if phrase in backdrops]
    above = [phrase for phrase in extras if phrase not in backdrops]
    if behind and not above:
        return f"{sentence} with {behind[0]} {rng.choice(('in the background', 'behind'))}"
    if behind:
        return f"{sentence} with {behind[0]} and {above[0]}" + "".join(f", {phrase}" for phrase in above[1:])
    if len(above) == 1:
        return (
            f"{sentence} with {above[0]} in the sky" if above[0] != "a starry sky" else f"{sentence} under a starry sky"
        )
    return f"{sentence} with {', '.join(above[:-1])} and {above[-1]}"


def _bare(subject: str) -> str:
    """ "red house" for "a red house"."""
    first, _, rest = subject.partition(" ")
    return rest if first in ("a", "an") else subject
