"""Finds things in a picture and names their colours: the judge of composed pictures.

A map of 16 x 16 places says for each thing whether its middle is there, and of what colour it is
(CenterNet, arXiv 1904.07850, without boxes).

Shapes: B pictures, K things, C colours or 4 channels of a picture, D features, H W rows and columns
of the map.
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
"""Pixels of the looked-at picture per place of the map."""
# Log odds at the start, for most places hold nothing (arXiv 1708.02002, section 4.1).
_FIRST_LOGIT = -4.6


class DetectorOutput(NamedTuple):
    """Maps over the picture."""

    thing_BKHW: Tensor
    """Logits of "the middle of this thing is here"."""
    colour_BCHW: Tensor
    """Logits of the colours of what is here."""


@dataclass(frozen=True, kw_only=True)
class Detection:
    """One thing that was found."""

    thing: str
    colour: str
    x: float
    """Of its middle, 0 at the left to 1 at the right."""
    y: float
    """0 at the top to 1 at the bottom."""
    score: float
    """Probability of this thing at this place."""


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
    """Pictures of any side to maps of a quarter of the side that it looks at them."""

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        self.config = config
        fine, middle, coarse = config.widths
        self.door = nn.Sequential(
            nn.PixelUnshuffle(2), nn.Conv2d(12, fine, 3, padding=1), _Residual(fine)
        )
        self.near = nn.Sequential(
            nn.Conv2d(fine, middle, 4, stride=2, padding=1), _Residual(middle)
        )
        self.far = nn.Sequential(
            nn.Conv2d(middle, coarse, 4, stride=2, padding=1), _Residual(coarse),
            nn.Conv2d(coarse, coarse, 4, stride=2, padding=1), _Residual(coarse), nn.SiLU(),
        )  # fmt: skip
        self.merge = nn.Conv2d(middle + coarse, middle, 3, padding=1)
        self.last = nn.Sequential(_Residual(middle), nn.SiLU())
        self.things = nn.Conv2d(middle, len(config.things), 1)
        self.colours = nn.Conv2d(middle, len(config.colours), 1)
        nn.init.constant_(self.things.weight, 0.0)
        assert self.things.bias is not None
        nn.init.constant_(self.things.bias, _FIRST_LOGIT)

    def forward(self, x_BCHW: Tensor) -> DetectorOutput:
        """Premultiplied RGBA in [0, 1], seen on white."""
        near_BDHW = self.near(
            self.door(composite_and_resize(self.config.image_size, x_BCHW) * 2 - 1)
        )
        far_BDHW = F.interpolate(
            self.far(near_BDHW), size=near_BDHW.shape[2:], mode="bilinear", align_corners=False
        )
        h_BDHW = self.last(self.merge(torch.cat((near_BDHW, far_BDHW), dim=1)))
        return DetectorOutput(self.things(h_BDHW), self.colours(h_BDHW))

    @torch.no_grad()
    def find(self, x_BCHW: Tensor, *, threshold: float = 0.3) -> list[list[Detection]]:
        """What is in each picture, surest first."""
        output = self(x_BCHW)
        return [
            found_in(thing_KHW, colour_CHW, self.config, threshold=threshold)
            for thing_KHW, colour_CHW in zip(
                output.thing_BKHW.float(), output.colour_BCHW.float(), strict=True
            )
        ]


def found_in(
    thing_KHW: Tensor, colour_CHW: Tensor, config: DetectorConfig, *, threshold: float
) -> list[Detection]:
    """Things at the peaks of the maps (logits) of one picture that are at least as likely as the
    threshold.

    Where two peaks are less than two places apart, of whatever things, only the likelier one is
    something.
    """
    fraction_KHW = thing_KHW.sigmoid()
    peak_KHW = fraction_KHW == F.max_pool2d(fraction_KHW[None], 3, stride=1, padding=1)[0]
    places = (peak_KHW & (fraction_KHW >= threshold)).nonzero()
    scores = fraction_KHW[tuple(places.T)]
    side = fraction_KHW.shape[-1]
    found: list[tuple[int, int, Detection]] = []
    for index in scores.argsort(descending=True).tolist():
        thing, row, column = (int(value) for value in places[index])
        if any(max(abs(row - r), abs(column - c)) < 2 for r, c, _ in found):
            continue
        colour = config.colours[int(colour_CHW[:, row, column].argmax())]
        found.append(
            (
                row,
                column,
                Detection(
                    thing=config.things[thing],
                    colour=colour,
                    x=(column + 0.5) / side,
                    y=(row + 0.5) / side,
                    score=float(scores[index]),
                ),
            )
        )
    return [detection for _, _, detection in found]
