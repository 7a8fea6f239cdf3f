"""OpenAI's discrete VAE: images to codes by a classifier over 8 x 8 patches, codes to images.

Ramesh et al. 2021, arXiv 2102.12092. Images are squeezed into [0.1, 0.9], as its loss is not
defined at 0 and 1.

Shapes: B batch, C channels, H W rows and columns, V codes.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dall_e.config.published import DVAEConfig

_MARGIN = 0.1
_LEVELS = (1, 2, 4, 8)
"""Widths of the levels relative to the finest."""


class DVAEBlock(nn.Module):
    """shortcut(x) + gain * (four convolutions, each behind a ReLU).

    The kernel sizes say which of them see neighbours.
    """

    def __init__(self, width: int, out_width: int, kernels: tuple[int, ...], gain: float) -> None:
        super().__init__()
        inner = out_width // 4
        widths = (width, inner, inner, inner, out_width)
        self.gain = gain
        self.shortcut = nn.Identity() if width == out_width else nn.Conv2d(width, out_width, 1)
        self.convs = nn.ModuleList(
            nn.Conv2d(before, after, kernel, padding=kernel // 2)
            for (before, after), kernel in zip(pairwise(widths), kernels, strict=True)
        )

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """[B, C, H, W] to the block's own width."""
        h_BCHW = x_BCHW
        for conv in self.convs:
            h_BCHW = conv(F.relu(h_BCHW))
        y_BCHW: Tensor = self.shortcut(x_BCHW) + self.gain * h_BCHW
        return y_BCHW


def _levels(
    config: DVAEConfig, width: int, levels: tuple[int, ...], kernels: tuple[int, ...]
) -> nn.ModuleList:
    """The blocks of each level, in the order in which they run."""
    gain = 1 / (len(levels) * config.blocks_per_level) ** 2
    made = nn.ModuleList()
    for level in levels:
        blocks = nn.Sequential()
        for _ in range(config.blocks_per_level):
            blocks.append(DVAEBlock(width, level * config.width, kernels, gain))
            width = level * config.width
        made.append(blocks)
    return made


class DVAEEncoder(nn.Module):
    """Turns squeezed images into logits of codes."""

    def __init__(self, config: DVAEConfig) -> None:
        super().__init__()
        self.start = nn.Conv2d(config.channels, config.width, 7, padding=3)
        self.levels = _levels(config, config.width, _LEVELS, (3, 3, 3, 1))
        self.end = nn.Conv2d(_LEVELS[-1] * config.width, config.num_codes, 1)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """[B, C, H, W] to [B, V, H / 8, W / 8]."""
        x_BCHW = self.start(x_BCHW)
        for index, level in enumerate(self.levels):
            if index:
                x_BCHW = F.max_pool2d(x_BCHW, 2)
            x_BCHW = level(x_BCHW)
        logits_BVHW: Tensor = self.end(F.relu(x_BCHW))
        return logits_BVHW


class DVAEDecoder(nn.Module):
    """Turns codes into the parameters of a distribution over images."""

    def __init__(self, config: DVAEConfig) -> None:
        super().__init__()
        levels = _LEVELS[::-1]
        self.start = nn.Conv2d(config.num_codes, config.start_width, 1)
        self.levels = _levels(config, config.start_width, levels, (1, 3, 3, 3))
        self.end = nn.Conv2d(config.width, 2 * config.channels, 1)

    def forward(self, codes_BHW: Tensor) -> Tensor:
        """Codes [B, H, W] to location and scale, [B, 2 C, 8 H, 8 W]."""
        # A 1 x 1 convolution of a one-hot image is a look-up.
        x_BCHW = F.embedding(codes_BHW, self.start.weight[:, :, 0, 0].T).movedim(-1, 1)
        assert self.start.bias is not None
        x_BCHW = x_BCHW + self.start.bias[:, None, None]

        for index, level in enumerate(self.levels):
            if index:
                x_BCHW = F.interpolate(x_BCHW, scale_factor=2, mode="nearest")
            x_BCHW = level(x_BCHW)
        stats_BCHW: Tensor = self.end(F.relu(x_BCHW))
        return stats_BCHW


class DVAE(nn.Module):
    """Image -> codes -> image."""

    def __init__(self, config: DVAEConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = DVAEEncoder(config)
        self.decoder = DVAEDecoder(config)

    def code_logits(self, x_BCHW: Tensor) -> Tensor:
        """Logits [B, V, H / 8, W / 8] of the codes of images [B, C, H, W] in [0, 1]."""
        logits_BVHW: Tensor = self.encoder((1 - 2 * _MARGIN) * x_BCHW + _MARGIN)
        return logits_BVHW

    def encode(self, x_BCHW: Tensor) -> Tensor:
        """Codes [B, H / 8, W / 8] of images [B, C, H, W] in [0, 1]."""
        return self.code_logits(x_BCHW).argmax(1)

    def decode(self, codes_BHW: Tensor) -> Tensor:
        """Images [B, C, H, W] in [0, 1] of codes."""
        location_BCHW = torch.sigmoid(self.decoder(codes_BHW)[:, : self.config.channels])
        return ((location_BCHW - _MARGIN) / (1 - 2 * _MARGIN)).clamp(0, 1)
