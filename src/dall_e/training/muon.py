"""Muon for kernels of convolutions: PyTorch's own takes matrices only.

Shapes: O output channels, I input channels, k k the kernel's side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn


class KernelMuon(torch.optim.Muon):
    """Muon that takes the kernels of convolutions too, each as the matrix [O, I k k] of all that an
    output sees."""

    def __init__(self, weights: Sequence[nn.Parameter], **settings: Any) -> None:
        """`weights`: matrices, and kernels [O, I, k, k] whose memory is dense in either layout."""
        self._weights = weights
        self._matrices = [
            w if w.ndim == 2 else nn.Parameter(_as_matrix(w.data, like=w)) for w in weights
        ]
        super().__init__(self._matrices, **settings)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Of the weights; matrices have gradients within a step only."""
        for weight in self._weights:
            weight.grad = None

    def step(self, closure: Any = None) -> Any:
        """One step of all weights that have a gradient; a matrix is the weight's own memory."""
        for weight, matrix in zip(self._weights, self._matrices, strict=True):
            if weight is not matrix:
                matrix.grad = (
                    None
                    if weight.grad is None
                    else _as_matrix(weight.grad, like=weight).contiguous()
                )
        loss = super().step(closure)  # type: ignore[no-untyped-call]
        for weight, matrix in zip(self._weights, self._matrices, strict=True):
            if weight is not matrix:
                matrix.grad = None
        return loss


def _as_matrix(kernel: Tensor, *, like: Tensor) -> Tensor:
    """[O, I, k, k] as [O, I k k], its columns in the order in which `like` lies in memory: of
    `like` itself a view."""
    return kernel.flatten(1) if like.is_contiguous() else kernel.permute(0, 2, 3, 1).flatten(1)
