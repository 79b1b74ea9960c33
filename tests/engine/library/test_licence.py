"""A model's licence is what its files state: nothing is guessed, and no address is taken that could do harm."""

import json
from pathlib import Path

import pytest

from engine.library.licence import Licence, licence_of
from engine.library.scan import Library
from tests.engine.library.blobs import of_shapes, write

APACHE = "https://www.apache.org/licenses/LICENSE-2.0"


def test_the_card_speaks_before_the_file_and_the_file_before_what_lies_beside(tmp_path: Path) -> None:
    model = write(tmp_path / "m.safetensors", of_shapes({"a": [2]}))
    assert licence_of(model, "") == Licence()
    (tmp_path / "m.md").write_text("---\ntags: [x]\nlicense: mit\n---\n# M\n")
    assert licence_of(model, "") == Licence("mit", "https://opensource.org/license/mit")
    (tmp_path / "m.json").write_text(json.dumps({"license": "CC-BY-4.0"}))
    assert licence_of(model, "").name == "CC-BY-4.0"
    write(model, of_shapes({"a": [2]}, {"modelspec.license": "Apache-2.0"}))
    assert licence_of(model, "") == Licence("Apache-2.0", APACHE)
    assert licence_of(model, "Only for tea") == Licence("Only for tea", "")


def test_a_readme_names_a_licence_of_its_own_with_its_address(tmp_path: Path) -> None:
    front = "license: other\nlicense_name: house-rules\nlicense_link: https://example.org/rules"
    (tmp_path / "README.md").write_text(f"---\n{front}\n---\n")
    assert licence_of(tmp_path, "") == Licence("house-rules", "https://example.org/rules")


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "http://example.org",
        "https://e.org/'onclick=x",
        'https://e.org/"><b>',
        "//e.org",
        "LICENSE",
    ],
)
def test_an_address_that_could_do_harm_is_no_address(link: str, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(f"---\nlicense: <b>own</b>\nlicense_link: {link}\n---\n")
    assert licence_of(tmp_path, "") == Licence("<b>own</b>", "")


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"---\nlicense: " + b"x" * 2**21, b"---\n" * 9999, b"[" * 99_999, b'{"license": ["mit"]}'],
)
def test_what_is_broken_states_nothing(content: bytes, tmp_path: Path) -> None:
    model = write(tmp_path / "m.safetensors", b"no model")
    for name in ("m.md", "m.json"):
        (tmp_path / name).write_bytes(content)
    assert licence_of(model, "") == Licence()


def test_a_licence_that_is_added_later_is_seen(tmp_path: Path) -> None:
    model = write(tmp_path / "checkpoints" / "m.safetensors", of_shapes({"a": [2]}))
    library = Library(tmp_path, tmp_path / "cache")
    assert [found.licence for found in library.checkpoints()] == [""]
    model.with_suffix(".md").write_text("---\nlicense: apache-2.0\n---\n")
    library.refresh()
    assert [(found.licence, found.licence_link) for found in library.checkpoints()] == [("apache-2.0", APACHE)]
