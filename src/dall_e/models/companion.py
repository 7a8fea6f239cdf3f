"""Scorers of text against pictures. For now the one that trains along with the generator and is then thrown away.

Shapes: B pictures, N tokens in raster order, D width.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class TokenTower(nn.Module):
    """A small convolutional view of image tokens that teaches the text encoder what words look like.

    It never sees the text, so the contrastive loss can only be lowered by text states that say what is drawn.
    """

    def __init__(self, num_codes: int, grid_size: int, text_width: int, width: int = 128) -> None:
        super().__init__()
        self.grid_size = grid_size
        self.codes = nn.Embedding(num_codes, width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, stride=2, padding=1)
        # The places of what was found matter ("left", a face's parts), so the map is not averaged but read out whole.
        pooled_side = math.ceil(grid_size / 2)
        self.image_out = nn.Linear(width * pooled_side**2, width)
        self.text_out = nn.Linear(text_width, width)
        # Starting values of the SigLIP paper: scale 10, bias -10.
        self.log_scale = nn.Parameter(torch.tensor(math.log(10.0)))
        self.bias = nn.Parameter(torch.tensor(-10.0))
        nn.init.normal_(self.codes.weight, std=0.5)

    def forward(self, codes_BN: Tensor, pooled_BD: Tensor) -> tuple[Tensor, Tensor]:
        """Codes and pooled text states to two [B, D] that the loss compares."""
        grid_BDHW = self.codes(codes_BN).unflatten(1, (self.grid_size, self.grid_size)).permute(0, 3, 1, 2)
        x_BDHW = F.silu(self.conv2(F.silu(self.conv1(grid_BDHW))))
        return self.image_out(x_BDHW.flatten(1)), self.text_out(pooled_BD)
