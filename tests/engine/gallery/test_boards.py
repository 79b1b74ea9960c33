"""Boards: what is shared is seen by others and changed by nobody else; the rest stays one's own."""

from collections.abc import Callable

import pytest

from engine.errors import BadRequest, NotFound
from engine.gallery import search
from engine.gallery.boards import MOST
from engine.gallery.search import Filters
from engine.gallery.store import Change, Gallery
from tests.engine.gallery.pictures import file, put, row


def listed(gallery: Gallery, owner: str | None, **filters: object) -> list[str]:
    wanted = Filters(**filters)  # pyright: ignore[reportArgumentType]
    images, _ = gallery.page(owner, filters=wanted)
    assert gallery.count(owner, wanted) == len(images)
    assert sum(f["count"] for f in gallery.facets(owner, wanted)["stars"]) == len(images)
    return [image.prompt for image in images]


@pytest.fixture
def cats(gallery: Gallery) -> list[str]:
    """Ann's three cats, the first two on her board; and a dog of bob's."""
    ids = put(gallery, *(row(f"cat {n}", created=1e9 + n) for n in range(3)), row("dog", owner="bob"))
    board = gallery.boards.add("ann", " her\tcats ", "Ann")
    assert gallery.boards.put(board, ids, "ann") == 3
    assert gallery.boards.put(board, ids[:1], "ann") == 0
    assert gallery.boards.take(board, ids[2:], "ann") == 1
    return [board, *ids]


def test_a_board_holds_one_s_own_pictures_and_deleting_it_deletes_none(gallery: Gallery, cats: list[str]):
    board = cats[0]
    (told,) = gallery.boards.all("ann")
    assert (told.name, told.mine, told.shared, told.pictures) == ("her cats", True, False, 2)
    assert listed(gallery, "ann", board=board) == ["cat 1", "cat 0"]
    assert gallery.boards.of(cats[1], "ann") == [board]
    other = gallery.boards.add("ann", "again")
    gallery.boards.put(other, cats[1:2], "ann")
    assert set(gallery.boards.of(cats[1], "ann")) == {board, other}
    gallery.boards.remove(board, "ann")
    assert listed(gallery, "ann") == ["cat 2", "cat 1", "cat 0"]
    assert gallery.boards.of(cats[1], "ann") == [other]
    gallery.delete(cats[1], "ann")
    assert gallery.boards.all("ann")[0].pictures == 0


def test_what_is_not_shared_is_not_there_for_others(gallery: Gallery, cats: list[str]):
    board, cat, *_ = cats
    assert gallery.boards.all("bob") == []
    assert listed(gallery, "bob") == ["dog"]
    assert listed(gallery, "bob", shared=True) == []
    doors: list[Callable[[], object]] = [
        lambda: gallery.page("bob", filters=Filters(board=board)),
        lambda: gallery.count("bob", Filters(board=board)),
        lambda: gallery.facets("bob", Filters(board=board)),
        lambda: gallery.boards.change(board, "bob", shared=True),
        lambda: gallery.boards.remove(board, "bob"),
        lambda: gallery.boards.put(board, cats[4:], "bob"),
        lambda: gallery.boards.take(board, cats[1:], "bob"),
        lambda: gallery.get(cat, "bob"),
        lambda: gallery.file(cat, "bob"),
        lambda: gallery.select([cat], "bob"),
    ]
    for door in doors:
        with pytest.raises(NotFound):
            door()


def test_what_is_shared_is_seen_and_changed_by_nobody_else(gallery: Gallery, cats: list[str]):
    board, cat, _, hidden, _ = cats
    gallery.change([cat], "ann", Change(stars=4, add_tags=("tabby",)))
    gallery.boards.change(board, "ann", shared=True)
    (told,) = gallery.boards.all("bob")
    assert (told.name, told.mine, told.by, told.pictures) == ("her cats", False, "Ann", 2)
    assert listed(gallery, "bob") == ["dog"]
    assert listed(gallery, "bob", shared=True) == ["cat 1", "cat 0"]
    assert listed(gallery, "bob", board=board, q='"cat 0"') == ["cat 0"]
    assert gallery.facets("bob", Filters(board=board))["tags"] == [{"value": "tabby", "count": 1}]
    assert gallery.get(cat, "bob").prompt == "cat 0"
    with pytest.raises(NotFound):
        gallery.get(hidden, "bob")
    with pytest.raises(NotFound):
        gallery.select([cat, hidden], "bob")
    assert gallery.change([cat], "bob", Change(stars=1)) == 0
    assert gallery.trash([cat], "bob") == 0
    for change in (
        lambda: gallery.delete(cat, "bob"),
        lambda: gallery.boards.change(board, "bob", name="mine"),
        lambda: gallery.boards.take(board, [cat], "bob"),
        lambda: gallery.boards.remove(board, "bob"),
    ):
        with pytest.raises(NotFound):
            change()
    assert gallery.get(cat, "ann").stars == 4
    gallery.boards.change(board, "ann", shared=False)
    assert listed(gallery, "bob", shared=True) == []
    with pytest.raises(NotFound):
        gallery.get(cat, "bob")


def test_the_trash_of_a_shared_board_is_nobody_else_s_to_see(gallery: Gallery, cats: list[str]):
    board, cat, *_ = cats
    gallery.boards.change(board, "ann", shared=True)
    gallery.trash([cat], "ann")
    assert listed(gallery, "bob", board=board, trash=True) == ["cat 1"]
    assert listed(gallery, "bob", shared=True, trash=True) == ["cat 1"]
    assert listed(gallery, "ann", board=board, trash=True) == ["cat 0"]
    assert [gallery.boards.all(owner)[0].pictures for owner in ("ann", "bob", None)] == [1, 1, 1]
    with pytest.raises(NotFound):
        gallery.get(cat, "bob")


def test_a_board_shows_only_its_owner_s_pictures_once_people_are_told_apart(gallery: Gallery, cats: list[str]):
    """On one's own machine any picture goes on any board; accounts that come later make nobody's public."""
    board, dog = cats[0], cats[4]
    assert gallery.boards.put(board, [dog], None) == 1
    gallery.boards.change(board, None, shared=True)
    assert len(listed(gallery, None, board=board)) == 3
    assert listed(gallery, "carl", board=board) == ["cat 1", "cat 0"]
    assert listed(gallery, "carl", shared=True) == ["cat 1", "cat 0"]
    assert [board.pictures for board in gallery.boards.all("carl")] == [2]
    with pytest.raises(NotFound):
        gallery.get(dog, "carl")


def test_a_large_board_is_walked_in_its_order_and_finds_the_same(
    gallery: Gallery, cats: list[str], monkeypatch: pytest.MonkeyPatch
):
    for sort in search.SORTS:
        small = gallery.page("ann", filters=Filters(board=cats[0]), sort=sort, limit=1)
        with monkeypatch.context() as patched:
            patched.setattr(search, "MANY", 0)
            assert gallery.page("ann", filters=Filters(board=cats[0]), sort=sort, limit=1) == small


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\x1bb", 5, None])
def test_a_board_s_name_is_one_line(gallery: Gallery, name: str):
    with pytest.raises(BadRequest) as refused:
        gallery.boards.add("ann", name)
    assert refused.value.problem.field == "name"


def test_there_is_an_end_of_boards(gallery: Gallery):
    for number in range(MOST):
        gallery.boards.add("ann", f"board {number}")
    with pytest.raises(BadRequest):
        gallery.boards.add("ann", "one more")
    gallery.boards.add("bob", "his first")


def test_a_shared_picture_is_carried_away_by_others(gallery: Gallery):
    image, _ = gallery.take_in(file(), "fox.png", "ann", seen_by="ann")
    board = gallery.boards.add("ann", "foxes", shared=True)
    gallery.boards.put(board, [image.id], "ann")
    assert file() in b"".join(gallery.zip(gallery.select([image.id], "bob"), "bob"))
    assert gallery.file(image.id, "bob").read_bytes() == file()
