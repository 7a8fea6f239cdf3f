"""A picture gets a larger canvas: its ground goes on, and what the words name is added there.

The ground is the picture without its things: what a picture of ours says of itself, or what is left
when all that lies within is taken out. To the left and right its mirror image continues it, so that
hills and walls meet; above and below its edge does.

Shapes: H W rows and columns of the picture, C 4 channels (premultiplied RGBA).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dall_e.editing.layers import Layers
from dall_e.images.blending import as_mode, premultiplied
from dall_e.images.compositing import Canvas
from dall_e.images.files import LONGEST_SIDE, MOST_PIXELS, PILImage
from dall_e.images.holes import filled, things_within
from dall_e.images.selections import UInt8, grown
from dall_e.inference.validation import is_int

_ROOM = 0.8
"""What is added fills so much of the new part, along its shorter side."""


class Margins(NamedTuple):
    """How much wider a picture gets on each side, in pixels."""

    left: int
    right: int
    top: int
    bottom: int


def checked_margins(image: PILImage, margins: tuple[float, float, float, float]) -> Margins:
    """Return margins in pixels. Whole numbers are pixels, others fractions of the picture's side.

    margins: left, right, top, bottom. Raises ValueError for what is negative or no number, if
    nothing gets larger, and if the result gets too large.
    """
    width, height = image.size
    sides = (width, width, height, height)
    pixels: list[int] = []
    for name, margin, side in zip(Margins._fields, margins, sides, strict=True):
        is_number = isinstance(margin, int | float) and not isinstance(margin, bool)
        if not is_number or not 0 <= margin < LONGEST_SIDE:
            raise ValueError(
                f"{name} must be pixels, such as 100, or a fraction, such as 0.5, got {margin!r}"
            )
        pixels.append(margin if is_int(margin) else round(margin * side))  # type: ignore[arg-type]

    checked = Margins(*pixels)
    if not any(checked):
        raise ValueError("nothing gets larger: give left, right, top or bottom")
    new_width = width + checked.left + checked.right
    new_height = height + checked.top + checked.bottom
    if max(new_width, new_height) > LONGEST_SIDE or new_width * new_height > MOST_PIXELS:
        raise ValueError(
            f"the picture would get {new_width} x {new_height} pixels: each side can have at most "
            f"{LONGEST_SIDE}, and all of it {MOST_PIXELS}"
        )
    return checked


def enlarged(image: PILImage, margins: Margins, layers: Layers | None) -> PILImage:
    """Return a picture with margins in which its ground goes on; its own pixels stay."""
    canvas_HWC = premultiplied(image)
    ground_HWC = layers.ground() if layers is not None else _without_things(canvas_HWC)
    across, down = (margins.left, margins.right), (margins.top, margins.bottom)
    wide_HWC = np.pad(ground_HWC, ((0, 0), across, (0, 0)), mode="symmetric")
    wide_HWC = np.pad(wide_HWC, (down, (0, 0), (0, 0)), mode="edge")

    result = as_mode(wide_HWC, image.mode)
    result.paste(image, (margins.left, margins.top))
    return result


def new_place(size: tuple[int, int], margins: Margins) -> UInt8:
    """Select a square in the largest new part of an enlarged picture, low in it, uint8 [H, W]."""
    width, height = size
    parts = (
        (0, 0, margins.left, height),
        (width - margins.right, 0, width, height),
        (0, 0, width, margins.top),
        (0, height - margins.bottom, width, height),
    )
    left, top, right, bottom = max(
        parts, key=lambda part: min(part[2] - part[0], part[3] - part[1])
    )
    side = max(1, round(_ROOM * min(right - left, bottom - top)))
    x = (left + right - side) // 2
    y = bottom - side - max(1, (bottom - top) // 16)
    selected_HW = np.zeros((height, width), dtype=np.uint8)
    selected_HW[max(y, top) : max(y, top) + side, x : x + side] = 255
    return selected_HW


def _without_things(canvas_HWC: Canvas) -> Canvas:
    """A picture of which all that lies within is taken out."""
    everything_HW = np.full(canvas_HWC.shape[:2], 255, dtype=np.uint8)
    hole_HW = things_within(canvas_HWC, everything_HW)
    wide_HW = grown(hole_HW, max(2, len(hole_HW) // 128))
    return canvas_HWC if (wide_HW >= 128).all() else filled(canvas_HWC, wide_HW)
