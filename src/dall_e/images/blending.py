"""A change put into a picture: pixels that it does not touch stay as they are, bit for bit.

Shapes: H W rows and columns of the picture, h w those of a sprite, C 4 channels (premultiplied
RGBA).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from dall_e.images.compositing import Canvas, resized
from dall_e.images.files import PILImage, to_pil
from dall_e.images.selections import border_of, bounds_of, grown

UInt8 = npt.NDArray[np.uint8]

_FILL = 0.96
"""A thing fills so much of a selection, along its longer side."""
_SMALLEST = 0.35
"""A thing is made smaller, down to this fraction, so that it fits into a round selection."""
_STEPS = 14
"""Sizes that are tried on the way."""
_INSIDE = 0.985
"""So much of a thing has to lie within the selection."""


def premultiplied(image: PILImage) -> Canvas:
    """Return a picture in mode RGB or RGBA as uint8 [H, W, C]."""
    straight_HWC = np.array(image.convert("RGBA"))
    if image.mode == "RGB":
        return straight_HWC
    colours_HW3 = straight_HWC[..., :3].astype(np.uint16) * straight_HWC[..., 3:]
    straight_HWC[..., :3] = (colours_HW3 + 127) // 255
    return straight_HWC


def differing(first_HWC: Canvas, second_HWC: Canvas) -> npt.NDArray[np.bool_]:
    """Return where two canvases of one shape differ, [H, W]; pixels are compared as one number."""
    one_HW, other_HW = (
        np.ascontiguousarray(canvas_HWC).view(np.uint32)[..., 0]
        for canvas_HWC in (first_HWC, second_HWC)
    )
    return np.asarray(one_HW != other_HW)


def as_mode(canvas_HWC: Canvas, mode: str) -> PILImage:
    """Return a canvas as a picture in mode RGB, on white, or RGBA."""
    return to_pil(canvas_HWC.transpose(2, 0, 1), transparent=mode == "RGBA")


def put_into(image: PILImage, changed_HWC: Canvas, weight_HW: UInt8) -> PILImage:
    """Return a picture with changed pixels where the weight says so, in its own mode.

    weight_HW: 255 takes the changed pixel, 0 keeps the picture's bit for bit.
    """
    touched_HW = weight_HW > 0
    before_HWC = premultiplied(image)
    differs_HW = differing(before_HWC, changed_HWC) & touched_HW
    weight_P1 = weight_HW[differs_HW].astype(np.uint32)[:, None]
    before_PC, after_PC = before_HWC[differs_HW], changed_HWC[differs_HW]
    mixed_PC = (before_PC * (255 - weight_P1) + after_PC * weight_P1 + 127) // 255

    result_HWD = np.array(image)
    mixed_1PC = mixed_PC.astype(np.uint8)[None]
    result_HWD[differs_HW] = np.asarray(as_mode(mixed_1PC, image.mode))[0]
    return Image.fromarray(result_HWD, image.mode)


def blended_edge(hole_HW: UInt8, border: int) -> UInt8:
    """Return the weight of a change in a hole: 255 within, less and less across its border."""
    wide_HW = grown(hole_HW, border)
    side = 2 * (border // 2) + 1
    soft_HW = cv2.blur(grown(hole_HW, (border + 1) // 2), (side, side))
    weight_HW = np.where(hole_HW >= 128, 255, np.minimum(soft_HW, wide_HW))
    return np.asarray(weight_HW, dtype=np.uint8)


def fitted(sprite_hwC: Canvas, selected_HW: UInt8, *, stands: bool = True) -> Canvas:
    """Return a canvas [H, W, C] with a sprite as large as fits into a selection, else transparent.

    stands: at the lower edge rather than in the middle. Into a selection that is no box it fits by
    being smaller.
    """
    left, top, right, bottom = bounds_of(selected_HW)
    height, width = sprite_hwC.shape[:2]
    scale = _FILL * min((right - left) / width, (bottom - top) / height)
    canvas_HWC = np.zeros((*selected_HW.shape, 4), dtype=np.uint8)
    alpha_hw = np.ascontiguousarray(sprite_hwC[..., 3])

    x = y = w = h = 1
    for size in np.linspace(1.0, _SMALLEST, _STEPS):
        w, h = max(1, round(width * scale * size)), max(1, round(height * scale * size))
        x = round((left + right - w) / 2)
        y = round(bottom - h - (1 - _FILL) / 2 * h) if stands else round((top + bottom - h) / 2)
        x, y = min(max(x, left), right - w), min(max(y, top), bottom - h)
        small_hw = cv2.resize(alpha_hw, (w, h), interpolation=cv2.INTER_AREA).astype(np.int64)
        covered = (small_hw * selected_HW[y : y + h, x : x + w]).sum() / 255
        if covered >= _INSIDE * small_hw.sum():
            break
    canvas_HWC[y : y + h, x : x + w] = resized(sprite_hwC, w, h)
    return canvas_HWC


def covering(image_hwC: Canvas, selected_HW: UInt8) -> Canvas:
    """Return a canvas [H, W, C] with an opaque picture that covers the bounds of a selection.

    What does not fit is cut off on both sides.
    """
    left, top, right, bottom = bounds_of(selected_HW)
    height, width = image_hwC.shape[:2]
    scale = max((right - left) / width, (bottom - top) / height)
    w, h = max(right - left, round(width * scale)), max(bottom - top, round(height * scale))
    large_hwC = resized(image_hwC, w, h)
    x, y = (w - right + left) // 2, (h - bottom + top) // 2
    canvas_HWC = np.zeros((*selected_HW.shape, 4), dtype=np.uint8)
    canvas_HWC[top:bottom, left:right] = large_hwC[y : y + bottom - top, x : x + right - left]
    return canvas_HWC


def over(front_HWC: Canvas, back_HWC: Canvas) -> Canvas:
    """Return a picture over another, Porter and Duff's "over"."""
    through_HW1 = 255 - front_HWC[..., 3:].astype(np.uint16)
    over_HWC = front_HWC + (back_HWC * through_HW1 + 127) // 255
    return np.minimum(over_HWC, 255).astype(np.uint8)


def allowed(selected_HW: UInt8) -> UInt8:
    """Return where a change of a selection may show at all: the selection and its border."""
    return blended_edge(selected_HW, border_of(selected_HW))
