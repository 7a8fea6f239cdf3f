"""Where a thing is gripped that somebody holds, and how it lies: found by rules on its outline.

What is longer than it is wide has an axis. It is held at the end of it that is lower in its
picture, as swords, umbrellas and balloons are drawn; what is hung from a handle is held at its top.

Coordinates are fractions of the drawing's box, from its upper left corner; y grows downwards.
Shapes: H W rows and columns of the box.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Point = tuple[float, float]

_LONG = 1.9
"""A thing is long whose axis is at least so many times as long as it is wide."""
_END, _THIN = 0.22, 0.42
"""Fraction of its axis that is an end, which is thin if it has this part of the breadth."""
_SLENDER = 1.4
"""What is so many times as long as wide has its axis along its length."""
_LEVEL_AXIS = 0.35
"""An axis that rises less than this is no handle's."""
_GRIP = 0.14
"""Where on its axis a long thing is gripped, from its lower end."""
_SWEPT = re.compile(r"broom$|mop$|rake$|shovel$|spade$|paintbrush$|oar$|paddle$|hoe$")
"""Tools whose working end is drawn below; they are gripped above it."""
_SWEPT_GRIP = 0.6
_CROOKED = re.compile("umbrella|parasol")
"""What is held above the bend at its lower end."""
_CROOK_GRIP = 0.32
_LEANT_ON = re.compile(r"cane$|crook$|crutch")
"""What is held at its upper end."""
_LEANT_GRIP = 0.84
_HUNG = re.compile(
    r"bag$|basket|bucket$|suitcase$|briefcase$|purse$|lantern|backpack$|luggage$|toolbox$|"
    r"birdcage$|watering can$|kettle$|\bpail$"
)
"""Things with a handle on top."""


class Handle(NamedTuple):
    """How a thing is held."""

    grip: Point
    """Where a hand closes around it."""
    angle: float = 90.0
    """Of its axis, from the gripped end to the other: degrees against the clock from the right."""
    length: float = 1.0
    """Of its axis, in heights of its box."""
    is_long: bool = False
    """Whether it has an axis that shows."""
    slope: float = 90.0
    """Of the direction in which it is longest, as the angle is."""
    grip_at: float = 0.14
    """Where on the axis the grip is, as a fraction of its length."""
    bulges_right: bool = False
    """Whether what it has beside its axis, as a twig, is at the right of that."""


def handle_of(shown_HW: npt.NDArray[np.bool_], name: str) -> Handle:
    """Find where a thing is gripped, from what is seen of it and from what it is called."""
    height, width = shown_HW.shape
    rows, columns = np.nonzero(shown_HW)
    if not len(rows):
        return Handle(grip=(0.5, 0.7))
    points_P2 = np.stack([columns, rows], axis=1).astype(np.float64)
    grip_at = _SWEPT_GRIP if _SWEPT.search(name) else _GRIP
    grip_at = _LEANT_GRIP if _LEANT_ON.search(name) else grip_at
    main, upright = _main_axis(points_P2), np.array([0.0, -1.0])
    slope = math.degrees(math.atan2(-main[1], main[0]))
    if _CROOKED.search(name):
        grip_at, main = _CROOK_GRIP, upright
    if not _HUNG.search(name):
        # A broad axe is widest across: its handle is found upright.
        is_slender = _spread(points_P2, main, 0) >= _SLENDER * _spread(points_P2, main, 1)
        for axis in (main, upright) if is_slender else (upright, main):
            handle = _along(points_P2, axis, grip_at, (height, width))
            if handle is not None:
                return handle._replace(slope=slope)

    # With a handle on top, or with none
    top = columns[rows <= rows.min() + 0.06 * height]
    upper, lower = (float(shown_HW[part].sum(1).max()) for part in _ends(height))
    if _HUNG.search(name) or upper < _THIN * lower:
        return Handle(grip=(float(top.mean()) / width, 0.05), slope=slope)
    return Handle(grip=(0.5, 0.7), slope=slope)


def _ends(height: int) -> tuple[slice, slice]:
    """The rows of the upper end, and those of the rest."""
    end = max(round(_END * height), 1)
    return slice(0, end), slice(end, height)


def _main_axis(points_P2: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The direction of the largest spread, upwards."""
    centred_P2 = points_P2 - points_P2.mean(0)
    _, axes_22 = np.linalg.eigh(centred_P2.T @ centred_P2)
    axis = axes_22[:, 1]
    return np.asarray(-axis if axis[1] > 0 else axis)


def _spread(
    points_P2: npt.NDArray[np.float64], axis: npt.NDArray[np.float64], across: int
) -> float:
    """How far points reach along an axis, or across it."""
    direction = np.array([-axis[1], axis[0]]) if across else axis
    return float(np.ptp(points_P2 @ direction)) + 1


def _along(
    points_P2: npt.NDArray[np.float64],
    axis: npt.NDArray[np.float64],
    grip_at: float,
    size: tuple[int, int],
) -> Handle | None:
    """The handle of a thing that is long along an axis, or thin at its lower end."""
    height, width = size
    along = points_P2 @ axis
    across = points_P2 @ np.array([-axis[1], axis[0]])
    start, length = along.min(), float(np.ptp(along)) + 1
    breadth = float(np.ptp(across)) + 1
    end = across[along < start + _END * length]
    is_thin = length > 0.8 * breadth and float(np.ptp(end)) < _THIN * breadth
    is_upwards = axis[1] < -_LEVEL_AXIS
    if length < _LONG * breadth and not (is_upwards and (is_thin or grip_at != _GRIP)):
        return None

    # The grip is in the middle of what is seen at that height of the axis.
    at = start + grip_at * length
    near = points_P2[np.abs(along - at) < max(0.04 * length, 1.0)]
    grip = near.mean(0) if len(near) else points_P2.mean(0)
    return Handle(
        grip=(float(grip[0] + 0.5) / width, float(grip[1] + 0.5) / height),
        angle=math.degrees(math.atan2(-axis[1], axis[0])),
        length=length / height,
        is_long=True,
        grip_at=grip_at,
        bulges_right=float(((across - across.mean()) ** 3).sum()) > 0,
    )
