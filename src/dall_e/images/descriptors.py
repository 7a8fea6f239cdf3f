"""What a drawing looks like as numbers: its edges, its outline and its colours.

Edges and outline are histograms of oriented gradients (Dalal and Triggs 2005, "Histograms of
oriented gradients for human detection"), colours a small picture in CIE Lab. Nothing of it is
learned; `models/recogniser.py` learns which of the numbers tell things apart, whoever drew them.

Shapes: H W rows and columns, C 4 channels (premultiplied RGBA), S the side at which drawings are
described, F numbers.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from dall_e.images.files import ImageArray

Floats: TypeAlias = npt.NDArray[np.float32]

_SIDE, _MARGIN = 64, 2
"""A drawing is described at 64 pixels, with this margin around what is seen of it."""
_CELL, _BINS = 8, 9
"""Pixels of a cell's side, and directions from 0 to 180 degrees."""
_LARGEST_BIN = 0.2
"""Of a normalised histogram, so that one strong edge does not hide the others."""
_COLOURS, _OUTLINE = 10, 12
"""Sides of the small pictures of colours and of alpha."""
_SEEN = 40
"""Alpha that belongs to a drawing."""
_EDGES_WEIGHT, _OUTLINE_WEIGHT = 1.0, 0.5
DESCRIPTOR_SIZE = 2 * (_SIDE // _CELL - 1) ** 2 * 4 * _BINS + 3 * _COLOURS**2 + _OUTLINE**2
"""F."""


def descriptor(image_CHW: ImageArray) -> Floats:
    """The numbers [F] of a drawing without a ground, uint8 [4, H, W] of any size.

    Where it is and how large makes no difference. Each of the four parts is about as long as 1.
    """
    drawing_SSC = framed(image_CHW)
    alpha_SS = drawing_SSC[..., 3]
    on_white_SS3 = drawing_SSC[..., :3] + (255 - alpha_SS[..., None])

    grey_SS = cv2.cvtColor(on_white_SS3, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(on_white_SS3, (_COLOURS, _COLOURS), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) / 100
    outline = cv2.resize(alpha_SS, (_OUTLINE, _OUTLINE), interpolation=cv2.INTER_AREA) / 255

    num_blocks = _SIDE // _CELL - 1
    parts = (
        _gradients(grey_SS) / num_blocks * _EDGES_WEIGHT,
        _gradients(alpha_SS) / num_blocks * _OUTLINE_WEIGHT,
        lab.ravel() / 6,
        outline.ravel() / _OUTLINE,
    )
    return np.concatenate(parts).astype(np.float32)


def framed(image_CHW: ImageArray) -> npt.NDArray[np.uint8]:
    """What is seen of a drawing in the middle of a square, as large as it fits, uint8 [S, S, C]."""
    image_HWC = image_CHW.transpose(1, 2, 0)
    is_seen_HW = image_HWC[..., 3] > _SEEN
    rows, columns = np.flatnonzero(is_seen_HW.any(1)), np.flatnonzero(is_seen_HW.any(0))
    if len(rows):
        image_HWC = image_HWC[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]

    height, width = image_HWC.shape[:2]
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    square = np.zeros((side, side, 4), np.uint8)
    square[top : top + height, left : left + width] = image_HWC

    framed_SSC = np.zeros((_SIDE, _SIDE, 4), np.uint8)
    inner = _SIDE - 2 * _MARGIN
    framed_SSC[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN] = cv2.resize(
        square, (inner, inner), interpolation=cv2.INTER_AREA
    )
    return framed_SSC


def _gradients(grey_SS: npt.NDArray[Any]) -> Floats:
    """Histograms of directions, of 2 x 2 cells each, normalised; flat."""
    grey = grey_SS.astype(np.float32) / 255
    across, down = cv2.Sobel(grey, -1, 1, 0, ksize=1), cv2.Sobel(grey, -1, 0, 1, ksize=1)
    strength = np.hypot(across, down).ravel()
    bin_of = ((np.arctan2(down, across) % np.pi) * (_BINS / np.pi)).ravel()

    # Each pixel votes for the two directions that its own lies between.
    first, pixels = np.floor(bin_of).astype(np.int64), np.arange(_SIDE * _SIDE)
    towards_next = bin_of - first
    votes = np.zeros((_SIDE * _SIDE, _BINS), np.float32)
    votes[pixels, first % _BINS] = strength * (1 - towards_next)
    votes[pixels, (first + 1) % _BINS] += strength * towards_next

    number = _SIDE // _CELL
    cells = votes.reshape(number, _CELL, number, _CELL, _BINS).mean((1, 3))
    corners = (cells[:-1, :-1], cells[1:, :-1], cells[:-1, 1:], cells[1:, 1:])
    blocks = _unit(np.minimum(_unit(np.concatenate(corners, axis=2)), _LARGEST_BIN))
    return blocks.ravel()


def _unit(blocks: npt.NDArray[Any]) -> Floats:
    """Each block at length 1, or near nothing where nothing is."""
    unit: Floats = blocks / np.sqrt((blocks**2).sum(2, keepdims=True) + 1e-4)
    return unit
