"""The tensors of one training step, under names that the type checker knows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

BatchType = TypeVar("BatchType", bound="Batch")


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """What a stage trains on in one step; a subclass names the tensors.

    Fields may be tensors, other batches, or anything else, which is left as it is.
    """

    def to(self: BatchType, device: torch.device) -> BatchType:
        """The batch on a device. A GPU fetches it while it computes: nothing waits for it."""
        if device.type != "cuda":
            return self.map(lambda tensor: tensor.to(device))
        # Only from pinned memory is a copy asynchronous; torch keeps such memory until the copy is
        # done.
        return self.map(lambda tensor: tensor.pin_memory().to(device, non_blocking=True))

    def to_arrays(self: BatchType) -> BatchType:
        """The batch with NumPy's arrays for tensors, which travel between processes as they are."""
        return self.map(lambda tensor: tensor.numpy())

    def to_tensors(self: BatchType) -> BatchType:
        """Undoes `to_arrays`."""
        return self.map(torch.from_numpy)

    def map(self: BatchType, change: Callable[[Any], Any]) -> BatchType:
        """The batch with every tensor or array changed, also in the batches inside it."""
        changed: dict[str, Any] = {}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Batch):
                changed[field.name] = value.map(change)
            elif isinstance(value, Tensor | np.ndarray):
                changed[field.name] = change(value)
        return dataclasses.replace(self, **changed)
