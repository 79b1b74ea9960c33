"""The files in models/detectors: networks in the form of ONNX that find faces or hands; which kind, their words tell."""

from pathlib import Path
from typing import Literal

from engine.errors import ModelDamaged
from engine.library.header import AGAIN, open_model, refuse_strangers

LARGEST = 512 * 2**20  # bytes
FIRST = (b"\x08",)  # of a ModelProto: its version
YUNET = (b"kps_8", b"bbox_8", b"cls_8")  # what its outputs are called


def check_onnx(path: Path) -> None:
    """Raise ModelDamaged for what is plainly something else."""
    with open_model(path) as file:
        start, size = file.read(1024), path.stat().st_size
    if not start.startswith(FIRST) or size > LARGEST:
        refuse_strangers(start, size, path.name)
        raise ModelDamaged("detector.kind", f"{path.name} is no detector in the form of ONNX.", AGAIN, file=path.name)


def kind_of(data: bytes) -> Literal["YuNet", "YOLO"]:
    return "YuNet" if all(word in data for word in YUNET) else "YOLO"
