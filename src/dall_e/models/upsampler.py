"""The upsampler: an image at twice its side, by a small U-Net over what bilinear resizing gives.

Shapes: B images, C 4 channels (premultiplied RGBA), D features, H W rows and columns.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dall_e.config import UpsamplerConfig
from dall_e.models.image_tokenizer import AttentionBlock

FACTOR = 2


class _Block(nn.Module):
    """x + conv(silu(norm(conv(silu(x)))))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.norm = nn.GroupNorm(math.gcd(8, width), width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x_BDHW: Tensor) -> Tensor:
        """Same shape."""
        y_BDHW: Tensor = x_BDHW + self.conv2(F.silu(self.norm(self.conv1(F.silu(x_BDHW)))))
        return y_BDHW


def _blocks(width: int, count: int) -> nn.Module:
    """So many blocks one after the other."""
    return _Block(width) if count == 1 else nn.Sequential(*(_Block(width) for _ in range(count)))


class Upsampler(nn.Module):
    """Doubles the side of images, which must be a multiple of 2^(resolutions - 1)."""

    def __init__(self, config: UpsamplerConfig) -> None:
        super().__init__()
        self.config = config
        widths = config.widths
        pairs = list(zip(widths, widths[1:], strict=False))

        # Down, level by level.
        blocks = config.blocks or (1,) * len(widths)
        self.door = nn.Conv2d(4, widths[0], 3, padding=1)
        self.inward = nn.ModuleList(map(_blocks, widths, blocks))
        self.steps = nn.ModuleList(
            nn.Conv2d(fine, coarse, 4, stride=2, padding=1) for fine, coarse in pairs
        )
        self.middle = AttentionBlock(widths[-1]) if config.attends else nn.Identity()

        # Up again, with what each level had on the way down.
        self.unfold = nn.ModuleList(
            nn.Sequential(nn.Conv2d(coarse, 4 * fine, 1), nn.PixelShuffle(2))
            for fine, coarse in pairs
        )
        self.merge = nn.ModuleList(nn.Conv2d(2 * fine, fine, 3, padding=1) for fine, _ in pairs)
        self.outward = nn.ModuleList(map(_blocks, widths[:-1], blocks))
        self.exit = nn.Conv2d(widths[0], 4 * FACTOR**2, 3, padding=1)

        # It starts as bilinear resizing.
        for parameter in self.exit.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Images [B, 4, 2 H, 2 W] of premultiplied RGBA [B, 4, H, W] in [0, 1].

        The result is near [0, 1] but not clamped, so that gradients live.
        """
        h_BDHW = self.door(x_BCHW * 2 - 1)
        skips: list[Tensor] = []
        for index, block in enumerate(self.inward):
            h_BDHW = block(h_BDHW)
            if index < len(self.steps):
                skips.append(h_BDHW)
                h_BDHW = self.steps[index](h_BDHW)

        h_BDHW = self.middle(h_BDHW)
        for index in reversed(range(len(skips))):
            both_BDHW = torch.cat((self.unfold[index](h_BDHW), skips[index]), dim=1)
            h_BDHW = self.outward[index](self.merge[index](both_BDHW))

        detail_BCHW = F.pixel_shuffle(self.exit(F.silu(h_BDHW)), FACTOR)
        return enlarged(x_BCHW) + detail_BCHW


def enlarged(x_BCHW: Tensor) -> Tensor:
    """Images at twice the side by bilinear resizing, which the upsampler improves on."""
    return F.interpolate(x_BCHW, scale_factor=FACTOR, mode="bilinear", align_corners=False)
