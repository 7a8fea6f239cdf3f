"""Noise-aware training: what is done to the context tokens, and how much of it the model is told.

Two kinds, on a fraction of the pictures. *Noise*: the code's point on the FSQ grid is moved by
Gaussian noise of one level per picture and rounded to the nearest code; the level is told to the
model (xAR's noisy context, arXiv 2502.20388, on a discrete grid). *Replacement*: some codes become
another code of the same picture, or a neighbour on the grid, untold; the correction head learns to
see them (BIGFix, arXiv 2510.12231; Infinity, arXiv 2412.04431).

Shapes: B pictures, N tokens.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from dall_e.models.quantizer import FSQ


class Corrupted(NamedTuple):
    """A noisy context."""

    codes_BN: Tensor
    level_B: Tensor
    """Standard deviation of the noise, told to the model; 0 for most pictures."""
    replaced_BN: Tensor
    """True where a code was replaced by another one, untold."""
    clean_BN: Tensor
    """As many untouched places, roughly: the correction loss needs both."""


def corrupt(
    codes_BN: Tensor,
    quantizer: FSQ,
    random: torch.Generator,
    *,
    noisy_fraction: float,
    noise_level: float,
    replaced_fraction: float,
) -> Corrupted:
    """Adds noise to `noisy_fraction` of the pictures, with levels up to `noise_level`, and replaces
    `replaced_fraction` of their tokens."""
    num_images, num_tokens = codes_BN.shape
    draw = torch.rand(num_images, 2, generator=random)
    noisy_B = draw[:, 0] < noisy_fraction
    level_B = noise_level * draw[:, 1] * noisy_B
    points_BND = quantizer.points(codes_BN)
    noise_BND = torch.randn(points_BND.shape, generator=random)
    moved_BN = quantizer.nearest(points_BND + level_B[:, None, None] * noise_BND)
    draws_BN = torch.rand(codes_BN.shape, generator=random)
    replaced_BN = (draws_BN < replaced_fraction) & noisy_B[:, None]
    clean_BN = (draws_BN > 1 - replaced_fraction) & noisy_B[:, None]
    others_BN = moved_BN.gather(1, torch.randint(num_tokens, codes_BN.shape, generator=random))
    neighbours_BN = quantizer.neighbours(codes_BN, random)
    wrong_BN = torch.where(
        torch.rand(codes_BN.shape, generator=random) < 0.5, others_BN, neighbours_BN
    )
    context_BN = torch.where(
        replaced_BN, wrong_BN, torch.where(noisy_B[:, None], moved_BN, codes_BN)
    )
    return Corrupted(context_BN, level_B, replaced_BN & (context_BN != codes_BN), clean_BN)
