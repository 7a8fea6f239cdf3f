"""Norms of the last axis. In training on a CPU the root-mean-square norm has a backward pass by
hand, as PyTorch's is a dozen operations, each of which reads and writes all numbers.

Shapes: B batch rows, T tokens, D width.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from dall_e.config.published import BlockStyle


def rms_norm(x_BTD: Tensor, weight: Tensor, eps: float) -> Tensor:
    """x / rms(x) * weight, over the last axis; further axes of `weight` broadcast."""
    if x_BTD.device.type != "cpu" or torch.compiler.is_compiling():
        if weight.ndim == 1:
            return F.rms_norm(x_BTD, weight.shape, weight.to(x_BTD.dtype), eps=eps)
        return F.rms_norm(x_BTD, x_BTD.shape[-1:], eps=eps) * weight.to(x_BTD.dtype)
    if torch.is_grad_enabled() and (x_BTD.requires_grad or weight.requires_grad):
        normed_BTD: Tensor = _Normed.apply(x_BTD, weight, eps)  # type: ignore[no-untyped-call]
        return normed_BTD

    # Of the few rows of a step, these five operations take half as long as the dozen of torch's own
    # (LOG.md).
    x32_BTD = x_BTD.float()
    scale_BT1 = x32_BTD.square().mean(-1, keepdim=True).add_(eps).rsqrt_()
    return (x32_BTD * scale_BT1).mul_(weight).to(x_BTD.dtype)


class _Normed(torch.autograd.Function):
    """The norm in float32, of which the input and one number for each row are kept."""

    @staticmethod
    def forward(ctx: Any, x_BTD: Tensor, weight: Tensor, eps: float) -> Tensor:
        """Same shape and dtype."""
        x32_BTD = x_BTD.float()
        length_BT1 = torch.linalg.vector_norm(x32_BTD, dim=-1, keepdim=True)
        scale_BT1 = length_BT1.square_().div_(x_BTD.shape[-1]).add_(eps).rsqrt_()
        ctx.save_for_backward(x_BTD, weight, scale_BT1)
        normed_BTD: Tensor = (x32_BTD * scale_BT1).mul_(weight)
        return normed_BTD.to(x_BTD.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_BTD: Tensor) -> tuple[Tensor, Tensor | None, None]:
        """Gradients of x and of the weight."""
        x_BTD, weight, scale_BT1 = ctx.saved_tensors
        grad_BTD, normed_BTD = grad_BTD.float(), x_BTD.float() * scale_BT1
        grad_weight = None
        if ctx.needs_input_grad[1]:
            grad_weight = (grad_BTD * normed_BTD).sum_to_size(weight.shape).to(weight.dtype)

        weighted_BTD = grad_BTD * weight
        along_BT1 = (weighted_BTD * normed_BTD).mean(-1, keepdim=True)
        grad_x_BTD = weighted_BTD.addcmul_(normed_BTD, along_BT1, value=-1).mul_(scale_BT1)
        return grad_x_BTD.to(x_BTD.dtype), grad_weight, None


class RMSNorm(nn.Module):
    """x / rms(x) * scale (Zhang and Sennrich 2019, arXiv 1910.07467)."""

    def __init__(self, width: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Same shape and dtype."""
        return rms_norm(x_BTD, self.weight, self.eps)


def make_norm(width: int, style: BlockStyle) -> nn.Module:
    """The norm of a style."""
    if style.norm == "layer":
        return nn.LayerNorm(width, eps=style.norm_eps)
    return RMSNorm(width, style.norm_eps)
