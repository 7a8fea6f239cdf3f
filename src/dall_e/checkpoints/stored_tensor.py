"""A tensor that is still on the disk: where its numbers lie in which file, and how to read them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from dall_e.errors import UnusableFileError


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

    def read(self) -> torch.Tensor:
        """The tensor, in the file's number format, in memory of its own.

        Raises ValueError if the file ends before it does.
        """
        num_bytes = span(self.shape, self.stride) * self.dtype.itemsize
        content = bytearray(num_bytes)
        with open(self.path, "rb") as file:
            file.seek(self.first_byte + self.offset * self.dtype.itemsize)
            num_read = file.readinto(content)
        if num_read != num_bytes:
            raise ValueError(f"{self.path} ends before its tensors do: it was cut short")
        if not content:
            return torch.empty(self.shape, dtype=self.dtype, device="cpu")

        numbers = torch.frombuffer(content, dtype=self.dtype)
        return numbers.as_strided(self.shape, self.stride).contiguous()


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
