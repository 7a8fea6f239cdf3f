"""Muon for kernels of convolutions: PyTorch's own takes matrices only.

Shapes: O output channels, I input channels, k k the kernel's side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn


class KernelMuon(torch.optim.Muon):
    """Muon that takes kernels too, each as the matrix [O, I k k] of all that an output sees."""

    def __init__(self, weights: Sequence[nn.Parameter], **settings: Any) -> None:
        """`weights`: matrices, and kernels [O, I, k, k] whose memory is dense in either layout."""
        self._weights = weights
        self._matrices: list[nn.Parameter] = []
        for weight in weights:
            is_matrix = weight.ndim == 2
            matrix = weight if is_matrix else nn.Parameter(_as_matrix(weight.data, like=weight))
            self._matrices.append(matrix)
        super().__init__(self._matrices, **settings)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Of the weights; matrices have gradients within a step only."""
        for weight in self._weights:
            weight.grad = None

    def step(self, closure: Any = None) -> Any:
        """One step of all weights that have a gradient; a matrix is the weight's own memory."""
        kernels = [
            (weight, matrix)
            for weight, matrix in zip(self._weights, self._matrices, strict=True)
            if weight is not matrix
        ]
        for weight, matrix in kernels:
            if weight.grad is not None:
                matrix.grad = _as_matrix(weight.grad, like=weight).contiguous()

        loss = super().step(closure)  # type: ignore[no-untyped-call]

        for _, matrix in kernels:
            matrix.grad = None
        return loss


def _as_matrix(kernel: Tensor, *, like: Tensor) -> Tensor:
    """A kernel [O, I, k, k] as a matrix [O, I k k], its columns in the order of `like` in memory.

    Of `like` itself it is a view.
    """
    return kernel.flatten(1) if like.is_contiguous() else kernel.permute(0, 2, 3, 1).flatten(1)
