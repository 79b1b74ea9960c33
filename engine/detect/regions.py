"""Where a detector sees faces or hands: OpenCV runs YuNet's and YOLOv8's networks, and torch is not asked.

Jocher et al. 2023, Ultralytics YOLOv8; Wu, Peng, Yu 2023, YuNet: A Tiny Millisecond-level Face Detector.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import ModelDamaged
from engine.library.detector_files import kind_of
from engine.library.header import AGAIN, open_model
from engine.picture.fit import on_paper

SIDE = 640  # pixels of the square that both kinds look at
GREY = (114, 114, 114)  # around a picture that is none, as YOLO was trained
SAME = 0.45  # share of two boxes that they have in common, from which on they are one
MASKS = 32  # numbers of each box in a segmenting network, behind its classes
Box = tuple[int, int, int, int]  # left, top, right, bottom
Boxes = NDArray[np.float32]  # rows of left, top, width, height and confidence


def regions(path: Path, picture: Image.Image, least: float, most: int) -> list[Box]:
    """In pixels of the picture, from left to right. Raises ModelDamaged for a file that is no such network."""
    import cv2

    with open_model(path) as file:
        data = file.read()
    square, scale = letterbox(on_paper(picture))
    try:
        found = (yunet if kind_of(data) == "YuNet" else yolo)(cv2, data, path, square, least)
    except (cv2.error, IndexError, ValueError) as error:
        raise ModelDamaged(
            "detector.strange", f"{path.name} is no detector that is known here, or is damaged.", AGAIN, file=path.name
        ) from error
    surest = sorted(found.tolist(), key=lambda row: -row[4])[:most]
    boxes = [within(picture.size, [side / scale for side in row[:4]]) for row in surest]
    return sorted(box for box in boxes if box[0] < box[2] and box[1] < box[3])


def letterbox(picture: Image.Image) -> tuple[NDArray[np.uint8], float]:
    """RGB, SIDE x SIDE, the picture in its upper left corner; and by how much it was scaled."""
    scale = SIDE / max(picture.size)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    paper = Image.new("RGB", (SIDE, SIDE), GREY)
    paper.paste(picture.resize((width, height), Image.Resampling.BILINEAR))
    return np.asarray(paper), scale


def yolo(cv2: Any, data: bytes, path: Path, square: NDArray[np.uint8], least: float) -> Boxes:
    """(1, 4 + classes, boxes): centre, width and height, then how sure it is of each class; segmenting ones add masks."""
    network = cv2.dnn.readNetFromONNX(np.frombuffer(data, np.uint8))
    network.setInput(cv2.dnn.blobFromImage(square, 1 / 255, (SIDE, SIDE)))
    outputs = network.forward(network.getUnconnectedOutLayersNames())
    rows = next(output[0] for output in outputs if output.ndim == 3)
    rows = rows.T if rows.shape[0] < rows.shape[1] else rows
    sure = rows[:, 4 : -MASKS if len(outputs) > 1 else None].max(1)
    boxes = np.concatenate([rows[:, :2] - rows[:, 2:4] / 2, rows[:, 2:4]], 1)
    kept = np.asarray(cv2.dnn.NMSBoxes(boxes.tolist(), sure.tolist(), least, SAME), int).reshape(-1)
    return np.concatenate([boxes, sure[:, None]], 1)[kept]


def yunet(cv2: Any, data: bytes, path: Path, square: NDArray[np.uint8], least: float) -> Boxes:
    network = cv2.FaceDetectorYN.create(str(path), "", (SIDE, SIDE), least, SAME)
    _, found = network.detect(np.ascontiguousarray(square[..., ::-1]))
    return np.zeros((0, 5), np.float32) if found is None else found[:, [0, 1, 2, 3, 14]]


def within(size: tuple[int, int], row: list[float]) -> Box:
    left, top, width, height = row
    return (
        max(0, int(left)),
        max(0, int(top)),
        min(size[0], round(left + width)),
        min(size[1], round(top + height)),
    )
