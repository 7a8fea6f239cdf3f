"""The dual encoder: how well a text fits an image, as the cosine of two directions.

Beside it the tower that trains the text encoder along with the generator.

Shapes: B images or captions, N image tokens in raster order, L text tokens, D width, C 4 channels
(premultiplied RGBA), 3 channels of RGB, H W rows and columns.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dall_e.config import DualEncoderConfig
from dall_e.models.text_encoder import TextEncoder, TextStates
from dall_e.nn.preprocessing import composite_and_resize

_READ_CHANNELS = 64
# Starting values of the SigLIP paper (arXiv 2303.15343): scale 10, bias -10.
_FIRST_SCALE, _FIRST_BIAS = 10.0, -10.0


class DualEncoderOutput(NamedTuple):
    """Images and captions as directions in one space; their cosine says how well they fit."""

    image_BD: Tensor
    """float32, of length 1."""
    text_BD: Tensor
    """float32, of length 1."""


class _Residual(nn.Module):
    """x + conv(silu(norm(conv(silu(norm(x))))))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = _norm(width), _norm(width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x_BDHW: Tensor) -> Tensor:
        """Same shape."""
        h_BDHW = self.conv1(F.silu(self.norm1(x_BDHW)))
        y_BDHW: Tensor = x_BDHW + self.conv2(F.silu(self.norm2(h_BDHW)))
        return y_BDHW


def _norm(width: int) -> nn.Module:
    return nn.GroupNorm(math.gcd(8, width), width)


class ImageTower(nn.Module):
    """One vector per image, by convolutions from half the image's side down."""

    def __init__(self, config: DualEncoderConfig) -> None:
        super().__init__()
        widths = config.image_widths
        self.door = nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(12, widths[0], 3, padding=1))
        self.blocks = nn.ModuleList(_Residual(width) for width in widths)
        steps = zip(widths, widths[1:], strict=False)
        self.steps = nn.ModuleList(
            nn.Conv2d(before, after, 4, stride=2, padding=1) for before, after in steps
        )
        self.read = nn.Sequential(
            _norm(widths[-1]), nn.SiLU(), nn.Conv2d(widths[-1], _READ_CHANNELS, 1), nn.AvgPool2d(2)
        )
        # Where things are matters ("left", a face's parts), so the map is not averaged but read out
        # whole.
        map_side = config.image_size >> (len(widths) + 1)
        self.out = nn.Linear(_READ_CHANNELS * map_side**2, config.width)

    def maps(self, x_B3HW: Tensor) -> list[Tensor]:
        """Features at each resolution, finest first, of opaque images in [0, 1].

        Images must have the tower's own side.
        """
        h_BDHW = self.door(x_B3HW * 2 - 1)
        maps = [self.blocks[0](h_BDHW)]
        for step, block in zip(self.steps, self.blocks[1:], strict=True):
            maps.append(block(step(maps[-1])))
        return maps

    def vector(self, coarsest_BDHW: Tensor) -> Tensor:
        """Vectors [B, D] of any length, of the last of the `maps`."""
        image_BD: Tensor = self.out(F.silu(self.read(coarsest_BDHW)).flatten(1))
        return image_BD

    def forward(self, x_B3HW: Tensor) -> Tensor:
        """Vectors [B, D] of any length, of opaque images in [0, 1] of the tower's own side."""
        return self.vector(self.maps(x_B3HW)[-1])


class DualEncoder(nn.Module):
    """Scores texts against images by two towers that meet only in a cosine.

    So either side can be computed ahead.
    """

    def __init__(self, config: DualEncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.image = ImageTower(config)
        self.text = TextEncoder(config.text)
        self.text_out = nn.Linear(config.text_width, config.width)
        self.log_scale = nn.Parameter(torch.tensor(math.log(_FIRST_SCALE)))
        self.bias = nn.Parameter(torch.tensor(_FIRST_BIAS))

    def embed_images(self, x_BCHW: Tensor, background_BC: Tensor | None = None) -> Tensor:
        """Directions [B, D] of images of any side, premultiplied RGBA in [0, 1].

        They are seen on flat colours [B, 3], or on white.
        """
        x_B3HW = composite_and_resize(self.config.image_size, x_BCHW, background_BC)
        image_BD: Tensor = self.image(x_B3HW)
        return F.normalize(image_BD.float(), dim=-1)

    def embed_texts(self, ids_BL: Tensor) -> Tensor:
        """Directions [B, D] of captions, int64 ids as the text tokenizer makes them."""
        states: TextStates = self.text(ids_BL)
        return F.normalize(self.text_out(states.pooled_BD).float(), dim=-1)

    def forward(
        self, x_BCHW: Tensor, ids_BL: Tensor, background_BC: Tensor | None = None
    ) -> DualEncoderOutput:
        """Directions of both; there may be more captions than images."""
        return DualEncoderOutput(self.embed_images(x_BCHW, background_BC), self.embed_texts(ids_BL))


class TokenTower(nn.Module):
    """A small convolutional tower over image tokens that teaches the text encoder.

    It never sees the text, so the contrastive loss can only be lowered by text states that say what
    is drawn. It is trained along with the generator and then thrown away.
    """

    def __init__(self, num_codes: int, grid_size: int, text_width: int, width: int = 128) -> None:
        super().__init__()
        self.grid_size = grid_size
        self.codes = nn.Embedding(num_codes, width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, stride=2, padding=1)
        pooled_side = math.ceil(grid_size / 2)
        self.image_out = nn.Linear(width * pooled_side**2, width)
        self.text_out = nn.Linear(text_width, width)
        self.log_scale = nn.Parameter(torch.tensor(math.log(_FIRST_SCALE)))
        self.bias = nn.Parameter(torch.tensor(_FIRST_BIAS))
        nn.init.normal_(self.codes.weight, std=0.5)

    def forward(self, codes_BN: Tensor, pooled_BD: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors [B, D] of codes and of pooled text states, for the loss to compare."""
        grid_BHWD = self.codes(codes_BN).unflatten(1, (self.grid_size, self.grid_size))
        grid_BDHW = grid_BHWD.permute(0, 3, 1, 2)
        x_BDHW = F.silu(self.conv2(F.silu(self.conv1(grid_BDHW))))
        return self.image_out(x_BDHW.flatten(1)), self.text_out(pooled_BD)
