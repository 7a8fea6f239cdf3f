"""Where the borders between areas run, finer than a pixel.

A pixel on a border is a mixture of the colours on both sides, and says by how much: so the border
is where the mixture is even, not where a pixel ends. Shapes: H W rows and columns, C 4 channels
(premultiplied RGBA), K colours, B pixels along borders.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.int32]
UInt8 = npt.NDArray[np.uint8]

_NEIGHBOURS = ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))
"""Steps to where the other side of a border is looked for, the nearest first."""


class _Mixtures(NamedTuple):
    """The pixels along borders."""

    row_B: Any
    column_B: Any
    own_B: Any
    """The label of each."""
    other_B: Any
    """That of the other side of the border."""
    part_B: Any
    """How much of the pixel has the other side's colour, 0 to 1."""


def smooth_borders(labels_HW: Labels, image_HWC: UInt8, palette_K3: UInt8, sigma: float) -> Labels:
    """Return labels at twice the side, with smooth borders: the largest of the blurred areas.

    labels_HW: 0 where nothing is, k + 1 for colour k of the palette. image_HWC: the drawing, of
    which the mixed pixels are looked at. sigma: of the blur, in pixels of it.
    """
    mixtures = _mixtures(labels_HW, image_HWC, palette_K3)
    height, width = labels_HW.shape
    best_HW = np.full((2 * height, 2 * width), -1.0, dtype=np.float32)
    result_HW = np.zeros(best_HW.shape, dtype=np.int32)
    for label in np.flatnonzero(np.bincount(labels_HW.ravel())):
        area_HW = _area(labels_HW, int(label), mixtures)
        large_HW = cv2.resize(area_HW, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
        weight_HW = cv2.GaussianBlur(large_HW, (0, 0), 2 * sigma, borderType=cv2.BORDER_REPLICATE)
        wins_HW = weight_HW > best_HW
        best_HW[wins_HW], result_HW[wins_HW] = weight_HW[wins_HW], label
    return result_HW


def _area(labels_HW: Labels, label: int, mixtures: _Mixtures) -> npt.NDArray[np.float32]:
    """How much of each pixel a label has, 0 to 1."""
    area_HW: npt.NDArray[np.float32] = (labels_HW == label).astype(np.float32)
    for side_B, sign in ((mixtures.own_B, -1.0), (mixtures.other_B, 1.0)):
        here_B = side_B == label
        area_HW[mixtures.row_B[here_B], mixtures.column_B[here_B]] += sign * mixtures.part_B[here_B]
    return area_HW


def _mixtures(labels_HW: Labels, image_HWC: UInt8, palette_K3: UInt8) -> _Mixtures:
    """The pixels beside which another label is, and of what they are mixed."""
    small_HW, around = labels_HW.astype(np.uint16), np.ones((3, 3), dtype=np.uint8)
    is_border_HW = cv2.dilate(small_HW, around) != cv2.erode(small_HW, around)
    row_B, column_B = np.nonzero(is_border_HW)
    own_B = labels_HW[row_B, column_B]

    padded_HW = np.pad(labels_HW, 1, mode="edge")
    other_B = own_B.copy()
    for down, right in _NEIGHBOURS:
        beside_B = padded_HW[row_B + 1 + down, column_B + 1 + right]
        other_B = np.where(other_B == own_B, beside_B, other_B)

    # Colours are premultiplied, so transparency is one of them.
    colours = np.zeros((len(palette_K3) + 1, 4), dtype=np.float32)
    colours[1:, :3], colours[1:, 3] = palette_K3, 255
    line_B4 = colours[other_B] - colours[own_B]
    off_B4 = image_HWC[row_B, column_B] - colours[own_B]
    lengths_B = np.maximum((line_B4**2).sum(1), 1e-6)
    part_B = ((off_B4 * line_B4).sum(1) / lengths_B).clip(0, 1)
    return _Mixtures(row_B, column_B, own_B, other_B, part_B)
