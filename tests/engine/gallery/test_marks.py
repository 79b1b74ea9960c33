"""Stars and tags stay, the trash gives back, and nobody marks what is not theirs."""

import time
from pathlib import Path

import pytest

from engine.errors import BadRequest, NotFound
from engine.gallery.filing import Filing
from engine.gallery.names import Names
from engine.gallery.search import Filters
from engine.gallery.store import Change, Gallery
from tests.engine.gallery.pictures import file, put, row
from tests.engine.gallery.test_gallery import everything, job, made

TRASH = Filters(trash=True)


def test_stars_and_tags_survive_a_new_start(gallery: Gallery, tmp_path: Path) -> None:
    ids = put(gallery, row(), row(), row())
    assert gallery.change(ids[:2], None, Change(stars=5, add_tags=("sea", "  blue \n sky "))) == 2
    assert gallery.change(ids[:1], None, Change(remove_tags=("sea",))) == 1
    again = Gallery(tmp_path)
    assert (again.get(ids[0], None).stars, again.get(ids[0], None).tags) == (5, ("blue sky",))
    assert again.get(ids[1], None).tags == ("blue sky", "sea")
    assert (again.get(ids[2], None).stars, again.get(ids[2], None).tags) == (0, ())
    assert [i.id for i in again.page(None, filters=Filters(stars=5, tags=("blue sky", "sea")))[0]] == [ids[1]]
    again.close()


@pytest.mark.parametrize(
    "change", [Change(stars=6), Change(stars=-1), Change(add_tags=("x" * 65,)), Change(add_tags=("a\0b",))]
)
def test_a_mark_that_cannot_be_is_refused_and_changes_nothing(gallery: Gallery, change: Change) -> None:
    (image_id,) = put(gallery, row())
    gallery.change([image_id], None, Change(stars=2))
    with pytest.raises(BadRequest):
        gallery.change([image_id], None, change)
    assert (gallery.get(image_id, None).stars, gallery.get(image_id, None).tags) == (2, ())


def test_the_trash_hides_and_gives_back(gallery: Gallery) -> None:
    of = job()
    image = gallery.keep(of, made(of))
    gallery.change([image.id], None, Change(stars=3, add_tags=("sea",)))
    assert gallery.trash([image.id], None) == 1
    assert gallery.trash([image.id], None) == 0, "it is there already"
    assert gallery.page(None) == ([], None)
    assert gallery.facets(None)["models"] == []
    assert [i.id for i in gallery.page(None, filters=TRASH)[0]] == [image.id]
    assert gallery.get(image.id, None).trashed is not None
    assert gallery.restore([image.id], None) == 1
    (back,) = gallery.page(None)[0]
    assert (back.id, back.stars, back.tags, back.trashed) == (image.id, 3, ("sea",), None)


def test_emptying_the_trash_deletes_its_pictures_and_no_others(gallery: Gallery, tmp_path: Path) -> None:
    ids = []
    for _ in range(4):
        of = job()
        ids.append(gallery.keep(of, made(of)).id)
    gallery.change(ids, None, Change(add_tags=("sea",)))
    gallery.trash(ids[:3], None)
    assert gallery.empty_trash(None, [ids[0], ids[3]]) == 1, "what is not in the trash stays"
    assert gallery.empty_trash(None) == 2
    assert [i.id for i in gallery.page(None)[0]] == [ids[3]]
    assert len(everything(tmp_path)) == 2
    with gallery.rows.reading() as connection:
        for table in ("images", "catalogue", "catalogue_tags", "catalogue_words"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 1, table
    assert gallery.count(None, Filters(q="cat")) == 1


def test_what_is_restored_at_the_last_moment_is_not_deleted(gallery: Gallery, tmp_path: Path) -> None:
    ids = put(gallery, row(), row())
    gallery.trash(ids, None)
    gallery.restore(ids[:1], None)
    assert Filing(gallery.rows, tmp_path, Names()).remove(ids, trashed=True) == 1
    assert [i.id for i in gallery.page(None)[0]] == ids[:1]


def test_after_thirty_days_the_trash_empties_itself(gallery: Gallery) -> None:
    ids = put(gallery, row(), row())
    gallery.trash(ids[:1], None)
    assert gallery.expire(time.time() + 29.9 * 86400) == 0
    assert gallery.expire(time.time() + 30.1 * 86400) == 1
    assert [i.id for i in gallery.page(None)[0]] == ids[1:]


def test_nobody_marks_throws_away_or_carries_off_what_is_not_theirs(gallery: Gallery) -> None:
    mine, others = put(gallery, row(owner="ann"), row(owner="bob"))
    assert gallery.change([mine, others], "ann", Change(stars=5, add_tags=("x",))) == 1
    assert gallery.trash([mine, others], "ann") == 1
    assert gallery.trash([others], "bob") == 1
    assert gallery.restore([others], "ann") == 0
    assert gallery.empty_trash("ann") == 1
    kept = gallery.get(others, "bob")
    assert (kept.stars, kept.tags) == (0, ())
    with pytest.raises(NotFound):
        gallery.select([others], "ann")
    token = gallery.select([others], "bob")
    with pytest.raises(NotFound):
        gallery.zip(token, "ann")
    assert gallery.count("ann") == 0
    assert gallery.facets("ann")["tags"] == []


def test_an_imported_picture_is_taken_out_of_the_trash_when_it_comes_again(gallery: Gallery) -> None:
    image, known = gallery.take_in(file(), "a.png", "ann", seen_by=None)
    assert not known
    gallery.trash([image.id], None)
    again, known = gallery.take_in(file(), "b.png", "ann", seen_by=None)
    assert (again.id, known, again.trashed) == (image.id, True, None)
