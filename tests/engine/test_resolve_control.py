"""Control units are settled: each ControlNet by its hash, each picture by its own; what does not fit is refused."""

from pathlib import Path
from typing import Any

import pytest

from engine.errors import BadRequest, ModelDamaged
from engine.library.scan import Library
from engine.request.generation import GenerationRequest
from engine.request.read import read
from engine.resolve import resolve
from engine.settings import HOUSE
from tests.engine.library.blobs import of_shapes, write
from tests.engine.library.test_control_kinds import controlnet

PICTURE = "a" * 64


@pytest.fixture
def library(tmp_path: Path) -> Library:
    models = tmp_path / "models"
    models.mkdir()
    (models / "checkpoints").symlink_to(HOUSE / "models" / "checkpoints")
    write(models / "controlnet" / "lines" / "scribble.safetensors", controlnet(192))
    write(models / "controlnet" / "other.safetensors", controlnet(768))
    write(models / "controlnet" / "ip.safetensors", of_shapes({"image_proj.proj.weight": [4, 4]}))
    return Library(models, tmp_path / "cache")


def settled(library: Library, *units: dict[str, Any], **values: Any) -> GenerationRequest:
    return resolve(
        read({**values, "control": [{"picture": PICTURE, "model": "scribble"} | unit for unit in units]}), library
    )


def test_a_unit_is_settled_by_the_hash_of_its_file(library: Library) -> None:
    once = settled(library, {})
    (unit,) = once.control
    assert unit.model == "lines/scribble"
    assert unit.model_hash == library.controls.hash_of(library.controls.find("scribble"))
    assert resolve(once, library) == once
    renamed = {"model": "its old name", "model_hash": unit.model_hash}
    assert settled(library, renamed).control == settled(library, {"model": f"x [{unit.model_hash}]"}).control == (unit,)


def test_without_a_picture_of_its_own_it_takes_the_starting_picture(library: Library) -> None:
    (unit,) = settled(library, {"picture": ""}, start="picture", picture="b" * 64).control
    assert unit.picture == "b" * 64


@pytest.mark.parametrize(
    ("unit", "field", "says"),
    [
        ({"picture": ""}, "control.1.picture", "Control unit 2 has no picture"),
        ({"model": "scribbel"}, "control.1.model", "Did you mean"),
        (
            {"model": "other"},
            "control.1.model",
            "another kind of model: it reads words of 768 numbers, postcard of 192",
        ),
        ({"model": "ip"}, "control.1.model", "an IP-Adapter, which is not supported yet"),
        ({"model_hash": "0" * 10}, "control.1.model", "is not here"),
    ],
)
def test_what_cannot_be_drawn_with_is_refused_by_unit_and_field(
    unit: dict[str, Any], field: str, says: str, library: Library
) -> None:
    with pytest.raises((BadRequest, ModelDamaged), match=says) as caught:
        settled(library, {}, unit)
    assert caught.value.problem.field == field
