"""Muon: the momentum of a matrix is made orthogonal before it becomes a step.

PyTorch's own takes matrices only, and always computes in bfloat16, for which a CPU without
instructions for it needs some hundred times as long as for float32. This one takes kernels of
convolutions too, and the number format that the device is fast in. On equal terms both take the
same steps.

Shapes: O output channels, I input channels, k k the kernel's side; M the rows of a matrix, N its
columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from dall_e.runtime import computes_bf16
from dall_e.training.sharding import full, shared_out

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the polynomial a x + b x^3 + c x^5, steep at 0 (Jordan et al., "Muon", 2024)."""
NUM_ITERATIONS = 5
"""After them a singular value of any size is between 0.7 and 1.2."""
MOMENTUM = 0.95
RMS_OF_ADAMW = 0.2
"""Root mean square of an entry of AdamW's steps (Liu et al., "Muon is scalable", 2025)."""


class Muon(torch.optim.Optimizer):
    """Muon for matrices, and for kernels [O, I, k, k] as matrices [O, I k k].

    Its steps have the size of AdamW's, so one learning rate serves both.
    """

    def __init__(
        self, weights: Sequence[nn.Parameter], *, learning_rate: float, weight_decay: float
    ) -> None:
        """`weights`: of two or four dimensions."""
        super().__init__(weights, {"lr": learning_rate, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """One step of all weights that have a gradient. A closure is refused with ValueError."""
        if closure is not None:
            raise ValueError("this optimiser takes no closure")

        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._step(weight, group["lr"], group["weight_decay"])

    def _step(self, weight: Tensor, learning_rate: float, weight_decay: float) -> None:
        """One step of one weight."""
        gradient_MN = weight.grad.flatten(1)  # type: ignore[union-attr]
        state = self.state[weight]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(gradient_MN)

        # Nesterov's momentum: the average, and a step further along it
        average_MN = state["momentum_buffer"]
        average_MN.lerp_(gradient_MN, 1 - MOMENTUM)
        # Of shards the whole, once: products of shards would be sent around one by one.
        update_MN = orthogonalised(full(gradient_MN.lerp(average_MN, MOMENTUM)))

        size = RMS_OF_ADAMW * max(update_MN.shape) ** 0.5
        weight.mul_(1 - learning_rate * weight_decay)
        update = shared_out(update_MN.view(weight.shape), weight)
        weight.sub_(update, alpha=learning_rate * size)


def orthogonalised(matrix_MN: Tensor) -> Tensor:
    """Bring the singular values of a matrix near to 1, by Newton-Schulz iterations.

    Computes in bfloat16 where the device does, else in float32; returns the dtype of the matrix.
    """
    a, b, c = COEFFICIENTS
    dtype = torch.bfloat16 if computes_bf16(matrix_MN.device) else torch.float32

    # The smaller side first: products of a matrix with itself are then small.
    is_tall = matrix_MN.shape[0] > matrix_MN.shape[1]
    x_MN = (matrix_MN.T if is_tall else matrix_MN).to(dtype)
    x_MN = x_MN / x_MN.norm().clamp(min=1e-7)
    for _ in range(NUM_ITERATIONS):
        gram_MM = x_MN @ x_MN.T
        polynomial_MM = torch.addmm(gram_MM, gram_MM, gram_MM, beta=b, alpha=c)
        x_MN = torch.addmm(x_MN, polynomial_MM, x_MN, beta=a)
    return (x_MN.T if is_tall else x_MN).to(matrix_MN.dtype)
