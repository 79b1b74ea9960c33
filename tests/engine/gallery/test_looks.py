"""What looks alike: a picture's copies and variations come before other pictures."""

import io
import random

import pytest
from PIL import Image, ImageDraw, ImageEnhance

from engine.errors import NotFound
from engine.gallery import looks
from engine.gallery.looks import LENGTH, look_of
from engine.gallery.search import Filters
from engine.gallery.store import Gallery
from tests.engine.gallery.pictures import file


def scene(seed: int) -> Image.Image:
    """Shapes on a ground, of one palette of four: different pictures that share their colours."""
    draw = random.Random(seed)
    palettes = (
        ("navy", "gold", "white"),
        ("darkgreen", "olive", "ivory"),
        ("maroon", "pink", "black"),
        ("teal", "orange", "grey"),
    )
    colours = palettes[seed % 4]
    picture = Image.new("RGB", (256, 192), colours[0])
    pen = ImageDraw.Draw(picture)
    for _ in range(7):
        x, y = draw.randrange(220), draw.randrange(160)
        (pen.ellipse if draw.random() < 0.5 else pen.rectangle)(
            (x, y, x + draw.randrange(20, 120), y + draw.randrange(20, 90)), draw.choice(colours[1:])
        )
    return picture


def bytes_of(picture: Image.Image, kind: str = "PNG", **options: int) -> bytes:
    content = io.BytesIO()
    picture.save(content, kind, **options)
    return content.getvalue()


def variations(picture: Image.Image) -> list[bytes]:
    """Smaller, brighter, as a poor JPEG, and with a stroke across."""
    painted = picture.copy()
    ImageDraw.Draw(painted).line((10, 10, 120, 60), "red", 6)
    return [
        bytes_of(picture.resize((128, 96))),
        bytes_of(ImageEnhance.Brightness(picture).enhance(1.12)),
        bytes_of(picture, "JPEG", quality=35),
        bytes_of(painted),
    ]


def take(gallery: Gallery, content: bytes, owner: str = "ann") -> str:
    return gallery.take_in(content, "a.png", owner, seen_by=owner)[0].id


def test_variations_come_before_sixty_other_pictures_of_the_same_colours(gallery: Gallery):
    originals = {seed: take(gallery, bytes_of(scene(seed))) for seed in range(60)}
    first = total = 0
    for seed in range(0, 60, 6):
        family = {take(gallery, content) for content in variations(scene(seed))}
        found = [image.id for image in gallery.alike(originals[seed], "ann")]
        assert found[0] == originals[seed]
        first += len(family & set(found[1:5]))
        total += len(family)
    assert first / total >= 0.95, f"{first} of {total} variations are among the first four"


def test_only_what_may_be_seen_and_meets_the_filters_is_compared(gallery: Gallery):
    mine, copy = take(gallery, bytes_of(scene(1))), take(gallery, bytes_of(scene(1).resize((128, 96))))
    his = take(gallery, bytes_of(scene(1)), "bob")
    assert [image.id for image in gallery.alike(mine, "ann")] == [mine, copy]
    with pytest.raises(NotFound):
        gallery.alike(his, "ann")
    assert [image.id for image in gallery.alike(mine, "ann", Filters(size=(128, 96)))] == [copy]
    gallery.trash([copy], "ann")
    assert [image.id for image in gallery.alike(mine, "ann")] == [mine]
    gallery.delete(mine, "ann")
    with gallery.rows.reading() as connection:
        assert connection.execute("SELECT count(*) FROM looks").fetchone()[0] == 2


def test_an_older_studio_s_pictures_are_looked_at_beside_the_day_s_work(gallery: Gallery, tmp_path, monkeypatch):
    monkeypatch.setattr(looks, "CHUNK", 2)
    ids = [take(gallery, bytes_of(scene(seed))) for seed in range(5)]
    gallery.thumbnail(ids[1], None).unlink()
    with gallery.rows.writing() as connection:
        connection.execute("DELETE FROM looks")
    assert gallery.alike(ids[0], "ann") == []
    after, rounds = 0, 0
    while after := looks.read_batch(gallery.rows, tmp_path, after):
        rounds += 1
    assert rounds == 3
    assert {image.id for image in gallery.alike(ids[0], "ann")} == {ids[0], *ids[2:]}


def test_a_look_is_small_and_transparent_pictures_have_one_too():
    clear = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    assert len(look_of(bytes_of(clear, "WEBP"))) == len(look_of(file())) == LENGTH == 160
