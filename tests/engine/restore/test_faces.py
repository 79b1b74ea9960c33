"""Restoring faces: random networks of the real classes, and a detector of our making that finds what is red."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from engine.detect.regions import regions
from engine.errors import BadRequest
from engine.library.addition import describe
from engine.library.load_upscaler import LoadedUpscaler, load_upscaler
from engine.library.scan import Library
from engine.metadata.sources import source_restored
from engine.picture.inputs import put_input
from engine.picture.steps.settle import settled
from engine.picture.steps.table import whole
from engine.request.restoring import Faces
from engine.request.restoring_read import read_restoring
from engine.restore.faces import ROOM, Restorer, ask, feather, restore_faces, square_around
from engine.restore.run import small
from engine.restore_text import told
from tests.engine.detect.onnx import yolo
from tests.engine.library.tiny_upscaler import gfpgan, restoreformer, write_pth

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def restorer(tmp_path_factory: pytest.TempPathFactory) -> Restorer:
    folder = tmp_path_factory.mktemp("models")
    path = write_pth(folder / "RestoreFormer.pth", restoreformer())
    network = load_upscaler(describe(path, path.stem, "restorer"), CPU, torch.float32)
    return Restorer(network, partial(regions, yolo(folder / "faces.onnx", box=160)))


def picture(*reds: int, mode: str = "RGB") -> Image.Image:
    """With a red face of 32 pixels at each of these places; the detector's boxes are twice as wide."""
    rows, columns = np.mgrid[0:128, 0:256]
    made = Image.fromarray(np.stack([rows, columns, rows + columns >> 2], -1).astype(np.uint8) // 3)
    for left in reds:
        ImageDraw.Draw(made).rectangle((left, 48, left + 31, 79), fill=(230, 20, 20))
    if mode == "RGBA":
        made.putalpha(Image.linear_gradient("L").resize(made.size).point([200 + level // 5 for level in range(256)]))
    return made


def changed(one: Image.Image, other: Image.Image) -> np.ndarray:
    return (np.asarray(one.convert("RGB")) != np.asarray(other.convert("RGB"))).any(2)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_faces_are_restored_and_outside_their_squares_every_byte_stays(restorer: Restorer, mode: str) -> None:
    source = picture(0, 160, mode=mode)
    boxes = restorer.find(source, 0.5, 9)
    assert len(boxes) >= 2
    made = whole(restore_faces(source, Faces(), restorer))
    outside = np.ones((source.height, source.width), bool)
    for box in boxes:
        left, top, side = square_around(box)
        outside[max(0, top) : top + side, max(0, left) : left + side] = False
        assert changed(made, source)[box[1] : box[3], box[0] : box[2]].mean() > 0.9
    assert outside.mean() > 0.3
    assert not changed(made, source)[outside].any()
    assert made.mode == mode
    assert mode == "RGB" or made.getchannel("A").tobytes() == source.getchannel("A").tobytes()


def test_visibility_is_how_much_is_seen_and_none_is_the_picture_itself(restorer: Restorer) -> None:
    source = picture(112)
    all_, half, none = (whole(restore_faces(source, Faces(visibility=v), restorer)) for v in (1.0, 0.5, 0.0))
    assert none.tobytes() == source.tobytes()
    before, full, seen = (np.asarray(one, np.float32) for one in (source, all_, half))
    assert np.abs(seen - (before + full) / 2).max() <= 1  # both were rounded


def test_a_picture_without_faces_stays_as_it_is(restorer: Restorer) -> None:
    assert whole(restore_faces(picture(), Faces(), restorer)).tobytes() == picture().tobytes()


@pytest.mark.parametrize("side", [1, 7, 90, 700])
def test_the_feather_is_whole_over_the_face_and_gone_at_the_edge(side: int) -> None:
    weights = feather(side)
    margin = -(-side * ROOM // (1 + 2 * ROOM))
    inner = slice(int(margin), side - int(margin))
    assert (weights[[0, -1]] == 0).all()
    assert (weights[:, [0, -1]] == 0).all()
    assert side < 9 or (weights[inner, inner] == 1).all()
    assert side < 90 or np.abs(np.diff(weights, axis=0)).max() < 0.15  # no seam


def test_a_gfpgan_sees_and_gives_minus_one_to_one_and_the_same_face_twice() -> None:
    network = gfpgan()
    loaded = LoadedUpscaler("GFPGAN", "", torch.float32, CPU, 0, {}, network, 1)
    face = picture(112).resize((512, 512))
    made = ask(loaded, face)
    pixels = torch.from_numpy(np.array(face)).permute(2, 0, 1)[None] / 255
    with torch.inference_mode():
        right = network.model(pixels * 2 - 1, randomize_noise=False)[0] / 2 + 0.5
    assert np.abs(made - right.clamp(0, 1)[0].permute(1, 2, 0).numpy() * 255).max() <= 1
    assert made.std() > 1
    assert np.array_equal(made, ask(loaded, face))


def asked(library: Library, inputs: Path, **values: Any) -> Faces:
    picture_ = put_input(inputs, small(picture()))
    request = read_restoring({"pictures": [picture_], "steps": [{"kind": "faces", **values}]})
    (step,) = settled(request, inputs, library, lambda: 1).steps
    assert isinstance(step, Faces)
    return step


def refused(library: Library, inputs: Path, **values: Any) -> tuple[str, str | None]:
    with pytest.raises(BadRequest) as caught:
        asked(library, inputs, **values)
    return caught.value.problem.code, caught.value.problem.field


def test_what_is_missing_is_named_and_what_is_there_is_found(tmp_path: Path) -> None:
    models, inputs = tmp_path / "models", tmp_path / "inputs"
    inputs.mkdir()
    library = Library(models, tmp_path / "cache")
    assert refused(library, inputs) == ("restorer.none", "steps.0.restorer")
    write_pth(models / "restorers" / "GFPGANv1.4.pth", restoreformer())
    assert refused(library, inputs) == ("detector.faces", "steps.0.detector")
    yolo(models / "detectors" / "a_hand.onnx")
    assert refused(library, inputs) == ("detector.faces", "steps.0.detector")
    yolo(models / "detectors" / "face_yolo.onnx")
    found = asked(library, inputs, visibility=0.8)
    assert (found.restorer, found.detector) == ("GFPGANv1.4", "face_yolo")
    assert asked(library, inputs, detector="a_hand").detector == "a_hand"
    assert refused(library, inputs, restorer="GFPGANv1.5") == ("restorer.near", "steps.0.restorer")
    assert asked(library, inputs, **found.model_dump(exclude={"kind"})) == found
    assert told([found]) == (
        f"Postprocess GFPGAN visibility: 0.8, Postprocess face restorer: GFPGANv1.4, Postprocess face restorer hash:"
        f" {found.restorer_hash}, Postprocess face detector: face_yolo, Postprocess face detector hash: {found.detector_hash}"
    )
    assert source_restored(small(picture()), False, [found]) == "compositeWithTrainedAlgorithmicMedia"
