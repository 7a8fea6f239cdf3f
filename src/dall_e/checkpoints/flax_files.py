"""Flax's weight files, flax_model.msgpack: a tree of arrays in MessagePack, read as a table of
tensors on the disk.

Only the heads are read: names, shapes and number formats. Names are the path in the tree, joined by
"/". An array is an extension of type 1 that holds its shape, its number format and its numbers in
row-major order (flax/serialization.py; the encoding is that of
github.com/msgpack/msgpack/blob/master/spec.md).
"""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any, BinaryIO

import torch

from dall_e.checkpoints.tensor_files import StoredTensor, row_major

_DTYPES = {
    "float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16, "float64": torch.float64,
    "int64": torch.int64, "int32": torch.int32, "int16": torch.int16, "int8": torch.int8, "uint8": torch.uint8,
    "bool": torch.bool,
}  # fmt: skip
_ARRAY = 1
_CHUNKED = "__msgpack_chunked_array__"
# First byte to what follows: how many bytes the length has, and what is of that length.
_SIZED = {
    0xC4: (1, "bytes"), 0xC5: (2, "bytes"), 0xC6: (4, "bytes"), 0xC7: (1, "extension"), 0xC8: (2, "extension"),
    0xC9: (4, "extension"), 0xD9: (1, "text"), 0xDA: (2, "text"), 0xDB: (4, "text"), 0xDC: (2, "list"),
    0xDD: (4, "list"), 0xDE: (2, "map"), 0xDF: (4, "map"),
}  # fmt: skip
_NUMBERS = {
    0xCA: ">f", 0xCB: ">d", 0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q", 0xD0: ">b", 0xD1: ">h", 0xD2: ">i",
    0xD3: ">q",
}  # fmt: skip
_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
# Deeper than any network is nested.
_DEEPEST = 64


def open_flax(path: Path) -> dict[str, StoredTensor]:
    """Tensors by the path in the tree. Raises ValueError for a file that is damaged, or no such
    tree."""
    size = path.stat().st_size
    try:
        with open(path, "rb") as file:
            tree = _Reader(file, path, size).value()
            if file.tell() != size:
                raise ValueError(f"{size - file.tell()} bytes are left over")
    except (ValueError, TypeError, struct.error, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is damaged, or no file of Flax weights: {error}") from error
    if not isinstance(tree, dict):
        raise ValueError(f"{path} holds no weights by name")
    return _flat(tree, "", path)


def _flat(tree: dict[Any, Any], prefix: str, path: Path) -> dict[str, StoredTensor]:
    if _CHUNKED in tree:
        raise ValueError(
            f"{path}: {prefix} is kept in pieces of a gigabyte, which are not put together here"
        )
    found: dict[str, StoredTensor] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{name}/", path)
        elif isinstance(value, StoredTensor):
            found[f"{prefix}{name}"] = value
    return found


class _Reader:
    """Walks through a file, past the numbers of arrays."""

    def __init__(self, file: BinaryIO, path: Path, size: int) -> None:
        self._file, self._path, self._size = file, path, size

    def value(self, depth: int = 0) -> Any:
        """What starts here; for bytes the place of the first one and how many there are."""
        if depth > _DEEPEST:
            raise ValueError("it is nested too deeply")
        first = self._take(1)[0]
        if first in _CONSTANTS:
            return _CONSTANTS[first]
        if first in _NUMBERS:
            return struct.unpack(_NUMBERS[first], self._take(struct.calcsize(_NUMBERS[first])))[0]
        if first < 0x80 or first >= 0xE0:
            return first if first < 0x80 else first - 0x100
        kind, length = self._kind(first)
        return self._sized(kind, length, depth + 1)

    def _kind(self, first: int) -> tuple[str, int]:
        """What is of a length that the first byte has in itself, or before which it stands, and
        that length."""
        if first < 0xC0:
            kind = "map" if first < 0x90 else "list" if first < 0xA0 else "text"
            return kind, first & (0x1F if kind == "text" else 0x0F)
        if 0xD4 <= first <= 0xD8:
            return "extension", 1 << (first - 0xD4)
        if first not in _SIZED:
            raise ValueError(f"byte {first:#x} starts no value")
        width, kind = _SIZED[first]
        return kind, int.from_bytes(self._take(width), "big")

    def _sized(self, kind: str, length: int, depth: int) -> Any:
        if kind == "map":
            return {self.value(depth): self.value(depth) for _ in range(length)}
        if kind == "list":
            return [self.value(depth) for _ in range(length)]
        if kind == "text":
            return self._take(length).decode()
        if kind == "bytes":
            return self._skipped(length)
        code = self._take(1)[0]
        end = self._file.tell() + length
        found = self._array() if code == _ARRAY else None
        self._file.seek(end)
        return found

    def _array(self) -> StoredTensor:
        shape, dtype, place = self.value()
        if dtype not in _DTYPES:
            raise ValueError(f"an array of {dtype!r}")
        first_byte, length = place
        if math.prod(shape) * _DTYPES[dtype].itemsize != length:
            raise ValueError(f"an array of shape {shape} and {length} bytes")
        return StoredTensor(
            self._path, first_byte, _DTYPES[dtype], tuple(shape), row_major(shape), 0
        )

    def _take(self, length: int) -> bytes:
        if self._file.tell() + length > self._size:
            raise ValueError("it was cut short")
        return self._file.read(length)

    def _skipped(self, length: int) -> tuple[int, int]:
        start = self._file.tell()
        if start + length > self._size:
            raise ValueError("it was cut short")
        self._file.seek(length, 1)
        return start, length
