"""What one looks for is found, whatever one types, in every order, page by page."""

import random
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.errors import BadRequest
from engine.gallery.search import SORTS, Filters
from engine.gallery.store import Change, Gallery
from tests.engine.gallery.pictures import put, row

PROMPTS = {
    "house": "a red house at night, best_quality",
    "red": "night, a house painted red",
    "chinese": "夜晚的红色房子, 4k",
    "noir": "film-noir portrait <lora:smoke_v2:0.8>",
    "café": "Café in Zürich",
}


def found(gallery: Gallery, ids: dict[str, str], **filters: Any) -> set[str]:
    names = {image_id: name for name, image_id in ids.items()}
    images, _ = gallery.page(None, filters=Filters(**filters))
    assert gallery.count(None, Filters(**filters)) == len(images)
    return {names[image.id] for image in images}


@pytest.fixture
def ids(gallery: Gallery) -> dict[str, str]:
    rows = {name: row(prompt, negative="blurry" if name == "noir" else "") for name, prompt in PROMPTS.items()}
    put(gallery, *rows.values())
    return {name: new.id for name, new in rows.items()}


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("", set(PROMPTS)),
        ("house", {"house", "red"}),
        ("red house", {"house", "red"}),
        ("HOUSE night", {"house", "red"}),
        ('"red house"', {"house"}),
        ('"house red"', set()),
        ("house -painted", {"house"}),
        ('-"red house" house', {"red"}),
        ("-house", {"chinese", "noir", "café"}),
        ("hou", {"house", "red"}),
        ("h", {"house", "red"}),
        ("hou night", set()),
        ('"hou"', set()),
        ("blurry", {"noir"}),
        ("cafe zurich", {"café"}),
        ("quality", {"house"}),
        ("best_quality", {"house"}),
        ("film-noir", {"noir"}),
        ("lora:smoke", {"noir"}),
        ("房", {"chinese"}),
        ("红色", {"chinese"}),
        ("红色房子", {"chinese"}),
        ("夜 房子", {"chinese"}),
        ("房色", set()),
        ("４ｋ", {"chinese"}),
    ],
)
def test_words_are_found(gallery: Gallery, ids: dict[str, str], asked: str, wanted: set[str]) -> None:
    assert found(gallery, ids, q=asked) == wanted


HOSTILE = [
    *(
        '"',
        "'",
        '""',
        "AND",
        "OR",
        "NOT",
        "a AND",
        "NEAR(a b, 2)",
        "*",
        "a*b*",
        "(((",
        ")",
        "text:red",
        "{a} : b",
        "^a",
    ),
    *("\0", "red\0", "- - -", "--", "-*", "'; DROP TABLE images; --", "\ud800", "😀", "￿", "a" * 100_000, '"' * 10_001),
    *(" ".join(f"word{i}" for i in range(10_000)), "房" * 10_000, "(" * 10_000, "-a " * 10_000, "a-" * 10_000),
]


@pytest.mark.parametrize("asked", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_is_typed_is_a_search(gallery: Gallery, ids: dict[str, str], asked: str) -> None:
    begun = time.perf_counter()
    gallery.page(None, filters=Filters(q=asked))
    gallery.facets(None, Filters(q=asked))
    assert time.perf_counter() - begun < 1


def test_noise_of_signs_is_a_search(gallery: Gallery, ids: dict[str, str]) -> None:
    draw = random.Random(7)
    for _ in range(500):
        asked = "".join(draw.choice('"-*()ab 房\0:^+{}ANDORT\\\u0301\u200b') for _ in range(draw.randint(1, 30)))
        gallery.count(None, Filters(q=asked))


def many(gallery: Gallery) -> dict[str, str]:
    rows = {
        "old": row("a", created=day("2024-01-31", 23), model="m1", sampler="Euler", seed=2**64 - 1, size=(512, 768)),
        "new": row("b", created=day("2024-02-01", 0), model="m2", sampler="Euler a", seed=5),
        "last": row("c", created=day("2024-02-01", 12), model="m2", sampler="Heun", seed=0),
    }
    put(gallery, *rows.values())
    return {name: new.id for name, new in rows.items()}


def day(text: str, hour: int) -> float:
    return time.mktime(time.strptime(f"{text} {hour}", "%Y-%m-%d %H"))


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({"models": ("m2",)}, {"new", "last"}),
        ({"models": ("m1", "m2")}, {"old", "new", "last"}),
        ({"samplers": ("Euler", "Heun")}, {"old", "last"}),
        ({"size": (512, 768)}, {"old"}),
        ({"since": date(2024, 2, 1)}, {"new", "last"}),
        ({"until": date(2024, 1, 31)}, {"old"}),
        ({"since": date(2024, 1, 31), "until": date(2024, 1, 31)}, {"old"}),
        ({"since": date(1, 1, 1), "until": date(9999, 12, 31)}, {"old", "new", "last"}),
        ({"seed": 2**64 - 1}, {"old"}),
        ({"seed": 0}, {"last"}),
        ({"models": ("m2",), "samplers": ("Euler",)}, set()),
    ],
)
def test_filters_narrow(gallery: Gallery, filters: dict[str, Any], wanted: set[str]) -> None:
    assert found(gallery, many(gallery), **filters) == wanted


def test_orders(gallery: Gallery) -> None:
    ids = many(gallery)
    names = {image_id: name for name, image_id in ids.items()}
    gallery.change([ids["old"]], None, Change(stars=4))

    def ordered(sort: str) -> list[str]:
        return [names[image.id] for image in gallery.page(None, sort=sort)[0]]

    assert ordered("newest") == ["last", "new", "old"]
    assert ordered("oldest") == ["old", "new", "last"]
    assert ordered("stars") == ["old", "last", "new"]
    assert ordered("seed") == ["last", "new", "old"]
    with pytest.raises(BadRequest, match="no such order"):
        gallery.page(None, sort="'; --")


@pytest.mark.parametrize("sort", SORTS)
def test_pages_have_no_gap_and_no_repetition_where_everything_is_equal(gallery: Gallery, sort: str) -> None:
    ids = put(gallery, *(row(created=1e9, seed=3, owner="ann" if i % 3 else "bob") for i in range(30)))
    for owner, wanted in ((None, 30), ("ann", 20)):
        seen, cursor = [], None
        while True:
            images, cursor = gallery.page(owner, cursor, 7, sort=sort)
            seen += [image.id for image in images]
            if not cursor:
                break
        assert len(seen) == len(set(seen)) == wanted
        assert set(seen) <= set(ids)


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("cursor", ["x", "_", "nan_a", "inf_a", "1e999_a", "9" * 400 + "_a", "1_2_3_4", "1.0", "é_\0"])
def test_a_made_up_cursor_is_refused(gallery: Gallery, sort: str, cursor: str) -> None:
    with pytest.raises(BadRequest, match="not a page"):
        gallery.page(None, cursor, sort=sort)


def counted(values: list[dict[str, Any]]) -> dict[Any, int]:
    return {value["value"]: value["count"] for value in values}


def test_facets_count_what_a_choice_would_show(gallery: Gallery) -> None:
    ids = many(gallery)
    gallery.change([ids["new"], ids["last"]], None, Change(stars=3, add_tags=("sea",)))
    facets = gallery.facets(None)
    assert facets["models"] == [{"value": "m2", "count": 2}, {"value": "m1", "count": 1}]
    assert counted(facets["samplers"]) == {"Euler": 1, "Euler a": 1, "Heun": 1}
    assert counted(facets["sizes"]) == {"512x512": 2, "512x768": 1}
    assert counted(facets["stars"]) == {3: 2, 0: 1}
    assert counted(facets["tags"]) == {"sea": 2}
    heun = gallery.facets(None, Filters(samplers=("Heun",)))
    assert counted(heun["models"]) == {"m2": 1}
    assert counted(heun["samplers"]) == {"Euler": 1, "Euler a": 1, "Heun": 1}, "another sampler can still be chosen"
    assert counted(gallery.facets(None, Filters(q="b"))["samplers"]) == {"Euler a": 1}
    assert gallery.facets("bob") == {name: [] for name in ("models", "samplers", "sizes", "stars", "tags")}


def test_a_facet_lists_its_fifty_most_frequent_values(gallery: Gallery) -> None:
    put(gallery, *(row(model=f"m{i}") for i in range(60)), row(model="m7"))
    models = gallery.facets(None)["models"]
    assert len(models) == 50
    assert models[0] == {"value": "m7", "count": 2}


def test_a_count_is_right_after_every_change(gallery: Gallery) -> None:
    ids = put(gallery, row(), row())
    assert gallery.count(None) == 2
    put(gallery, row())
    assert gallery.count(None) == 3
    gallery.trash(ids[:1], None)
    assert (gallery.count(None), gallery.count(None, Filters(trash=True))) == (2, 1)


def plan(gallery: Gallery, query: str) -> str:
    with gallery.rows.reading() as connection:
        return " ".join(row[-1] for row in connection.execute("EXPLAIN QUERY PLAN " + query))


def test_a_page_is_read_in_the_order_of_an_index(gallery: Gallery, tmp_path: Path) -> None:
    told = plan(
        gallery,
        "SELECT number, created, id FROM catalogue WHERE trashed IS NULL AND (created, id) < (5.0, 'x')"
        " ORDER BY created DESC, id DESC LIMIT 49",
    )
    assert "COVERING INDEX catalogue_by_time (trashed=? AND (created,id)<(?,?))" in told
    assert "TEMP B-TREE" not in told
