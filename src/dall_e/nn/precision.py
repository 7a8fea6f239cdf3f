"""One rule for what a network computes in: the number format and the device of its own weights.

Whatever goes from one network to another is brought to those first (`entering`), so that networks
of one model may differ in both. Numbers without weights of their own are float32, codes int64; both
are named wherever a tensor is made, as torch's defaults belong to the caller.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def weight_of(network: nn.Module) -> Tensor:
    """A weight that says what a network computes in, and where."""
    return next(network.parameters())


def entering(network: nn.Module, x: Tensor) -> Tensor:
    """A tensor as a network takes it: on its device and, unless it holds whole numbers, in its
    number format."""
    like = weight_of(network)
    return x.to(like.device, like.dtype if x.is_floating_point() else None)


def cast(network: nn.Module, dtype: torch.dtype) -> None:
    """Bring the weights of a network to a number format, in place.

    Tables, which are no weights, stay as they are made, as they do where weights are loaded in that
    format. So do weights that are packed.
    """
    for parameter in network.parameters():
        parameter.data = parameter.data.to(dtype)
