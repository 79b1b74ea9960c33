"""Recipes: what is written is read again, what is missing is named with its hash, and nothing hostile gets further."""

import base64
import hashlib
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import recipe
from engine.errors import BadRequest
from engine.infotext import Reading
from engine.library.scan import Library
from engine.request.read import read
from engine.request.schema import flat
from engine.settings import HOUSE
from tests.engine.gallery.pictures import file

DRAWN: dict[str, Any] = {
    "prompt": "a red house, 红色的房子",
    "steps": 7,
    "seed": 2**63,
    "sampler": "Heun",
    "guidance": 4.5,
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return Library(HOUSE / "models", tmp_path_factory.mktemp("cache"))


def kept_nothing(data: bytes) -> str:
    raise AssertionError("a picture was kept")


def test_a_recipe_survives_its_file_and_its_link():
    values = flat(read(DRAWN))
    for text in (recipe.written(values, [], None, {}), recipe.link(values).removeprefix("#recipe=").encode()):
        assert flat(read(recipe.opened(text, kept_nothing).values)) == values


def test_pictures_travel_inside_if_wanted(tmp_path: Path):
    data = file()
    digest = hashlib.sha256(data).hexdigest()
    kept: list[bytes] = []

    def keep(picture: bytes) -> str:
        kept.append(picture)
        return digest

    values = flat(read({"prompt": "a", "start": "picture", "picture": digest}))
    reading = recipe.opened(recipe.written(values, [], None, {digest: data}), keep)
    assert (kept, reading.values["picture"]) == ([data], digest)


def test_files_are_found_by_their_hash_and_missing_ones_are_named_with_it(library: Library, tmp_path: Path):
    model = library.checkpoints()[0]
    digest, unknown, picture = library.hash_of(model), "0123456789", "ab" * 32
    renamed = recipe.understood(Reading({"checkpoint": "gone", "checkpoint_hash": digest}), library, tmp_path)
    assert (renamed.values["checkpoint"], renamed.missing) == (model.name, [])
    values = {
        "prompt": "a <lora:ghost:0.7> cat",
        "checkpoint": model.name,
        "checkpoint_hash": unknown,
        "lora_hashes": "ghost: 0011223344",
        "embedding_hashes": "bad-hands: 5566778899",
        "start": "picture",
        "picture": picture,
        "control": [{"model": "canny", "model_hash": "aabbccddee", "picture": picture}],
    }
    found = recipe.understood(Reading(values), library, tmp_path)
    assert [(need.kind, need.name, need.hash, need.here) for need in found.missing] == [
        ("checkpoint", model.name, unknown, "other"),
        ("lora", "ghost", "0011223344", "no"),
        ("embedding", "bad-hands", "5566778899", "no"),
        ("control", "canny", "aabbccddee", "no"),
        ("start", "", picture, "no"),
        ("map", "", picture, "no"),
    ]
    assert "picture" not in found.values
    assert found.leftovers["Starting picture"] == picture
    read(found.values)


def test_what_does_not_fit_here_is_left_out_and_told():
    asked = {**DRAWN, "steps": 10**9, "sampler": "Fantasy", "of another studio": [1, {"a": 2}]}
    reading = recipe.opened(json.dumps({"atelier_recipe": 1, "request": asked}).encode(), kept_nothing)
    assert reading.leftovers == {
        "steps": str(10**9),
        "sampler": "Fantasy",
        "of another studio": "[1, {'a': 2}]",
    }
    assert read(reading.values).sampling.seed == 2**63


def packed(text: bytes) -> bytes:
    return base64.urlsafe_b64encode(zlib.compress(text, 9)).rstrip(b"=")


HOSTILE: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "a picture": file,
    "no JSON": lambda: b"{",
    "a list": lambda: b"[]",
    "of another program": lambda: b'{"request": {}}',
    "of the future": lambda: b'{"atelier_recipe": 2, "request": {}}',
    "without values": lambda: b'{"atelier_recipe": 1}',
    "values that are a list": lambda: b'{"atelier_recipe": 1, "request": [1]}',
    "not a number": lambda: b'{"atelier_recipe": 1, "request": {"guidance": NaN}}',
    "deep": lambda: b'{"atelier_recipe": 1, "request": {"prompt": ' + b"[" * 200_000 + b"]" * 200_000 + b"}}",
    "many values": lambda: json.dumps({"atelier_recipe": 1, "request": {str(n): n for n in range(500)}}).encode(),
    "a bomb in a link": lambda: packed(b'{"atelier_recipe": 1, "request": {"prompt": "' + b"a" * 4_000_000 + b'"}}'),
    "half a link": lambda: packed(b'{"atelier_recipe": 1, "request": {"prompt": "a cat"}}')[:30],
    "too long a link": lambda: b"A" * 9_000,
    "too many pictures": lambda: json.dumps(
        {"atelier_recipe": 1, "request": {}, "pictures": {str(n): "" for n in range(13)}}
    ).encode(),
    "a picture under another's name": lambda: json.dumps(
        {"atelier_recipe": 1, "request": {}, "pictures": {"0" * 64: base64.b64encode(file()).decode()}}
    ).encode(),
    "a picture that is no base64": lambda: b'{"atelier_recipe": 1, "request": {}, "pictures": {"a": "\xc3\xa4"}}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_recipe_is_refused(name: str):
    with pytest.raises(BadRequest) as refused:
        recipe.opened(HOSTILE[name](), kept_nothing)
    assert refused.value.problem.code == "recipe.wrong"


def test_half_a_surrogate_pair_is_no_harm():
    reading = recipe.opened(b'{"atelier_recipe": 1, "request": {"prompt": "\\ud800 cat", "\\udfff": 1}}', kept_nothing)
    assert (reading.values["prompt"], reading.leftovers) == ("? cat", {"?": "1"})


def test_a_recipe_that_is_too_long_for_a_link_says_so():
    noise = "".join(hashlib.sha256(str(n).encode()).hexdigest() for n in range(200))
    with pytest.raises(BadRequest) as refused:
        recipe.link({"prompt": noise})
    assert refused.value.problem.code == "recipe.long"
