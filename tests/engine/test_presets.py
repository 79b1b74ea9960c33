"""Presets keep settings under a name, refuse what no request takes, and travel as a file."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.errors import AtelierError, BadRequest, NotFound
from engine.presets import BUILT_IN, LONGEST_NAME, MOST, Presets, checked


@pytest.fixture
def presets(tmp_path: Path) -> Iterator[Presets]:
    presets = Presets(tmp_path)
    yield presets
    presets.close()


def picture(kind: str = "WEBP") -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (400, 200), "red").save(content, kind)
    return content.getvalue()


def test_a_preset_comes_back_after_a_new_start_with_its_picture(tmp_path: Path) -> None:
    presets = Presets(tmp_path)
    made = presets.add("ann", "  Evening   light ", {"steps": 31, "seed": 2**64 - 1, "eta": None}, picture())
    presets.close()
    presets = Presets(tmp_path)
    again = presets.get(made.id, "ann")
    assert (again.name, again.pictured) == ("Evening light", True)
    assert again.values == {"steps": 31, "seed": str(2**64 - 1), "eta": None}
    assert presets.thumbnail(made.id, "ann") == picture()
    presets.close()


def test_others_do_not_see_it_and_on_ones_own_machine_all_are_shown(presets: Presets) -> None:
    made = presets.add("ann", "mine", {"steps": 31})
    assert [p.name for p in presets.all("bob") if not p.built_in] == []
    assert [p.name for p in presets.all(None) if not p.built_in] == ["mine"]
    for act in (presets.get, presets.remove, presets.thumbnail):
        with pytest.raises(NotFound):
            act(made.id, "bob")
    with pytest.raises(NotFound):
        presets.change(made.id, "bob", name="bob's", values={"steps": 1})
    assert (presets.get(made.id, "ann").name, presets.get(made.id, "ann").values) == ("mine", {"steps": 31})


def test_a_name_is_borne_once_and_a_preset_can_be_renamed_and_overwritten(presets: Presets) -> None:
    first, second = presets.add("ann", "one", {"steps": 31}), presets.add("ann", "two", {"steps": 32})
    presets.add("bob", "one", {"steps": 33})
    with pytest.raises(BadRequest, match="already"):
        presets.add("ann", "one", {"steps": 34})
    with pytest.raises(BadRequest, match="already"):
        presets.change(second.id, "ann", name="one")
    changed = presets.change(first.id, "ann", name="eins", values={"guidance": 8})
    assert (changed.name, changed.values) == ("eins", {"guidance": 8.0})
    with pytest.raises(BadRequest):
        presets.change(first.id, "ann", values={"guidance": "much"})
    assert presets.get(first.id, "ann").values == {"guidance": 8.0}
    presets.remove(first.id, "ann")
    assert [p.name for p in presets.all("ann") if not p.built_in] == ["two"]


@pytest.mark.parametrize("values", [{}, None, {"steps": 0}, {"magic": 1}, {"sampler": "Magic"}, {"width": 100}])
def test_what_no_request_takes_is_no_preset(presets: Presets, values: Any) -> None:
    with pytest.raises(BadRequest):
        presets.add("ann", "bad", values)


@pytest.mark.parametrize("name", ["", "   ", "x" * (LONGEST_NAME + 1)])
def test_a_name_has_a_length(presets: Presets, name: str) -> None:
    with pytest.raises(BadRequest):
        presets.add("ann", name, {"steps": 31})


def test_the_built_in_ones_can_be_drawn_and_not_be_changed(presets: Presets) -> None:
    for key, (_, values) in BUILT_IN.items():
        assert checked(values) == {**values, **({"seed": -1} if "seed" in values else {})}
        for act in (presets.remove, presets.change):
            with pytest.raises(BadRequest, match="built in"):
                act(key, None)


def test_exported_presets_are_imported_elsewhere_and_a_taken_name_gets_a_number(presets: Presets) -> None:
    presets.add("ann", "light", {"steps": 31}, picture())
    presets.add("ann", "dark", {"guidance": 3})
    content = presets.exported("ann")
    presets.import_("bob", content)
    presets.import_("bob", content)
    found = {p.name: p for p in presets.all("bob") if not p.built_in}
    assert set(found) == {"light", "light (2)", "dark", "dark (2)"}
    assert found["light (2)"].values == {"steps": 31}
    small = Image.open(io.BytesIO(presets.thumbnail(found["light"].id, "bob")))
    assert (small.format, small.size) == ("WEBP", (320, 160))


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {"presets": 7},
        {"presets": ["text"]},
        {"presets": [{"name": "x", "values": {"steps": "many"}}]},
        {"presets": [{"name": "good", "values": {"steps": 9}}, {"name": "x", "values": {"magic": 1}}]},
        {"presets": [{"name": "x", "values": {"steps": 9}, "thumbnail": "no base64!"}]},
        {"presets": [{"name": "x", "values": {"steps": 9}, "thumbnail": base64.b64encode(b"no picture").decode()}]},
    ],
)
def test_a_hostile_file_adds_nothing(presets: Presets, content: Any) -> None:
    with pytest.raises(AtelierError):
        presets.import_("ann", content)
    assert not [p for p in presets.all("ann") if not p.built_in]


def test_a_file_for_which_there_is_no_room_adds_nothing(presets: Presets) -> None:
    presets._connection.execute("PRAGMA synchronous = OFF")
    for n in range(MOST - 1):
        presets.add("ann", f"preset {n}", {"steps": 9})
    two = {"presets": [{"name": "one more", "values": {"steps": 9}}, {"name": "too many", "values": {"steps": 9}}]}
    with pytest.raises(BadRequest, match=f"more than {MOST}"):
        presets.import_("ann", two)
    assert len(presets.all("ann")) == MOST - 1 + len(BUILT_IN)
    presets.import_("ann", {"presets": two["presets"][:1]})
    with pytest.raises(BadRequest, match=f"more than {MOST}"):
        presets.add("ann", "too many", {"steps": 9})
