"""Parts of a drawing that are seen before other things, as rings of points.

A ring is a closed line; what lies within an odd number of rings belongs to the part.

Coordinates are fractions of the drawing's box, from its upper left corner; y grows downwards.
Shapes: H W rows and columns of the box.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from dall_e.planning.layers import Rings

Point = tuple[float, float]

_PRECISION = 0.7
"""How far off a ring may be, in pixels."""
_LEAST = 24
"""Pixels of the smallest part that is kept."""


class Hand(NamedTuple):
    """One hand or paw."""

    point: Point
    """Its middle."""
    rings: Rings
    """Its outline; () where it is not known."""


class Hollow(NamedTuple):
    """A place in a drawing that holds something."""

    left: float
    top: float
    right: float
    bottom: float
    front: Rings = ()
    """What of the drawing is before the thing in it."""


def rings_of(mask_HW: npt.NDArray[np.bool_]) -> Rings:
    """Return the outlines of a part, to a thousandth of the box; () if there is hardly any."""
    height, width = mask_HW.shape
    if mask_HW.sum() < _LEAST:
        return ()
    contours: Any
    contours, _ = cv2.findContours(mask_HW.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    rings = []
    for contour in contours:
        if cv2.contourArea(contour) < _LEAST:
            continue
        points_P2 = cv2.approxPolyDP(contour, _PRECISION, True)[:, 0]
        rings.append(
            tuple(
                (round((x + 0.5) / width, 3), round((y + 0.5) / height, 3))
                for x, y in points_P2.tolist()
            )
        )
    return tuple(rings)


def components(mask_HW: npt.NDArray[np.bool_]) -> list[tuple[Any, npt.NDArray[np.bool_]]]:
    """Return each connected part: left, top, width, height and area in pixels, and its mask."""
    count, numbers_HW, stats, _ = cv2.connectedComponentsWithStats(
        mask_HW.astype(np.uint8), connectivity=8
    )
    return [(stats[number], np.asarray(numbers_HW == number)) for number in range(1, count)]
