"""What of a picture is to change: a mask as a picture, as a box, or as the picture's own alpha.

Shapes: H W rows and columns of the picture. A selection is uint8 [H, W]: 255 is selected, 0 is
kept.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dall_e.images.files import PILImage
from dall_e.images.opening import open_image

UInt8 = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are the first beyond it."""

Mask = PILImage | str | os.PathLike[str] | Sequence[float]
"""A picture or its file, white where it is to change; "alpha"; or a box of four numbers."""

ALPHA = "alpha"
"""The word for the transparent part of the picture itself."""


def selection_of(mask: Mask, image: PILImage) -> UInt8:
    """Read what a mask selects of a picture [H, W].

    A picture selects what is white in it, more or less where it is grey; one that is transparent
    somewhere selects what is transparent. A box is left, top, right, bottom, in pixels, or in
    fractions of the sides if no number is above 1. Raises ValueError for a mask of another size,
    for a box outside the picture, and where nothing is selected.
    """
    if isinstance(mask, str) and mask == ALPHA:
        selected_HW = _transparent(image)
        if not selected_HW.any():
            raise ValueError(
                "the picture has no transparent part to select: give a mask or a box instead"
            )
        return selected_HW
    if isinstance(mask, PILImage | str | os.PathLike):
        return _of_image(mask, image)

    left, top, right, bottom = box_of(mask, image.size)
    selected_HW = np.zeros((image.height, image.width), dtype=np.uint8)
    selected_HW[top:bottom, left:right] = 255
    return selected_HW


def box_of(numbers: Any, size: tuple[int, int]) -> Box:
    """Return a box in pixels of a picture, from pixels or fractions.

    Raises ValueError for what is no box, for one with fractions above 1, and for one that is empty
    or reaches out of the picture.
    """
    width, height = size
    is_box = isinstance(numbers, Sequence) and len(numbers) == 4
    if not is_box or not all(_is_number(number) for number in numbers):
        raise ValueError(f"a box is four numbers, left, top, right, bottom, got {numbers!r}")

    scaled = [float(number) for number in numbers]
    if max(scaled) <= 1:
        scaled = [number * side for number, side in zip(scaled, (*size, *size), strict=True)]
    elif any(number % 1 for number in scaled):
        given = ",".join(f"{number:g}" for number in scaled)
        raise ValueError(
            f"the box {given} is neither in pixels, which are whole numbers, nor in fractions, "
            "which are at most 1"
        )
    left, top, right, bottom = (round(number) for number in scaled)
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        raise ValueError(
            f"the box {left},{top},{right},{bottom} is not in the picture of {width} x {height} "
            "pixels: left is to be less than right, top less than bottom, and none outside"
        )
    return left, top, right, bottom


def inverted_mask(mask: PILImage) -> PILImage:
    """Return a mask that selects what this one, white and black, keeps."""
    return mask.convert("L").point(lambda value: 255 - value)


def bounds_of(selected_HW: UInt8) -> Box:
    """Return the smallest box around everything that is selected at least by half."""
    rows, columns = (np.flatnonzero((selected_HW >= 128).any(axis)) for axis in (1, 0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def is_box(selected_HW: UInt8) -> bool:
    """Whether a selection is a box and nothing else, with sharp sides."""
    left, top, right, bottom = bounds_of(selected_HW)
    inside = (selected_HW == 255)[top:bottom, left:right].all()
    return bool(inside and np.count_nonzero(selected_HW) == (right - left) * (bottom - top))


def border_of(selected_HW: UInt8) -> int:
    """Return the width in pixels of the border around a selection in which a change is blended."""
    left, top, right, bottom = bounds_of(selected_HW)
    return max(2, round(min(right - left, bottom - top) / 64))


def grown(selected_HW: UInt8, pixels: int) -> UInt8:
    """Return a selection with so many pixels more on every side."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    return np.asarray(cv2.dilate(selected_HW, disc), dtype=np.uint8)


def _of_image(mask: PILImage | str | os.PathLike[str], image: PILImage) -> UInt8:
    """What a mask selects that is a picture of its own."""
    mask_image = open_image(mask)
    if mask_image.size != image.size:
        raise ValueError(
            f"the mask has {mask_image.width} x {mask_image.height} pixels, the picture "
            f"{image.width} x {image.height}: give the mask the size of the picture"
        )
    transparent_HW = _transparent(mask_image)
    selected_HW = (
        transparent_HW
        if transparent_HW.any()
        else np.asarray(mask_image.convert("L"), dtype=np.uint8)
    )
    if selected_HW.max() < 128:
        raise ValueError(
            "the mask selects nothing: paint white what is to change, and black what is kept"
        )
    return selected_HW


def _transparent(image: PILImage) -> UInt8:
    """How transparent each pixel is, 255 where nothing is seen."""
    if image.mode != "RGBA":
        return np.zeros((image.height, image.width), dtype=np.uint8)
    return 255 - np.asarray(image.getchannel("A"), dtype=np.uint8)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value
