"""Flax's weight files, flax_model.msgpack, as tables of tensors that are read one at a time.

A file is a tree of arrays in MessagePack. Only the heads are read: names, shapes and number
formats. A name is the path in the tree, joined by "/". An array is an extension of type 1 that
holds its shape, its number format and its numbers in row-major order (flax/serialization.py; the
encoding is that of github.com/msgpack/msgpack/blob/master/spec.md).
"""

from __future__ import annotations

import math
import os
import struct
from pathlib import Path
from typing import Any, BinaryIO

import torch

from dall_e.bounded_files import check_kind, naming
from dall_e.checkpoints.stored_tensor import StoredTensor, checked_numbers, row_major
from dall_e.errors import UnusableFileError

_DTYPES = {
    "float64": torch.float64,
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "int64": torch.int64,
    "int32": torch.int32,
    "int16": torch.int16,
    "int8": torch.int8,
    "uint8": torch.uint8,
    "bool": torch.bool,
}
_ARRAY = 1
_CHUNKED = "__msgpack_chunked_array__"
_DEEPEST = 64
"""Deeper than any network is nested."""
_MOST_VALUES = 500_000
"""Names, sizes and arrays of a file; an array takes about ten."""
_MOST_TEXT = 16 * 2**20
"""Bytes of all names together."""

# What the first byte of a value says: how many bytes its length has, and what is of that length.
_SIZED = {
    0xC4: (1, "bytes"),
    0xC5: (2, "bytes"),
    0xC6: (4, "bytes"),
    0xC7: (1, "extension"),
    0xC8: (2, "extension"),
    0xC9: (4, "extension"),
    0xD9: (1, "text"),
    0xDA: (2, "text"),
    0xDB: (4, "text"),
    0xDC: (2, "list"),
    0xDD: (4, "list"),
    0xDE: (2, "map"),
    0xDF: (4, "map"),
}
_NUMBERS = {
    0xCA: ">f",
    0xCB: ">d",
    0xCC: ">B",
    0xCD: ">H",
    0xCE: ">I",
    0xCF: ">Q",
    0xD0: ">b",
    0xD1: ">h",
    0xD2: ">i",
    0xD3: ">q",
}
_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}


def open_flax(path: Path) -> dict[str, StoredTensor]:
    """Tensors by the path in the tree.

    Raises UnusableFileError for a damaged file, or another kind.
    """
    with open(path, "rb") as file, naming(path, "it is damaged, or no file of Flax weights"):
        size = os.fstat(file.fileno()).st_size
        check_kind(path, file.read(256))
        file.seek(0)
        tree = _Reader(file, path, size).value()
        if file.tell() != size:
            raise ValueError(f"{size - file.tell()} bytes are left over")
        tensors = _flat(tree, "", path) if isinstance(tree, dict) else {}
        if not tensors:
            raise UnusableFileError(path, "it holds no weights by name")
        return tensors


def _flat(tree: dict[Any, Any], prefix: str, path: Path) -> dict[str, StoredTensor]:
    """The tensors of a tree by their whole paths."""
    if _CHUNKED in tree:
        raise UnusableFileError(
            path, f"{prefix} is kept in pieces of a gigabyte, which are not put together here"
        )
    tensors: dict[str, StoredTensor] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            tensors |= _flat(value, f"{prefix}{name}/", path)
        elif isinstance(value, StoredTensor):
            tensors[f"{prefix}{name}"] = value
    return tensors


class _Reader:
    """Walks through a file, and skips the numbers of arrays."""

    def __init__(self, file: BinaryIO, path: Path, size: int) -> None:
        self._file, self._path, self._size = file, path, size
        self._values_left, self._text_left = _MOST_VALUES, _MOST_TEXT

    def value(self, depth: int = 0) -> Any:
        """The value that starts here; for bytes, where the first one is and how many there are."""
        if depth > _DEEPEST:
            raise ValueError("it is nested too deeply")
        self._values_left -= 1
        if self._values_left < 0:
            raise ValueError(f"it has more than {_MOST_VALUES} values")
        first_byte = self._take(1)[0]
        if first_byte in _CONSTANTS:
            return _CONSTANTS[first_byte]
        if first_byte in _NUMBERS:
            number_format = _NUMBERS[first_byte]
            return struct.unpack(number_format, self._take(struct.calcsize(number_format)))[0]

        # Small whole numbers are their own first byte.
        if first_byte < 0x80:
            return first_byte
        if first_byte >= 0xE0:
            return first_byte - 0x100

        kind, length = self._kind_and_length(first_byte)
        return self._sized(kind, length, depth + 1)

    def _kind_and_length(self, first_byte: int) -> tuple[str, int]:
        """What kind of value it is, and its length: from the first byte or from those behind it."""
        if first_byte < 0x90:
            return "map", first_byte & 0x0F
        if first_byte < 0xA0:
            return "list", first_byte & 0x0F
        if first_byte < 0xC0:
            return "text", first_byte & 0x1F
        if 0xD4 <= first_byte <= 0xD8:
            return "extension", 1 << (first_byte - 0xD4)
        if first_byte not in _SIZED:
            raise ValueError(f"byte {first_byte:#x} starts no value")
        width, kind = _SIZED[first_byte]
        return kind, int.from_bytes(self._take(width), "big")

    def _sized(self, kind: str, length: int, depth: int) -> Any:
        if kind == "map":
            return {self._name(depth): self.value(depth) for _ in range(length)}
        if kind == "list":
            return [self.value(depth) for _ in range(length)]
        if kind == "text":
            return self._text(length)
        if kind == "bytes":
            return self._skip(length)
        return self._extension(length, depth)

    def _name(self, depth: int) -> str:
        name = self.value(depth)
        if not isinstance(name, str):
            raise ValueError(f"a {type(name).__name__} stands where a name belongs")
        return name

    def _text(self, length: int) -> str:
        self._text_left -= length
        if self._text_left < 0:
            raise ValueError(f"its names have more than {_MOST_TEXT} bytes")
        return self._take(length).decode()

    def _extension(self, length: int, depth: int) -> StoredTensor | None:
        """An array; None for what else there is, which is skipped."""
        code = self._take(1)[0]
        start, length = self._skip(length)
        end = self._file.tell()
        if code != _ARRAY:
            return None

        self._file.seek(start)
        array = self._array(depth)
        if self._file.tell() != end:
            raise ValueError(f"an array has {length} bytes, its parts another number")
        return array

    def _array(self, depth: int) -> StoredTensor:
        sizes, dtype_name, place = self.value(depth)
        if not isinstance(dtype_name, str) or dtype_name not in _DTYPES:
            raise ValueError(f"an array of {str(dtype_name)[:40]!r}")
        # Only `_skip` gives a tuple: a list would be numbers of the file's own.
        if not isinstance(place, tuple):
            raise ValueError("an array without numbers")
        shape, dtype = checked_numbers(sizes), _DTYPES[dtype_name]
        start, length = place
        if math.prod(shape) * dtype.itemsize != length:
            raise ValueError(f"an array of shape {list(shape)} and {length} bytes")
        return StoredTensor(self._path, start, dtype, shape, row_major(shape), 0)

    def _take(self, length: int) -> bytes:
        if self._file.tell() + length > self._size:
            raise ValueError("it was cut short")
        return self._file.read(length)

    def _skip(self, length: int) -> tuple[int, int]:
        """Where the bytes start, and how many they are."""
        start = self._file.tell()
        if start + length > self._size:
            raise ValueError("it was cut short")
        self._file.seek(length, 1)
        return start, length
