"""What the tokens of a picture see of each other where they do not see all before them: lines and
neighbourhoods.

ruDALL-E's layers see the whole prompt and, of the picture before a token, either as many tokens as
a row has and one more, or those above it in its column (every fourth layer, from the second), or,
in the last layer, a square around it (Child et al. 2019, arXiv 1904.10509;
`rudalle/dalle/image_attention.py`).

Shapes: S places of the sequence, prompt and picture; N tokens of the picture; G its side; L layers.
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
    """What a layer sees."""
    if layer % 4 == 1:
        return "column"
    return "square" if layer == num_layers - 1 else "row"


def visible(
    lines: Lines, prompt: int, grid_size: int, length: int, *, wrapped: bool = False
) -> Tensor:
    """bool [S, S] for a sequence of `length`: row i may look at column j.

    The first `prompt` places are the prompt's, and seen by all that follow. `wrapped`: squares go
    on at the other edge.
    """
    place_S = torch.arange(length)
    steps_SS = place_S[:, None] - place_S[None]
    image_S = place_S - prompt
    if lines == "row":
        near_SS = steps_SS <= grid_size
    elif lines == "column":
        near_SS = steps_SS % grid_size == 0
    else:
        near_SS = _near(image_S // grid_size, grid_size, wrapped) & _near(
            image_S % grid_size, grid_size, wrapped
        )
    return (steps_SS >= 0) & (near_SS | (image_S < 0)[None])


def _near(axis_S: Tensor, grid_size: int, wrapped: bool) -> Tensor:
    """Which places are within reach of each other along one axis."""
    apart_SS = (axis_S[:, None] - axis_S[None]).abs()
    if wrapped:
        apart_SS = torch.minimum(apart_SS, grid_size - apart_SS)
    return apart_SS <= _REACH
