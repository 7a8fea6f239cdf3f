"""Eight-bit weights: symmetric, one scale per output channel.

Shapes: O output channels (first axis of the weight), ... all other axes.
"""

from __future__ import annotations

import torch

_LEVELS = 127  # Symmetric: -127..127, so that zero is exact and negation is free.


def quantizable(weight: torch.Tensor) -> bool:
    """Whether a tensor is a matrix or kernel that eight bits serve well; norms, biases and single rows are not."""
    return weight.is_floating_point() and weight.dim() >= 2 and weight.shape[0] > 1


def quantize(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Rounds each output channel to 255 levels between its largest values.

    weight: floating point [O, ...]. Returns values int8 [O, ...] and scale_O float32 with weight ~ values * scale; the
    error is at most half a scale. Raises ValueError on a weight that is not finite.
    """
    if not bool(torch.isfinite(weight).all()):
        raise ValueError(f"a weight of shape {list(weight.shape)} has entries that are not finite")
    flat = weight.detach().float().flatten(1)
    scale_O = flat.abs().amax(dim=1) / _LEVELS
    # A channel of zeros (or of denormals) has no scale to divide by; any does.
    scale_O = torch.where(scale_O < torch.finfo(torch.float32).tiny, torch.ones_like(scale_O), scale_O)
    values = (flat / scale_O[:, None]).round().clamp(-_LEVELS, _LEVELS).to(torch.int8)
    return values.view(weight.shape), scale_O


def dequantize(values: torch.Tensor, scale_O: torch.Tensor, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """The weight that `quantize` rounded. values: int8 [O, ...]. Raises ValueError unless each channel has a scale."""
    if scale_O.shape != values.shape[:1]:
        raise ValueError(f"scales of shape {list(scale_O.shape)} do not fit a weight of shape {list(values.shape)}")
    broadcast = scale_O.float().view(-1, *[1] * (values.dim() - 1))
    return values.float().mul_(broadcast).to(dtype)
