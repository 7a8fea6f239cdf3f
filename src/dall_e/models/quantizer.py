"""Quantisers: latents to codes and back.

Finite scalar quantisation (FSQ) for the native tokenizer, learned codebooks (VQ) for published
ones.

Shapes: B batch, D latent channels, H W grid rows and columns, N codes in a flat list, C codebook
entries.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Quantized(NamedTuple):
    """What quantising a latent grid gives."""

    latents_BDHW: Tensor
    """The nearest code's latents; gradients pass straight through to the input."""
    codes_BHW: Tensor
    """int64 codes in 0..num_codes-1."""


class FSQ(nn.Module):
    """Finite scalar quantisation: each latent channel is rounded to a few levels in [-1, 1].

    Mentzer et al. 2023, arXiv 2309.15505. Our levels are spread evenly over [-1, 1] for even counts
    too, so no offset is needed. A code is the mixed-radix number of its levels, first channel least
    significant.
    """

    levels_D: Tensor
    strides_D: Tensor

    def __init__(self, levels: tuple[int, ...]) -> None:
        super().__init__()
        self.width = len(levels)
        self.num_codes = math.prod(levels)
        strides = [math.prod(levels[:channel]) for channel in range(len(levels))]
        self.register_buffer("levels_D", torch.tensor(levels, dtype=torch.int64), persistent=False)
        self.register_buffer(
            "strides_D", torch.tensor(strides, dtype=torch.int64), persistent=False
        )

    def quantize(self, z_BDHW: Tensor) -> Quantized:
        """Squash latents (any real numbers) and round them to codes."""
        bounded_BHWD = torch.tanh(z_BDHW.float()).movedim(1, -1)
        steps_BHWD = self._to_steps(bounded_BHWD)
        rounded_BHWD = self._from_steps(steps_BHWD)
        latents_BHWD = bounded_BHWD + (rounded_BHWD - bounded_BHWD).detach()
        codes_BHW = (steps_BHWD.long() * self.strides_D).sum(-1)
        return Quantized(latents_BHWD.movedim(-1, 1), codes_BHW)

    def embed(self, codes_BHW: Tensor) -> Tensor:
        """Latents [B, D, H, W] in [-1, 1] of codes."""
        return self.points(codes_BHW).movedim(-1, 1)

    def points(self, codes_N: Tensor) -> Tensor:
        """Points [..., D] of the code grid, in [-1, 1], for codes of any shape."""
        return self._from_steps(self._split(codes_N))

    def nearest(self, points_ND: Tensor) -> Tensor:
        """Codes [...] of the grid points nearest to any points [..., D]."""
        return (self._to_steps(points_ND.clamp(-1, 1)).long() * self.strides_D).sum(-1)

    def neighbours(self, codes_N: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Codes that differ from the given ones by one level in one random channel."""
        device = codes_N.device
        channel, up = (
            torch.randint(end, codes_N.shape, generator=generator, dtype=torch.int64, device=device)
            for end in (self.width, 2)
        )

        steps_ND = self._split(codes_N)
        levels_N = self.levels_D[channel]
        old_N = steps_ND.gather(-1, channel[..., None])[..., 0]
        new_N = old_N + 2 * up - 1

        # A move off the grid goes the other way instead, so that every code really changes.
        new_N = torch.where(new_N < 0, old_N + 1, torch.where(new_N >= levels_N, old_N - 1, new_N))
        return codes_N + (new_N - old_N) * self.strides_D[channel]

    def _split(self, codes_N: Tensor) -> Tensor:
        return codes_N[..., None] // self.strides_D % self.levels_D

    def _to_steps(self, points_ND: Tensor) -> Tensor:
        return torch.round((points_ND + 1) / 2 * (self.levels_D - 1))

    def _from_steps(self, steps_ND: Tensor) -> Tensor:
        # A quotient of whole numbers would have the default dtype, which is the caller's.
        return steps_ND.float() * (2 / (self.levels_D - 1).float()) - 1


class VQ(nn.Module):
    """A learned codebook: the nearest entry in direction (`unit`), or by distance.

    Van den Oord et al. 2017, arXiv 1711.00937.
    """

    def __init__(self, num_codes: int, width: int, *, unit: bool) -> None:
        super().__init__()
        self.num_codes = num_codes
        self.unit = unit
        self.codebook_CD = nn.Parameter(F.normalize(torch.randn(num_codes, width), dim=-1))

    def quantize(self, z_BDHW: Tensor) -> Quantized:
        """Replace latents (any real numbers) by the nearest codebook entries."""
        codes_BHW = self.nearest(self._scaled(z_BDHW.float().movedim(1, -1)))
        return Quantized(self.embed(codes_BHW), codes_BHW)

    def embed(self, codes_BHW: Tensor) -> Tensor:
        """Latents [B, D, H, W] of codes: unit vectors, or the entries as they are."""
        return self._scaled(self.codebook_CD[codes_BHW].float()).movedim(-1, 1)

    def nearest(self, points_ND: Tensor) -> Tensor:
        """Codes [...] of the entries nearest to points [..., D]: by cosine, or by distance."""
        book_CD = self.codebook_CD.float()
        if self.unit:
            return (points_ND @ F.normalize(book_CD, dim=-1).T).argmax(-1)
        return (book_CD.square().sum(-1) - 2 * points_ND @ book_CD.T).argmin(-1)

    def _scaled(self, points_ND: Tensor) -> Tensor:
        return F.normalize(points_ND, dim=-1) if self.unit else points_ND
