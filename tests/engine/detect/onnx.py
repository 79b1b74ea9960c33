"""Detectors as ONNX files, written by hand: they find what is red, in the forms in which YOLOv8's and YuNet's exports answer.

The real ones' weights cannot be had offline; OpenCV reads and runs these in the same way.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

SIDE = 640
FLOATS, INTS = 1, 7  # TensorProto.DataType: FLOAT, INT64
REDNESS = (
    (12.0, -8.0, -8.0),
    -5.0,
)  # weights of red, green, blue in 0..1, and the bias: a sigmoid of it is the confidence


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value & (2**64 - 1))


def varint(value: int) -> bytes:
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    return bytes([*made, value])


def block(field: int, data: bytes | str) -> bytes:
    data = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | 2) + varint(len(data)) + data


def tensor(name: str, values: Any) -> bytes:
    array = np.asarray(values)
    kind = INTS if array.dtype.kind == "i" else FLOATS
    data = array.astype("<i8" if kind == INTS else "<f4").tobytes()
    return b"".join(number(1, side) for side in array.shape) + number(2, kind) + block(8, name) + block(9, data)


def attribute(name: str, value: int | Sequence[int]) -> bytes:
    if isinstance(value, int):
        return block(1, name) + number(3, value) + number(20, 2)
    return block(1, name) + b"".join(number(8, one) for one in value) + number(20, 7)


def node(kind: str, inputs: Sequence[str], output: str, **attributes: int | Sequence[int]) -> bytes:
    told = b"".join(block(5, attribute(name, value)) for name, value in attributes.items())
    return b"".join(block(1, name) for name in inputs) + block(2, output) + block(3, output) + block(4, kind) + told


def value(name: str, shape: Sequence[int]) -> bytes:
    sides = b"".join(block(1, number(1, side)) for side in shape)
    return block(1, name) + block(2, block(1, number(1, FLOATS) + block(2, sides)))


def model(nodes: list[bytes], tensors: list[bytes], outputs: dict[str, Sequence[int]]) -> bytes:
    graph = b"".join(block(1, one) for one in nodes) + block(2, "red") + b"".join(block(5, one) for one in tensors)
    graph += block(11, value("images", (1, 3, SIDE, SIDE)))
    graph += b"".join(block(12, value(name, shape)) for name, shape in outputs.items())
    return number(1, 8) + block(7, graph) + block(8, block(1, "") + number(2, 13))


def redness(cells: str, stride: int, shape: Sequence[int], scale: float, bgr: bool) -> tuple[list[bytes], list[bytes]]:
    """`cells`: the confidence of each cell of so many pixels. scale: of the input's levels."""
    weights, bias = REDNESS
    colours = np.array(weights[::-1] if bgr else weights, np.float32).reshape(1, 3, 1, 1) / scale
    nodes = [
        node("AveragePool", ["images"], f"{cells}.mean", kernel_shape=[stride, stride], strides=[stride, stride]),
        node("Conv", [f"{cells}.mean", f"{cells}.w", f"{cells}.b"], f"{cells}.conv", kernel_shape=[1, 1]),
        node("Sigmoid", [f"{cells}.conv"], f"{cells}.sure"),
        node("Reshape", [f"{cells}.sure", f"{cells}.shape"], cells),
    ]
    shape_of = tensor(f"{cells}.shape", np.array(shape, np.int64))
    return nodes, [tensor(f"{cells}.w", colours), tensor(f"{cells}.b", np.array([bias], np.float32)), shape_of]


def yolo(path: Path, stride: int = 32, box: int = 192) -> Path:
    """(1, 5, cells): centre, width, height and confidence, of RGB in 0..1."""
    count = SIDE // stride
    across, down = np.meshgrid(np.arange(count), np.arange(count))
    places = [(line.ravel() + 0.5) * stride for line in (across, down)]
    boxes = np.stack([*places, *[np.full(count**2, box)] * 2]).astype(np.float32)[None]
    nodes, tensors = redness("sure", stride, (1, 1, count**2), 1, bgr=False)
    nodes.append(node("Concat", ["boxes", "sure"], "output0", axis=1))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model(nodes, [*tensors, tensor("boxes", boxes)], {"output0": (1, 5, count**2)}))
    return path


def yunet(path: Path, box: float = 12.0) -> Path:
    """Three strides, each with class, objectness, box and five points, of BGR in 0..255; boxes of `box` times 32 pixels."""
    nodes: list[bytes] = []
    tensors: list[bytes] = []
    outputs: dict[str, Sequence[int]] = {}
    for stride in (8, 16, 32):
        cells = (SIDE // stride) ** 2
        for name in (f"cls_{stride}", f"obj_{stride}"):
            more, needed = redness(name, stride, (1, cells, 1), 255, bgr=True)
            nodes, tensors, outputs = nodes + more, tensors + needed, {**outputs, name: (1, cells, 1)}
        for name, width, row in (
            (f"bbox_{stride}", 4, [0.5, 0.5, np.log(box * 32 / stride), np.log(box * 32 / stride)]),
            (f"kps_{stride}", 10, [0.0] * 10),
        ):
            tensors.append(tensor(f"{name}.same", np.tile(np.array(row, np.float32), (1, cells, 1))))
            nodes.append(node("Identity", [f"{name}.same"], name))
            outputs[name] = (1, cells, width)
    order = [f"{part}_{stride}" for part in ("cls", "obj", "bbox", "kps") for stride in (8, 16, 32)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model(nodes, tensors, {name: outputs[name] for name in order}))
    return path
