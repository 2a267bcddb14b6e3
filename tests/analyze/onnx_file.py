"""Tiny ONNX models, written field by field: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

FLOAT, UINT8 = 1, 2
IR_VERSION, OPSET = 8, 13


def field(number: int, content: bytes | str | int) -> bytes:
    """Encode one field of a Protocol Buffers message: a number, or bytes with their length."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    encoded = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(encoded)) + encoded


def varint(value: int) -> bytes:
    groups = []
    while value > 127:
        groups.append(value & 127 | 128)
        value >>= 7
    return bytes([*groups, value])


def value_info(name: str, element_type: int, shape: Sequence[int | str]) -> bytes:
    sides = b"".join(field(1, field(1, side) if isinstance(side, int) else field(2, side)) for side in shape)
    return field(1, name) + field(2, field(1, field(1, element_type) + field(2, sides)))


def node(operation: str, inputs: Sequence[str], output: str, *attributes: bytes) -> bytes:
    names = b"".join(field(1, name) for name in inputs)
    return names + field(2, output) + field(4, operation) + b"".join(field(5, one) for one in attributes)


def integers(name: str, *values: int) -> bytes:
    return field(1, name) + b"".join(field(8, value) for value in values) + field(20, 7)


def integer(name: str, value: int) -> bytes:
    return field(1, name) + field(3, value) + field(20, 2)


def floats(name: str, dims: Sequence[int], values: Sequence[float]) -> bytes:
    sides = b"".join(field(1, side) for side in dims)
    return sides + field(2, FLOAT) + field(8, name) + field(9, struct.pack(f"<{len(values)}f", *values))


def write_averager(
    path: Path,
    shape: Sequence[int | str] = (1, 3, 8, 8),
    *,
    channels: int = 3,
    axes: Sequence[int] = (2, 3),
    element_type: int = FLOAT,
    gain: float = 1.0,
    classes: int = 3,
) -> None:
    """Write a model that answers with the averages of the channels of a picture over `axes`, each times `gain`.

    Where there are more `classes` than channels, the others have none. Its second output is the averages themselves.
    """
    weights = [gain if row == column else 0.0 for row in range(channels) for column in range(classes)]
    nodes = [
        node("Cast", ["picture"], "levels", integer("to", FLOAT)),
        node("ReduceMean", ["levels"], "means", integers("axes", *axes), integer("keepdims", 0)),
        node("MatMul", ["means", "weights"], "scores"),
    ]
    graph = b"".join(field(1, one) for one in nodes) + field(2, "averager")
    graph += field(5, floats("weights", (channels, classes), weights))
    graph += field(11, value_info("picture", element_type, shape))
    graph += field(12, value_info("scores", FLOAT, ("n", classes)))
    graph += field(12, value_info("means", FLOAT, ("n", channels)))
    path.write_bytes(field(1, IR_VERSION) + field(7, graph) + field(8, field(1, "") + field(2, OPSET)))
