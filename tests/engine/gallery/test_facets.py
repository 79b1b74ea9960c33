"""Counts are those of the pictures themselves, whatever is asked and however the pictures came."""

import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.gallery.rows import GalleryImage
from engine.gallery.search import Filters
from engine.gallery.store import Change, Gallery
from tests.engine.gallery.pictures import put, row

WORDS = ("fox", "snow", "night")
FILTERS = {"models": ("m1",), "samplers": ("Euler", "Heun"), "size": (512, 768), "stars": 2}


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """A hundred and twenty pictures, some of them in the trash; only looked at."""
    gallery, draw = Gallery(tmp_path_factory.mktemp("crowd")), random.Random(11)
    ids = put(
        gallery,
        *(
            row(
                " ".join(word for word in WORDS if draw.random() < 0.6) or "none",
                owner=draw.choice(("ann", "bob")),
                model=draw.choice(("m1", "m2", "m3")),
                sampler=draw.choice(("Euler", "Heun", "DDIM")),
                size=draw.choice(((512, 512), (512, 768))),
            )
            for _ in range(120)
        ),
    )
    for number in range(5):
        gallery.change(ids[number::7], None, Change(stars=number + 1, add_tags=(f"tag {number}", "all")))
    gallery.trash(ids[::9], None)
    yield gallery
    gallery.close()


def pictures(gallery: Gallery, owner: str | None, filters: Filters) -> list[GalleryImage]:
    return gallery.page(owner, limit=200, filters=filters)[0]


@pytest.mark.parametrize("trash", [False, True])
@pytest.mark.parametrize("owner", [None, "ann"])
@pytest.mark.parametrize("asked", ["", "fox", "fox -snow", "-snow", '-"fox snow"', "nothing", "-nothing"])
@pytest.mark.parametrize("chosen", [(), *((name,) for name in FILTERS), ("models", "stars"), tuple(FILTERS)])
def test_every_count_is_the_number_of_pictures_that_the_choice_shows(
    crowd: Gallery, asked: str, owner: str | None, trash: bool, chosen: tuple[str, ...]
) -> None:
    filters: dict[str, Any] = {"q": f"{asked} ", "trash": trash, **{name: FILTERS[name] for name in chosen}}
    facets = crowd.facets(owner, Filters(**filters))
    assert crowd.count(owner, Filters(**filters)) == len(pictures(crowd, owner, Filters(**filters)))
    for name, own, value in (
        ("models", "models", lambda image: image.checkpoint),
        ("samplers", "samplers", lambda image: image.sampler),
        ("sizes", "size", lambda image: f"{image.width}x{image.height}"),
        ("stars", "stars", lambda image: image.stars),
    ):
        others = Filters(**{key: wanted for key, wanted in filters.items() if key != own})
        counted = Counter(value(image) for image in pictures(crowd, owner, others))
        assert {f["value"]: f["count"] for f in facets[name]} == counted, name
    tags = Counter(tag for image in pictures(crowd, owner, Filters(**filters)) for tag in image.tags)
    assert {f["value"]: f["count"] for f in facets["tags"]} == tags
    for values in facets.values():
        assert [f["count"] for f in values] == sorted((f["count"] for f in values), reverse=True)


def test_a_catalogue_of_before_the_kinds_is_counted_as_before(gallery: Gallery, tmp_path: Path) -> None:
    ids = put(gallery, row(model="m1"), row(model="m1"), row(model="m2", sampler="Heun"))
    gallery.change(ids[:1], None, Change(stars=3))
    before = gallery.facets(None)
    gallery.close()
    old = sqlite3.connect(tmp_path / "atelier.db")
    old.executescript(
        "DROP INDEX catalogue_by_time; DROP INDEX catalogue_by_kind; DROP TABLE catalogue_kinds;"
        "ALTER TABLE catalogue DROP COLUMN kind;"
        "CREATE INDEX catalogue_facets ON catalogue (trashed, model, sampler, width, height, stars);"
    )
    old.close()
    for _ in range(2):
        gallery = Gallery(tmp_path)
        assert gallery.facets(None) == before
        put(gallery, row(model="m1", sampler="DDIM", size=(512, 512)))
        put(gallery, row(model="new"))
        assert gallery.count(None, Filters(models=("new",))) == 1
        gallery.delete(gallery.page(None)[0][0].id, None)
        gallery.delete(gallery.page(None)[0][0].id, None)
        gallery.close()
