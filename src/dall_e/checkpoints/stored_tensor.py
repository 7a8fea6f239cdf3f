"""A tensor that is still on the disk: where its numbers lie in which file, and how to read them."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from dall_e.errors import UnusableFileError

_MOST_AXES = 16
_LARGEST_NUMBER = 1 << 48
"""No size, step or place in a file is larger."""
_LARGEST_EMPTY = 1 << 20
"""Product of the other sizes of a tensor that has no numbers, since one size is 0."""
_MOST_REPEATED = 1 << 24
"""Numbers of a tensor that shows some of its numbers more than once."""


@dataclass(frozen=True)
class StoredTensor:
    """A tensor that is still on the disk."""

    path: Path
    """The file."""
    first_byte: int
    """Where its storage starts."""
    dtype: torch.dtype
    """Number format in the file."""
    shape: tuple[int, ...]
    """Its sizes."""
    stride: tuple[int, ...]
    """Steps between neighbours along each axis, in numbers."""
    offset: int
    """Its first number in the storage."""

    def __setstate__(self, state: Any) -> None:
        """Refuse: whoever unpickles one could point it at another file."""
        raise TypeError("a stored tensor has no state to set")

    def read(self) -> torch.Tensor:
        """The tensor, in the file's number format, in memory of its own.

        Raises UnusableFileError if the file ends before it does, or if it repeats few numbers to
        a size that no weights have.
        """
        num_held = span(self.shape, self.stride)
        if math.prod(self.shape) > max(num_held, _MOST_REPEATED):
            raise UnusableFileError(
                self.path,
                f"a tensor of shape {list(self.shape)} repeats {num_held} numbers to "
                f"{math.prod(self.shape)}, more than {_MOST_REPEATED}",
            )

        num_bytes = num_held * self.dtype.itemsize
        start = self.first_byte + self.offset * self.dtype.itemsize
        with open(self.path, "rb") as file:
            # Asked before memory is taken for it.
            if start < 0 or start + num_bytes > os.fstat(file.fileno()).st_size:
                raise UnusableFileError(
                    self.path, "it ends before its tensors do: it was cut short", "copy it again"
                )
            content = bytearray(num_bytes)
            file.seek(start)
            num_read = file.readinto(content)
        if num_read != num_bytes:
            raise UnusableFileError(self.path, "it was cut short while it was read")
        if not content:
            return torch.empty(self.shape, dtype=self.dtype, device="cpu")

        numbers = torch.frombuffer(content, dtype=self.dtype)
        return numbers.as_strided(self.shape, self.stride).contiguous()

    @property
    def num_bytes(self) -> int:
        """Bytes that it takes in memory."""
        return math.prod(self.shape) * self.dtype.itemsize


def checked_numbers(values: Any) -> tuple[int, ...]:
    """Sizes or steps of a tensor, as a file has them.

    Raises ValueError unless they are a short list of whole numbers that a tensor can have.
    """
    if not isinstance(values, list | tuple) or len(values) > _MOST_AXES:
        raise ValueError(f"the sizes of a tensor are no list of at most {_MOST_AXES} numbers")
    if any(type(value) is not int or not 0 <= value < _LARGEST_NUMBER for value in values):
        raise ValueError("the sizes of a tensor are no whole numbers of a possible size")
    if 0 in values and math.prod(filter(None, values)) > _LARGEST_EMPTY:
        raise ValueError(f"a tensor of shape {list(values)} has no numbers")
    return tuple(values)


def read_weight_in(stored: StoredTensor, name: str, dtype: torch.dtype) -> torch.Tensor:
    """The weight of this name in its file, in `dtype` unless it holds whole numbers.

    Raises UnusableFileError if it is not finite there, or no longer in `dtype`.
    """
    if not stored.dtype.is_floating_point:
        return stored.read()
    weight = stored.read().to(dtype)
    if is_finite(weight):
        return weight
    if is_finite(stored.read()):
        raise beyond(stored.path, name, dtype)
    raise UnusableFileError(
        stored.path,
        f"the weight {name} has entries that are not finite (NaN or infinite)",
        "get the file again; if it was trained here, take an earlier checkpoint",
    )


def is_finite(tensor: torch.Tensor) -> bool:
    """Whether all numbers are finite.

    One that is not makes the sum so, which is sooner had than an answer for each number. A sum can
    overflow, too; then each is looked at.
    """
    return math.isfinite(tensor.sum().item()) or bool(torch.isfinite(tensor).all())


def beyond(path: Path, name: str, dtype: torch.dtype) -> UnusableFileError:
    """The error for a weight that is finite in its file, but not in a narrower number format."""
    return UnusableFileError(
        path,
        f"the weight {name} has numbers beyond what {str(dtype).removeprefix('torch.')} can hold",
        "load it in bfloat16 or float32" if dtype == torch.float16 else "",
    )


def row_major(shape: Sequence[int]) -> tuple[int, ...]:
    """Steps between neighbours along each axis of an array without gaps, the last axis densest."""
    steps = [1]
    for length in reversed(shape[1:]):
        steps.append(steps[-1] * length)
    return tuple(reversed(steps)) if shape else ()


def span(shape: tuple[int, ...], stride: tuple[int, ...]) -> int:
    """How many numbers lie from a tensor's first to its last, both included."""
    if 0 in shape:
        return 0
    return 1 + sum((length - 1) * step for length, step in zip(shape, stride, strict=True))
