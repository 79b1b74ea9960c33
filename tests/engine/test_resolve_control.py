"""Control units are settled: each ControlNet by its hash, each picture by its own; what does not fit is refused."""

from pathlib import Path
from typing import Any

import pytest

from engine import infotext
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
    ip_adapter = {"ip_adapter.1.to_k_ip.weight": [4, 192]}
    write(models / "controlnet" / "ip.safetensors", of_shapes({**ip_adapter, "image_proj.proj.weight": [768, 24]}))
    write(models / "controlnet" / "blind.safetensors", of_shapes({**ip_adapter, "image_proj.proj.weight": [768, 9]}))
    encoder = {"vision_model.embeddings.class_embedding": [32], "visual_projection.weight": [24, 32]}
    write(models / "clip_vision" / "eyes.safetensors", of_shapes(encoder))
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
        (
            {"model": "blind"},
            "control.1.model",
            "image encoder .* that the IP-Adapter 'blind' sees through is not here",
        ),
        ({"model": "ip", "preprocessor": "canny"}, "control.1.preprocessor", "sees the picture itself"),
        ({"model": "ip", "encoder_hash": "0" * 10}, "control.1.model", "The image encoder .* is not here"),
        ({"model_hash": "0" * 10}, "control.1.model", "is not here"),
    ],
)
def test_what_cannot_be_drawn_with_is_refused_by_unit_and_field(
    unit: dict[str, Any], field: str, says: str, library: Library
) -> None:
    with pytest.raises((BadRequest, ModelDamaged), match=says) as caught:
        settled(library, {}, unit)
    assert caught.value.problem.field == field


def test_an_ip_adapter_is_settled_with_its_image_encoder_and_no_word_about_maps(library: Library) -> None:
    said = {"resize_mode": "Just Resize", "threshold_a": 7, "mode": "My prompt is more important"}
    once = settled(library, {"model": "ip", **said}, {"encoder_hash": "0" * 10})
    seen, plain = once.control
    assert seen.encoder_hash == library.encoders.hash_of(library.encoders.find("eyes"))
    assert (seen.resize_mode, seen.threshold_a, seen.mode) == ("Crop and Resize", None, "Balanced")
    assert plain.encoder_hash == ""  # of one that reads maps it says nothing
    assert resolve(once, library) == once
    text = infotext.write(once)
    assert f"Image Encoder: {seen.encoder_hash}" in text
    assert read(infotext.read(text).values) == once


def test_an_image_encoder_that_was_just_put_there_is_found(library: Library, tmp_path: Path) -> None:
    eyes = tmp_path / "models" / "clip_vision" / "eyes.safetensors"
    library.encoders.refresh()
    away = eyes.rename(tmp_path / "eyes.safetensors")
    with pytest.raises(BadRequest, match="is not here"):
        settled(library, {"model": "ip"})
    away.rename(eyes)
    assert settled(library, {"model": "ip"}).control[0].encoder_hash


def test_what_others_call_its_preprocessor_is_read_as_none() -> None:
    text = (
        "a house\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 512x512, "
        'ControlNet 0: "Module: ip-adapter_clip_sd15, Model: ip-adapter_sd15 [6a3f6166], Weight: 0.6"'
    )
    (unit,) = infotext.read(text).values["control"]
    assert (unit["preprocessor"], unit["model"], unit["weight"]) == ("none", "ip-adapter_sd15", 0.6)
