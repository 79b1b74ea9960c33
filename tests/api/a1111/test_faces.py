"""Faces as AUTOMATIC1111 asks for them: a random network of RestoreFormer's class, and a detector that finds what is red."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.api.a1111.conftest import TINY, person
from tests.api.conftest import MODELS, Place, serve
from tests.engine.detect.onnx import yolo
from tests.engine.library.tiny_upscaler import restoreformer, write_pth


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    models = tmp_path_factory.mktemp("models")
    (models / "checkpoints").symlink_to(MODELS / "checkpoints")
    write_pth(models / "restorers" / "GFPGANv1.4.pth", restoreformer())
    yolo(models / "detectors" / "face_red.onnx", box=160)
    yield from serve(tmp_path_factory.mktemp("data"), private=True, models=models)


def red() -> Image.Image:
    picture = Image.new("RGB", (256, 128), (60, 120, 60))
    picture.paste((230, 20, 20), (112, 48, 144, 80))
    return picture


def changed(one: Image.Image, other: Image.Image) -> np.ndarray:
    return (np.asarray(one.convert("RGB")) != np.asarray(other.convert("RGB"))).any(2)


def redrawn(api: Any, **asked: Any) -> Any:
    """So little that the red stays."""
    usual = {**TINY, "width": 256, "height": 128, "denoising_strength": 0.01, "prompt": "a red ball"}
    return api.img2img(images=[red()], **usual, **asked)


def test_restore_faces_restores_them_where_a_restorer_is_here(place: Place) -> None:
    api = person(place, "a")
    assert [one["name"] for one in api.get_face_restorers()] == ["GFPGANv1.4"]
    plain, made = redrawn(api), redrawn(api, restore_faces=True)
    different = changed(plain.image, made.image)
    assert different[56:72, 120:136].mean() > 0.9
    assert not different[:, :40].any()
    assert made.image.info["parameters"] == plain.image.info["parameters"]
    assert made.image.info["postprocessing"].startswith("Postprocess GFPGAN visibility: 1, ")
    assert (plain.info["restore_faces"], made.info["restore_faces"]) == (False, True)
    assert made.info["face_restoration_model"] == "GFPGANv1.4"
    assert not changed(
        redrawn(api, restore_faces=None, override_settings={"face_restoration": True}).image, made.image
    ).any()


def test_extras_restore_faces_after_the_upscaler_and_without_one(place: Place) -> None:
    api = person(place, "a")
    alone = api.extra_single_image(red(), gfpgan_visibility=1).image
    half = api.extra_single_image(red(), gfpgan_visibility=0.5, upscaler_1="Nearest", upscaling_resize=2)
    assert changed(alone, red())[56:72, 120:136].mean() > 0.9
    assert half.image.size == (512, 256)
    assert "Postprocess upscaler: Nearest, Postprocess GFPGAN visibility: 0.5, " in half.info
    with pytest.raises(RuntimeError, match="codeformer_visibility"):
        api.extra_single_image(red(), codeformer_visibility=1)


def test_without_a_restorer_the_picture_is_as_drawn(api: Any) -> None:
    plain, asked = redrawn(api), redrawn(api, restore_faces=True)
    assert not changed(plain.image, asked.image).any()
    assert asked.info["restore_faces"] is False
