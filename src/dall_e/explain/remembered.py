"""Which images of its memory a drawing was drawn from, and how far each was believed.

A prompt recalls images, and each foretells its own tokens beside the network
(`sampling/recall.py`). What a token is due to follows from their parts in its probability: Bayes'
rule.

Shapes: K images that a prompt recalls, N image tokens, C H W channels (4, premultiplied RGBA), rows
and columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from dall_e.explain.oracle import Revealed
from dall_e.images.files import ImageArray, to_uint8
from dall_e.inference.engine import Engine
from dall_e.sampling.memory import TokenMemory
from dall_e.sampling.recall import responsibilities


@dataclass(frozen=True, kw_only=True)
class RememberedImage:
    """An image of the memory that a prompt recalls."""

    row: int
    """Which image of the memory it is."""
    name: str
    """The first prompt that recalls it."""
    image: ImageArray
    """uint8 [4, H, W], premultiplied RGBA."""
    fraction_N: Tensor
    """Of the probability of each token that was drawn, the part that is due to this image, 0 to 1,
    in raster order. At temperature 1 and without guidance."""
    same_tokens: float
    """Fraction of positions, 0 to 1, at which the drawing has its token."""


def remembered_images(
    engine: Engine, prompt: str, revealed: Revealed, log_N: Tensor
) -> list[RememberedImage]:
    """The images that a prompt recalls, the one first that most of the drawing is due to.

    log_N: log p of each token by the network alone, in raster order.
    """
    memory = engine.drawer.memory
    rows = memory.recalled(prompt) if memory is not None else []
    if memory is None or not rows:
        return []

    # By rank; a token is drawn given those of the steps before its own.
    codes_KN = memory.codes_IN[rows].to(revealed.codes_N)
    is_own_KN = codes_KN == revealed.codes_N
    known_N = torch.searchsorted(revealed.groups_N, revealed.groups_N)
    fraction_KN = responsibilities(
        is_own_KN[:, revealed.positions_N], log_N[revealed.positions_N], known_N
    )
    images = [
        RememberedImage(
            row=row,
            name=name_of_row(memory, row),
            image=image_of_row(engine, memory, row),
            fraction_N=fraction_N,
            same_tokens=float(is_own_N.float().mean()),
        )
        for row, fraction_N, is_own_N in zip(
            rows, revealed.in_raster_order(fraction_KN), is_own_KN, strict=True
        )
    ]
    return sorted(images, key=lambda each: -float(each.fraction_N.mean()))


def name_of_row(memory: TokenMemory, row: int) -> str:
    """The first prompt that recalls an image; "" for one that none does."""
    return next(iter(memory.prompts[row]), "")


def image_of_row(engine: Engine, memory: TokenMemory, row: int) -> ImageArray:
    """An image of the memory at the model's own size."""
    return to_uint8(engine.pixels(memory.codes_IN[row][None].to(engine.device, torch.int64)))
