"""A batch moves as one, whatever is inside it."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dall_e.training.batches import Batch


@dataclass(frozen=True, kw_only=True, eq=False)
class Inner(Batch):
    x: Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class Outer(Batch):
    inner: Inner
    flags: Tensor
    rows: slice
    missing: Tensor | None


def outer() -> Outer:
    return Outer(
        inner=Inner(x=torch.arange(3.0)),
        flags=torch.tensor([True, False]),
        rows=slice(1, 2),
        missing=None,
    )


def test_all_tensors_go_to_the_device_and_the_rest_stays() -> None:
    batch = outer().to(torch.device("meta"))
    assert batch.inner.x.device.type == batch.flags.device.type == "meta"
    assert batch.rows == slice(1, 2) and batch.missing is None


def test_to_arrays_and_back() -> None:
    arrays = outer().to_arrays()
    assert isinstance(arrays.inner.x, np.ndarray)
    batch = arrays.to_tensors()
    assert torch.equal(batch.inner.x, outer().inner.x) and torch.equal(batch.flags, outer().flags)
