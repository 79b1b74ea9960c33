"""Detectors' ONNX files read by OpenCV as YOLO's and YuNet's own are: small ones of our making, that find what is red."""

from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from engine.detect.regions import regions
from engine.errors import ModelDamaged
from engine.library.addition import describe
from engine.library.scan import Library
from tests.engine.detect.onnx import yolo, yunet

RED, GREEN = (230, 20, 20), (60, 120, 60)


def scene(*boxes: tuple[int, int, int, int], size: tuple[int, int] = (640, 480)) -> Image.Image:
    picture = Image.new("RGB", size, GREEN)
    for box in boxes:
        ImageDraw.Draw(picture).rectangle(box, fill=RED)
    return picture


def middle(box: tuple[int, int, int, int]) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


@pytest.mark.parametrize("write", [yolo, yunet], ids=["YOLO", "YuNet"])
def test_what_is_there_is_found_in_pixels_of_the_picture(write: type, tmp_path: Path) -> None:
    path = write(tmp_path / "red.onnx")
    (one,) = regions(path, scene((320, 192, 383, 255)), 0.5, 1)
    across, down = middle(one)
    assert abs(across - 352) <= 40
    assert abs(down - 224) <= 40
    (same,) = regions(path, scene((640, 384, 767, 511), size=(1280, 960)), 0.5, 1)
    assert all(abs(2 * a - b) <= 64 for a, b in zip(one, same, strict=True))  # equals within a cell
    assert regions(path, scene(), 0.5, 8) == []


def test_boxes_stay_within_the_picture_and_come_from_left_to_right(tmp_path: Path) -> None:
    found = regions(yolo(tmp_path / "red.onnx"), scene((576, 0, 639, 63), (0, 200, 63, 263)), 0.5, 8)
    assert len(found) == 2
    assert found[0][0] < found[1][0]
    assert all(left >= 0 and top >= 0 and right <= 640 and bottom <= 480 for left, top, right, bottom in found)


def test_confidence_and_number_are_bounded(tmp_path: Path) -> None:
    path, picture = yolo(tmp_path / "red.onnx"), scene((64, 64, 127, 127), (448, 320, 511, 383))
    assert len(regions(path, picture, 0.5, 8)) == 2
    assert len(regions(path, picture, 0.5, 1)) == 1
    assert regions(path, picture, 0.999, 8) == []


def test_a_picture_with_transparent_parts_is_looked_at_on_paper(tmp_path: Path) -> None:
    picture = scene((320, 192, 383, 255)).convert("RGBA")
    picture.putalpha(0)
    assert regions(yolo(tmp_path / "red.onnx"), picture, 0.5, 8) == []


def test_what_is_no_detector_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "page.onnx").write_bytes(b"<!doctype html><title>login</title>")
    (tmp_path / "text.onnx").write_bytes(b"hello, I am no network")
    whole = yolo(tmp_path / "red.onnx").read_bytes()
    (tmp_path / "cut.onnx").write_bytes(whole[: len(whole) // 2])
    codes = [
        (p := describe(tmp_path / f"{name}.onnx", name, "detector").problem) and p.code for name in ("page", "text")
    ]
    assert codes == ["model.webpage", "detector.kind"]
    with pytest.raises(ModelDamaged) as caught:
        regions(tmp_path / "cut.onnx", scene(), 0.5, 8)
    assert caught.value.problem.code == "detector.strange"


def test_the_shelf_lists_onnx_files_alone(tmp_path: Path) -> None:
    yolo(tmp_path / "detectors" / "face_yolov8n.onnx")
    (tmp_path / "detectors" / "face_yolov8n.pt").write_bytes(b"PK\x03\x04")
    library = Library(tmp_path, tmp_path / "cache")
    assert [one.name for one in library.detectors.all()] == ["face_yolov8n"]
