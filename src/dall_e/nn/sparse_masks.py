"""Sparse attention masks: lines and neighbourhoods of an image.

A token of ruDALL-E sees the whole prompt and, of the image before it, by layer: as many tokens as a
row has and one more; those above it in its column (every fourth layer, from the second); or a
square around it (the last layer). Child et al. 2019, arXiv 1904.10509;
`rudalle/dalle/image_attention.py`.

Shapes: S positions of the sequence, prompt and image.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Lines = Literal["row", "column", "square"]
LINES: tuple[Lines, ...] = ("row", "column", "square")
_REACH = 5
"""How far the square goes to either side."""


def line_of_layer(layer: int, num_layers: int) -> Lines:
    """What a layer sees, by its number from 0."""
    if layer % 4 == 1:
        return "column"
    return "square" if layer == num_layers - 1 else "row"


def visible(
    lines: Lines, prompt: int, grid_size: int, length: int, *, wrapped: bool = False
) -> Tensor:
    """Mask bool [S, S] for a sequence of `length`: row i may look at column j.

    The first `prompt` positions are the prompt's, and seen by all that follow. `wrapped`: squares
    go on at the other edge.
    """
    position_S = torch.arange(length, dtype=torch.int64)
    steps_SS = position_S[:, None] - position_S[None]
    image_S = position_S - prompt
    if lines == "row":
        near_SS = steps_SS <= grid_size
    elif lines == "column":
        near_SS = steps_SS % grid_size == 0
    else:
        near_rows_SS = _near(image_S // grid_size, grid_size, wrapped)
        near_columns_SS = _near(image_S % grid_size, grid_size, wrapped)
        near_SS = near_rows_SS & near_columns_SS
    return (steps_SS >= 0) & (near_SS | (image_S < 0)[None])


def _near(axis_S: Tensor, grid_size: int, wrapped: bool) -> Tensor:
    """Which positions are within reach of each other along one axis."""
    distance_SS = (axis_S[:, None] - axis_S[None]).abs()
    if wrapped:
        distance_SS = torch.minimum(distance_SS, grid_size - distance_SS)
    return distance_SS <= _REACH
