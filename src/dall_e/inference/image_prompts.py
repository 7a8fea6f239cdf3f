"""A part of a picture that is given: its tokens are known, and the rest is drawn to fit them.

Shapes: N image tokens, S rows or columns of the grid of tokens.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from dall_e.config import SamplingConfig
from dall_e.images.opening import open_image
from dall_e.images.selections import box_of
from dall_e.inference.image_tokens import image_tokens
from dall_e.inference.retrieval import ImageInput
from dall_e.sampling.decode import KnownTokens

if TYPE_CHECKING:
    from dall_e.inference.engine import Engine

Part = str | Sequence[float]
"""One of PARTS; or a box of left, top, right and bottom, in pixels or in fractions of the sides."""
ImagePrompt = ImageInput | tuple[ImageInput, Part]
"""A picture or its file, of which the top half is given; or with the part that is given."""

Fractions = tuple[float, float, float, float]
PARTS: dict[str, Fractions] = {
    "top": (0, 0, 1, 0.5),
    "bottom": (0, 0.5, 1, 1),
    "left": (0, 0, 0.5, 1),
    "right": (0.5, 0, 1, 1),
}
"""Halves by name: left, top, right and bottom in fractions of the sides."""


def known_part(
    engine: Engine,
    image_prompt: ImagePrompt,
    settings: SamplingConfig,
    **others: Any,
) -> tuple[KnownTokens, SamplingConfig]:
    """The tokens of a picture that are given, one row, and how the rest is drawn: in one piece.

    A picture that is not square is centred on a square. others: what a call
    asks for besides that means nothing here if it is set, by name. Raises ValueError for that, for
    a part that is no part, that leaves nothing to draw or gives no token, and UnusableFileError for
    a file that cannot be read.
    """
    meaningless = [name for name, value in others.items() if value]
    if meaningless:
        raise ValueError(
            "a part of a picture is given, and the rest is drawn in one piece: leave out "
            f"{', '.join(meaningless)}"
        )

    source, part = image_prompt if isinstance(image_prompt, tuple) else (image_prompt, "top")
    image = open_image(source)
    codes_1N = image_tokens(engine.config, engine.networks, image)
    mask_N = tokens_in(_fractions(part, image.size), math.isqrt(codes_1N.shape[1]))
    known = KnownTokens(codes_1N, mask_N[None].to(codes_1N.device))
    return known, dataclasses.replace(settings, compose=False)


def tokens_in(box: Fractions, side: int) -> Tensor:
    """Which tokens of a square grid have their middle in a box of fractions, bool [N].

    Raises ValueError if that is none, or all.
    """
    left, top, right, bottom = box
    steps_S = torch.arange(side, dtype=torch.float32, device="cpu")
    middle_S = (steps_S + 0.5) / side
    rows_S, columns_S = (
        (first <= middle_S) & (middle_S < last) for first, last in ((top, bottom), (left, right))
    )
    mask_N = (rows_S[:, None] & columns_S).flatten()

    count = int(mask_N.sum())
    if not 0 < count < len(mask_N):
        raise ValueError(
            f"the part that is given has {count} of the picture's {side} x {side} tokens: give a "
            f"{'larger' if count == 0 else 'smaller'} part"
        )
    return mask_N


def _fractions(part: Part, size: tuple[int, int]) -> Fractions:
    """A part of a picture of some size as a box on the square on which the picture is centred."""
    if isinstance(part, str):
        if part not in PARTS:
            raise ValueError(
                f"a part is {', '.join(PARTS)}, or left,top,right,bottom of a box; got {part!r}"
            )
        return PARTS[part]

    # What reaches the border of the picture reaches that of the square.
    box, (width, height) = box_of(part, size), size
    side = max(size)
    across, down = (side - width) / 2, (side - height) / 2
    left, right = ((edge + across) / side for edge in (box[0], box[2]))
    top, bottom = ((edge + down) / side for edge in (box[1], box[3]))
    return (
        left if box[0] > 0 else 0.0,
        top if box[1] > 0 else 0.0,
        right if box[2] < width else 1.0,
        bottom if box[3] < height else 1.0,
    )
