"""What is done to the tokens that the generator sees in training, and how much of it it is told.

Two kinds, on a fraction of the pictures. *Noise*: the code's point on the FSQ grid is moved by
Gaussian noise of one level per picture and rounded to the nearest code; the level is told to the
model (xAR's noisy context, arXiv 2502.20388, on a discrete grid). *Replacement*: some codes become
another code of the same picture, or a neighbour on the grid, untold; the correction head learns to
see them (BIGFix, arXiv 2510.12231; Infinity, arXiv 2412.04431).

Shapes: B pictures, N tokens, D channels of a code's point.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from dall_e.config import NoiseConfig
from dall_e.models.quantizer import FSQ


class Corrupted(NamedTuple):
    """A noisy context."""

    codes_BN: Tensor
    """What the generator sees."""
    level_B: Tensor
    """Standard deviation of the noise, told to the model; 0 for most pictures."""
    replaced_BN: Tensor
    """True where a code was replaced by another one, untold."""
    clean_BN: Tensor
    """As many untouched positions, roughly: the correction loss needs both."""


def uncorrupted(codes_BN: Tensor) -> Corrupted:
    """The truth as context: no noise, nothing replaced."""
    nowhere_BN = torch.zeros(codes_BN.shape, dtype=torch.bool)
    return Corrupted(codes_BN, torch.zeros(len(codes_BN)), nowhere_BN, nowhere_BN)


def corrupt(
    codes_BN: Tensor, quantizer: FSQ, rng: torch.Generator, config: NoiseConfig
) -> Corrupted:
    """Add noise to some of the pictures, and replace some of their tokens."""
    num_images, num_tokens = codes_BN.shape

    # Which pictures are noisy, and how much; each has a level of its own.
    draws_B2 = torch.rand(num_images, 2, generator=rng)
    noisy_B = draws_B2[:, 0] < config.noisy_fraction
    level_B = config.noise_level * draws_B2[:, 1] * noisy_B
    points_BND = quantizer.points(codes_BN)
    noise_BND = torch.randn(points_BND.shape, generator=rng)
    moved_BN = quantizer.nearest(points_BND + level_B[:, None, None] * noise_BND)

    # Which tokens are replaced, and as many that are known to be clean.
    draws_BN = torch.rand(codes_BN.shape, generator=rng)
    replaced_BN = (draws_BN < config.replaced_fraction) & noisy_B[:, None]
    clean_BN = (draws_BN > 1 - config.replaced_fraction) & noisy_B[:, None]

    # Half of them by a code from elsewhere in the picture, half by a neighbour on the grid.
    others_BN = moved_BN.gather(1, torch.randint(num_tokens, codes_BN.shape, generator=rng))
    neighbours_BN = quantizer.neighbours(codes_BN, rng)
    is_other_BN = torch.rand(codes_BN.shape, generator=rng) < 0.5
    wrong_BN = torch.where(is_other_BN, others_BN, neighbours_BN)

    context_BN = torch.where(noisy_B[:, None], moved_BN, codes_BN)
    context_BN = torch.where(replaced_BN, wrong_BN, context_BN)
    return Corrupted(context_BN, level_B, replaced_BN & (context_BN != codes_BN), clean_BN)
