"""Pictures on a ground of one colour as drawings without it, however they were saved.

Shapes: C H W channels (4, premultiplied RGBA), rows and columns.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dall_e.images.files import ImageArray

_ALIKE, _EDGE = 24, 70
"""Largest difference of a channel from the ground: of the ground itself, which JPEG makes uneven,
and of the mixtures beside it."""
_BORDER = 0.6
"""Fraction of the border that is ground if there is one."""
_OPAQUE = 0.98
"""A picture is on a ground if more of it than this is opaque."""


def without_flat_ground(image_CHW: ImageArray) -> ImageArray:
    """A picture on one colour without what of that colour its border reaches, uint8 [4, H, W].

    It may stand between transparent bars, as one that is not square does on a square. Any other
    picture is returned as it is: one that is cut out, and one on a place.
    """
    box = _opaque_box(image_CHW[3])
    if box is None:
        return image_CHW
    part_Chw = image_CHW[:, box[0], box[1]]
    border_3K = _border_of(part_Chw[:3])
    colour_3 = np.median(border_3K, axis=1).astype(np.int16)
    difference_hw = np.abs(part_Chw[:3].astype(np.int16) - colour_3[:, None, None]).max(0)
    alike_hw = (difference_hw <= _ALIKE).astype(np.uint8)
    if _border_of(alike_hw[None]).mean() < _BORDER:
        return image_CHW

    _, labels_hw = cv2.connectedComponents(alike_hw, connectivity=4)
    reached = np.unique(_border_of(labels_hw[None]))
    ground_hw = np.isin(labels_hw, reached[reached > 0])
    if ground_hw.all():
        return image_CHW

    # Beside it pixels are mixed with it.
    beside_hw = cv2.dilate(ground_hw.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    ground_hw |= beside_hw & (difference_hw <= _EDGE)
    cut_CHW = np.zeros_like(image_CHW)
    cut_CHW[:, box[0], box[1]] = np.where(ground_hw, np.uint8(0), part_Chw)
    return cut_CHW


def _opaque_box(alpha_HW: npt.NDArray[np.uint8]) -> tuple[slice, slice] | None:
    """Rows and columns of an opaque picture; None for one that is cut out.

    It is opaque to its corners, and reaches from side to side.
    """
    is_opaque_HW = alpha_HW >= 250
    rows, columns = np.flatnonzero(is_opaque_HW.any(1)), np.flatnonzero(is_opaque_HW.any(0))
    if not len(rows) or (len(rows) < len(alpha_HW) and len(columns) < alpha_HW.shape[1]):
        return None
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    inside_hw = is_opaque_HW[box]
    has_corners = inside_hw[[0, 0, -1, -1], [0, -1, 0, -1]].all()
    return box if has_corners and inside_hw.mean() >= _OPAQUE else None


def _border_of(image_CHW: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The pixels [C, K] at the four sides."""
    sides = (image_CHW[:, 0], image_CHW[:, -1], image_CHW[:, :, 0], image_CHW[:, :, -1])
    return np.concatenate(sides, axis=1)
