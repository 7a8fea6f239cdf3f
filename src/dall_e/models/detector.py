"""The detector: finds things in an image and names their colours. It judges composed images.

A map of 16 x 16 positions says for each thing whether its middle is there, and of what colour it is
(CenterNet, arXiv 1904.07850, without boxes).

Shapes: B images, N 4 channels of an image, K things, C colours, D features, H W rows and columns of
an image or of the map.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dall_e.config import DetectorConfig
from dall_e.nn.preprocessing import composite_and_resize

MAP_STEP = 4
"""Pixels of the resized image per position of the map."""
_FIRST_LOGIT = -4.6
"""Log odds at the start, as most positions hold nothing (arXiv 1708.02002, section 4.1)."""


class DetectorOutput(NamedTuple):
    """Maps over the image."""

    thing_BKHW: Tensor
    """Logits of whether the middle of each thing is here."""
    colour_BCHW: Tensor
    """Logits of the colour of what is here."""


@dataclass(frozen=True, kw_only=True)
class Detection:
    """One thing that was found."""

    thing: str
    colour: str
    x: float
    """Of its middle: 0 at the left to 1 at the right."""
    y: float
    """Of its middle: 0 at the top to 1 at the bottom."""
    score: float
    """Probability of this thing at this position."""


class _Residual(nn.Module):
    """x + conv(silu(norm(conv(silu(norm(x))))))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = (nn.GroupNorm(math.gcd(8, width), width) for _ in range(2))
        self.conv1, self.conv2 = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))

    def forward(self, x_BDHW: Tensor) -> Tensor:
        """Same shape."""
        h_BDHW = self.conv1(F.silu(self.norm1(x_BDHW)))
        y_BDHW: Tensor = x_BDHW + self.conv2(F.silu(self.norm2(h_BDHW)))
        return y_BDHW


class Detector(nn.Module):
    """Maps of things and colours, at a quarter of the side to which it resizes images."""

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        self.config = config
        fine, middle, coarse = config.widths

        # Down to a quarter of the side, and from there to a sixteenth.
        self.door = nn.Sequential(
            nn.PixelUnshuffle(2), nn.Conv2d(12, fine, 3, padding=1), _Residual(fine)
        )
        self.near = nn.Sequential(
            nn.Conv2d(fine, middle, 4, stride=2, padding=1), _Residual(middle)
        )
        self.far = nn.Sequential(
            nn.Conv2d(middle, coarse, 4, stride=2, padding=1),
            _Residual(coarse),
            nn.Conv2d(coarse, coarse, 4, stride=2, padding=1),
            _Residual(coarse),
            nn.SiLU(),
        )

        # Back to a quarter, and the two maps.
        self.merge = nn.Conv2d(middle + coarse, middle, 3, padding=1)
        self.last = nn.Sequential(_Residual(middle), nn.SiLU())
        self.things = nn.Conv2d(middle, len(config.things), 1)
        self.colours = nn.Conv2d(middle, len(config.colours), 1)

        nn.init.constant_(self.things.weight, 0.0)
        assert self.things.bias is not None
        nn.init.constant_(self.things.bias, _FIRST_LOGIT)

    def forward(self, x_BNHW: Tensor) -> DetectorOutput:
        """Maps of images of any side, premultiplied RGBA in [0, 1], on white."""
        x_B3HW = composite_and_resize(self.config.image_size, x_BNHW)
        near_BDHW = self.near(self.door(x_B3HW * 2 - 1))
        far_BDHW = F.interpolate(
            self.far(near_BDHW), size=near_BDHW.shape[2:], mode="bilinear", align_corners=False
        )
        h_BDHW = self.last(self.merge(torch.cat((near_BDHW, far_BDHW), dim=1)))
        return DetectorOutput(self.things(h_BDHW), self.colours(h_BDHW))

    @torch.no_grad()
    def find(self, x_BNHW: Tensor, *, threshold: float = 0.3) -> list[list[Detection]]:
        """The things in each image, surest first."""
        output = self(x_BNHW)
        maps = zip(output.thing_BKHW.float(), output.colour_BCHW.float(), strict=True)
        return [
            found_in(thing_KHW, colour_CHW, self.config, threshold=threshold)
            for thing_KHW, colour_CHW in maps
        ]


def found_in(
    thing_KHW: Tensor, colour_CHW: Tensor, config: DetectorConfig, *, threshold: float
) -> list[Detection]:
    """The things at the peaks of one image's maps of logits, surest first.

    A peak counts if its probability is at least the threshold. Where two peaks are less than two
    positions apart, of whatever things, only the likelier one counts.
    """
    # Peaks: likelier than all neighbours.
    probability_KHW = thing_KHW.sigmoid()
    largest_KHW = F.max_pool2d(probability_KHW[None], 3, stride=1, padding=1)[0]
    is_peak_KHW = (probability_KHW == largest_KHW) & (probability_KHW >= threshold)
    peaks = is_peak_KHW.nonzero()
    scores = probability_KHW[tuple(peaks.T)]

    side = probability_KHW.shape[-1]
    taken: list[tuple[int, int]] = []
    detections: list[Detection] = []
    for index in scores.argsort(descending=True).tolist():
        thing, row, column = (int(value) for value in peaks[index])
        if any(max(abs(row - r), abs(column - c)) < 2 for r, c in taken):
            continue
        taken.append((row, column))
        detections.append(
            Detection(
                thing=config.things[thing],
                colour=config.colours[int(colour_CHW[:, row, column].argmax())],
                x=(column + 0.5) / side,
                y=(row + 0.5) / side,
                score=float(scores[index]),
            )
        )
    return detections
