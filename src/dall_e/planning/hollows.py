"""Where things go into a drawing: the opening of a container, and the room below a table.

An opening is a dark area near the top, as wide as the container, with a rim around it. What is in
the container is seen above the front of the rim, and everything below that is before it.

Coordinates are fractions of the drawing's box, from its upper left corner; y grows downwards.
Shapes: H W rows and columns of the box, K colours.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dall_e.images.areas import EMPTY
from dall_e.images.colour import oklab
from dall_e.planning.outlines import Hollow, components, rings_of

Labels = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]

_WIDE, _HIGH = 0.42, (0.05, 0.66)
"""Fraction of a container's width that its opening has at least, and of its height."""
_DARKER = 0.04
"""An opening is so much darker than the container, in OKLab."""
_OPEN_EDGE = 0.62
"""An opening has less than this part of its outline in common with the outline of all."""
_BAND = 0.93
"""What fills more of its box is a band around the container."""
_BELOW_A_FLAP = 0.6
"""How far down the middle of an opening is below an open flap, as a fraction of the height."""
_RIM = 0.14
"""The rim behind an opening is at most so thick, as a fraction of the height."""
_MOUTH, _DEEP = 0.3, 0.1
"""A container without an opening has its rim where so much of its width is solid, so far down."""
_LEAST_GAP = (0.24, 0.13)
"""Width and height of the smallest room that something is put into."""


def opening_of(
    labels_HW: Labels, palette_K3: npt.NDArray[np.uint8], *, is_open: bool = False
) -> Hollow | None:
    """Find the opening of a container that is seen a little from above; None if there is none.

    is_open: whether its name says that it is, so that a lid or a flap may be above the opening.
    """
    height, width = labels_HW.shape
    shown_HW = labels_HW != EMPTY
    if not len(palette_K3) or not shown_HW.any():
        return None
    light_K = oklab(palette_K3)[:, 0]
    mean = float(light_K[labels_HW[shown_HW] - 1].mean())
    found: list[tuple[int, Any, Bools]] = []
    for label in np.flatnonzero(light_K < mean - _DARKER) + 1:
        for (left, top, wide, tall, _), mask_HW in components(labels_HW == label):
            is_shape = wide >= _WIDE * width and _HIGH[0] * height <= tall <= _HIGH[1] * height
            lowest = (_BELOW_A_FLAP if is_open else 0.5) * height
            is_above = top + tall / 2 < lowest and wide > 1.2 * tall
            above_HW = shown_HW[max(top - round(_RIM * height), 0) : top]
            has_rim = top < _RIM * height or not above_HW[:, left + wide // 2].all()
            if not (is_shape and is_above and (has_rim or is_open)):
                continue
            if _open_edge(mask_HW, shown_HW) > _OPEN_EDGE:
                continue
            # What lies in the opening, as a spoon does, counts as part of it.
            hull_HW = _hull(mask_HW)
            if hull_HW.sum() < _BAND * wide * tall:
                found.append((int(top), (left, top, wide, tall), hull_HW))
    if not found:
        return None

    _, (left, top, wide, tall), hull_HW = min(found, key=lambda each: each[0])
    return Hollow(
        left / width,
        top / height,
        (left + wide) / width,
        (top + tall) / height,
        rings_of(_before(hull_HW, shown_HW)),
    )


def _hull(mask_HW: Bools) -> Bools:
    """The convex hull of an area."""
    points: Any = np.argwhere(mask_HW)[:, ::-1].astype(np.int32)
    hull_HW = np.zeros(mask_HW.shape, dtype=np.uint8)
    cv2.fillConvexPoly(hull_HW, cv2.convexHull(points), 1)
    return np.asarray(hull_HW > 0)


def _open_edge(mask_HW: Bools, shown_HW: Bools) -> float:
    """The fraction of an area's outline beyond which nothing is seen."""
    kernel = np.ones((7, 7), dtype=np.uint8)
    padded_HW = np.pad(mask_HW, 4).astype(np.uint8)
    ring_HW = cv2.dilate(padded_HW, kernel).astype(bool) & ~padded_HW.astype(bool)
    return float((~np.pad(shown_HW, 4))[ring_HW].mean())


def _before(hull_HW: Bools, shown_HW: Bools) -> Bools:
    """What is below the front of an opening, and beside it below its widest row."""
    height, width = hull_HW.shape
    columns = np.flatnonzero(hull_HW.any(0))
    last_W = height - 1 - hull_HW[::-1].argmax(0)
    first, last = columns[0], columns[-1]
    last_W[:first], last_W[last + 1 :] = last_W[first], last_W[last]
    return np.asarray(shown_HW & (np.arange(height)[:, None] > last_W[None, :]))


def bars_of(labels_HW: Labels) -> Hollow:
    """Return the room in a cage, or in a glass: what is not its back is before what is in it."""
    height, width = labels_HW.shape
    middle = labels_HW[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4]
    back = int(np.bincount(middle.ravel(), minlength=1).argmax())
    bars_HW = (labels_HW != EMPTY) & (labels_HW != back)
    return Hollow(0.2, 0.35, 0.8, 0.85, rings_of(bars_HW))


def rim_of(shown_HW: Bools) -> Hollow:
    """Return the upper edge of a container into which nobody sees, as of a tub or a vase.

    What is thin above it, as a shower or a handle, is behind what is in the container.
    """
    height, width = shown_HW.shape
    widths = shown_HW.sum(1)
    enough = widths >= _MOUTH * widths.max()
    reach = max(round(_DEEP * height), 1)
    tops = [row for row in range(height - reach) if enough[row : row + reach].all()]
    top = tops[0] if tops else 0
    columns = np.flatnonzero(shown_HW[top : top + reach].mean(0) > 0.5)
    left, right = (columns[0], columns[-1] + 1) if len(columns) else (0, width)
    front_HW = shown_HW.copy()
    front_HW[:top] = False
    return Hollow(left / width, top / height, right / width, top / height, rings_of(front_HW))


def room_below(shown_HW: Bools) -> Hollow | None:
    """Find the room between the legs of a table; None if something stands on its whole foot."""
    height, width = shown_HW.shape
    best: tuple[float, Hollow] | None = None
    for top in range(round(0.2 * height), round((1 - _LEAST_GAP[1]) * height), 2):
        solid_W = shown_HW[top:].any(0)
        legs = np.flatnonzero(solid_W)
        if len(legs) < 2:
            continue
        # The widest run without legs that has a leg on both sides
        gaps = np.diff(legs)
        left, wide = int(legs[gaps.argmax()]) + 1, int(gaps.max()) - 1
        if wide < _LEAST_GAP[0] * width or not shown_HW[:top, left : left + wide].any(0).all():
            continue
        area = float(wide) * (height - top)
        if best is None or area > best[0]:
            best = (area, Hollow(left / width, top / height, (left + wide) / width, 1.0))
    return best[1] if best else None
