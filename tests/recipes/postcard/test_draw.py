"""Pictures: the same again, things apart from each other and from what lies behind, maps of the same shapes."""

from __future__ import annotations

import random
from itertools import combinations, islice

import numpy as np
import pytest
from PIL import Image, ImageFilter

from recipes.postcard.draw import draw
from recipes.postcard.scenes import COLOURS, GROUNDS_OF, OBJECTS, TIMES, Scene, Thing, training_scenes

SCENES = list(islice(training_scenes(11), 200))
CONTRAST = 50.0  # of 442, the way from black to white in RGB


def test_the_same_scene_and_seed_give_the_same_bytes() -> None:
    for seed, scene in enumerate(SCENES[:20]):
        once, again, other = draw(scene, seed), draw(scene, seed), draw(scene, seed + 1)
        assert once.picture().tobytes() == again.picture().tobytes()
        assert once.edges().tobytes() == again.edges().tobytes()
        assert once.depth().tobytes() == again.depth().tobytes()
        assert [mask.tobytes() for mask in once.masks()] == [mask.tobytes() for mask in again.masks()]
        assert once.picture().tobytes() != other.picture().tobytes()


@pytest.mark.parametrize("size", [64, 128, 256, 512])
def test_all_sizes_show_the_same(size: int) -> None:
    for seed, scene in enumerate(SCENES[:6]):
        drawing = draw(scene, seed)
        assert drawing.picture(size).size == (size, size)
        small = drawing.picture(size).resize((32, 32), Image.Resampling.BOX)
        usual = drawing.picture(128).resize((32, 32), Image.Resampling.BOX)
        assert np.abs(np.asarray(small, float) - np.asarray(usual, float)).mean() < 4


def test_a_size_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="size: 32"):
        draw(SCENES[0], 0).picture(32)


def test_objects_do_not_hide_each_other_and_stay_in_the_picture() -> None:
    for seed, scene in enumerate(SCENES):
        drawing = draw(scene, seed)
        boxes = [spot.box() for some in drawing.spots for spot in some]
        assert len(boxes) == sum(thing.count for thing in scene.things)
        for left, top, right, bottom in boxes:
            assert left >= 0
            assert top >= 0
            assert right <= 1
            assert bottom <= 1
        for (l1, t1, r1, b1), (l2, t2, r2, b2) in combinations(boxes, 2):
            assert r1 <= l2 or r2 <= l1 or b1 <= t2 or b2 <= t1, scene


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_stays_within_its_measure(name: str) -> None:
    """The boxes that keep objects apart are true: what is drawn does not reach out of them."""
    for number, ground in enumerate(GROUNDS_OF[name]):
        drawing = draw(Scene((Thing(name, "red", 1, "middle"),), ground, "day"), number)
        left, top, right, bottom = (value * 128 for value in drawing.spots[0][0].box())
        drawn = drawing.masks()[0].getbbox()
        assert drawn is not None
        assert drawn[0] >= left - 2
        assert drawn[1] >= top - 2
        assert drawn[2] <= right + 2
        assert drawn[3] <= bottom + 3
        assert drawn[2] - drawn[0] > 0.8 * (right - left)  # and they are not too large either
        assert drawn[3] - drawn[1] > 0.85 * (bottom - top)


@pytest.mark.parametrize("name", OBJECTS)
def test_a_single_object_is_large(name: str) -> None:
    drawn = draw(Scene((Thing(name, "blue", 1, "left"),), GROUNDS_OF[name][0], "day"), 1).masks()[0]
    left, top, right, bottom = drawn.getbbox() or (0, 0, 0, 0)
    assert max(bottom - top, right - left) >= 0.35 * 128
    assert np.asarray(drawn).mean() / 255 > 0.03


@pytest.mark.parametrize("name", OBJECTS)
def test_everything_stands_out_from_what_lies_behind(name: str) -> None:
    """In every colour, on every ground, at every time: the outline of a thing, or the band within, differs from what is around."""
    for ground in GROUNDS_OF[name]:
        inside = draw(Scene((Thing(name, "red", 1, "middle"),), ground, "day"), 5).masks()[0]
        outline = grown(inside, 0) & ~grown(inside, -2)
        band, around = grown(inside, -2) & ~grown(inside, -4), grown(inside, 3) & ~grown(inside, 1)
        for time in TIMES:
            for colour in COLOURS:
                scene = Scene((Thing(name, colour, 1, "middle"),), ground, time)
                pixels = np.asarray(draw(scene, 5).picture(), float)
                behind = pixels[around].mean(0)
                contrast = max(float(np.linalg.norm(pixels[ring] - behind, axis=1).mean()) for ring in (outline, band))
                assert contrast > CONTRAST, (colour, ground, time)


def grown(mask: Image.Image, by: int) -> np.ndarray:
    """A mask `by` pixels larger, or smaller."""
    solid = Image.fromarray((np.asarray(mask) > 127).astype(np.uint8) * 255)
    size = 2 * abs(by) + 1
    filtered = solid.filter(ImageFilter.MaxFilter(size) if by > 0 else ImageFilter.MinFilter(size)) if by else solid
    return np.asarray(filtered) > 0


def test_a_mask_covers_its_thing_and_nothing_else() -> None:
    """Painting the thing in another colour changes pixels of its mask only."""
    for seed, ground in enumerate(("meadow", "beach", "snow")):
        red, blue = (
            draw(Scene((Thing("car", colour, 1, "left"), Thing("tree", "green", 1, "right")), ground, "day"), seed)
            for colour in ("red", "blue")
        )
        changed = np.abs(np.asarray(red.picture(), int) - np.asarray(blue.picture(), int)).sum(2) > 0
        car, tree = (np.asarray(mask) > 0 for mask in red.masks())
        assert changed.any()
        assert not (changed & ~car).any()
        assert not (car & tree).any()


def test_lines_lie_where_the_picture_changes() -> None:
    for seed, scene in enumerate(SCENES[:40]):
        drawing = draw(scene, seed)
        lines = np.asarray(drawing.edges()) > 127
        pixels = np.asarray(drawing.picture().convert("L"), float)
        slope = np.hypot(*np.gradient(pixels))
        steep = np.asarray(Image.fromarray(slope.astype(np.float32)).filter(ImageFilter.MaxFilter(3)))
        assert 0.005 < lines.mean() < 0.35
        assert np.median(steep[lines]) > 3 * np.median(steep[~lines]) + 2, scene


def test_every_thing_has_lines_around_it() -> None:
    for seed, scene in enumerate(SCENES[:40]):
        drawing = draw(scene, seed)
        lines = np.asarray(drawing.edges()) > 80
        for mask in drawing.masks():
            rim = grown(mask, 0) & ~grown(mask, -2)
            assert lines[rim].mean() > 0.4, scene


def test_depth_is_far_above_and_near_below() -> None:
    for seed, scene in enumerate(SCENES[:40]):
        drawing = draw(scene, seed)
        depth = np.asarray(drawing.depth(), float)
        assert depth[:6].mean() < 60
        assert depth[-4:].mean() > 180
        for thing, mask in zip(scene.things, drawing.masks(), strict=True):
            if thing.object != "hot air balloon" and thing.count == 1:
                inside = np.asarray(mask) > 250
                assert depth[inside].mean() > 150
                assert depth[inside].std() < 2  # a thing stands upright


def test_what_the_caption_may_name_in_the_sky_is_to_be_seen() -> None:
    """Sun, moon, clouds and birds: nothing of the scene lies over most of them."""
    rng = random.Random(0)
    for scene in SCENES:
        drawing = draw(scene, rng.randrange(10**6))
        for name in ("sun", "moon", "clouds", "birds"):
            if name in scene.sky:
                place = next(i for i, layer in enumerate(drawing.layers) if layer.name == name)
                layer = drawing.layers[place]
                assert layer.shapes, scene
                without = type(drawing)(
                    scene,
                    drawing.sky,
                    drawing.horizon,
                    tuple(layer for i, layer in enumerate(drawing.layers) if i != place),
                    drawing.spots,
                )
                alone = type(drawing)(scene, drawing.sky, drawing.horizon, (layer,), drawing.spots)
                empty = type(drawing)(scene, drawing.sky, drawing.horizon, (), drawing.spots)
                seen, whole = changed(drawing, without), changed(alone, empty)
                assert seen > 0.6 * whole, (name, scene)


def changed(one, other) -> int:
    difference = np.abs(np.asarray(one.picture(), int) - np.asarray(other.picture(), int)).sum(2)
    return int((difference > 12).sum())
