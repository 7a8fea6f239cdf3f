"""Where in any picture a thing is that words name: what lies within a window, recognised.

Windows of several sizes slide over the picture. What lies wholly within one is cut out, and the
recogniser of drawings says how probable it is that this is the thing.

Shapes: H W rows and columns of the picture, h w those of what is cut out, C 4 channels
(premultiplied RGBA), B cut-outs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from dall_e.images.compositing import Canvas, in_square
from dall_e.images.files import ImageArray
from dall_e.images.holes import things_in_boxes
from dall_e.images.selections import Box, UInt8, bounds_of, grown
from dall_e.models.recogniser import RecognisedThing, Recogniser

_SIDES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Sides of windows, as fractions of the picture's shorter side."""
_STRIDE = 0.25
"""How far a window moves, as a fraction of its side."""
_LEAST_FILLED = 0.15
"""What lies within a window fills this fraction of it, or it is not looked at."""
_LEAST_PROBABLE = 0.015
"""What is found is the likeliest of all and has this probability. Of drawings in front of places
what is right is above 0.02, what is wrong below 0.01."""
_AROUND = 4
"""Pixels around a part in which the ground is looked for."""
_LEAST_FREE = 0.5
"""Of what is around a thing so much is ground."""


def recognised_part(
    canvas_HWC: Canvas, free_HW: UInt8, names: frozenset[str], recogniser: Recogniser
) -> UInt8 | None:
    """Select the thing of a picture that most probably has one of some names, uint8 [H, W].

    free_HW: where the ground is.
    names: English, as the recogniser has them, or the last words of such names. None where nothing
    is recognised as that.
    """
    wanted = [row for row, thing in enumerate(recogniser.things) if is_called(thing, names)]
    height, width, _ = canvas_HWC.shape
    boxes = list(_windows(height, width)) if wanted else []
    parts = [
        part_HW
        for box, part_HW in things_in_boxes(canvas_HWC, boxes)
        if np.count_nonzero(part_HW) >= _LEAST_FILLED * (box[2] - box[0]) * (box[3] - box[1])
    ]
    if not parts:
        return None
    log_BK = recogniser.log_probabilities([_cutout(canvas_HWC, part_HW) for part_HW in parts])
    is_likeliest_B = np.isin(log_BK.argmax(1), wanted)
    probability_B = np.exp(log_BK[:, wanted]).sum(1) * is_likeliest_B
    best = int(probability_B.argmax())
    is_found = probability_B[best] >= _LEAST_PROBABLE and _stands_free(free_HW, parts[best])
    return parts[best] if is_found else None


def is_called(thing: RecognisedThing, names: Collection[str]) -> bool:
    """Whether a thing has one of some names, or is a kind of it: a deciduous tree is a tree, and a
    house with a garden is a house."""
    head = thing.name.partition(" with ")[0].split()[-1]
    return thing.name in names or head in names


def _stands_free(free_HW: UInt8, part_HW: UInt8) -> bool:
    """Whether what is around a part is ground: windows of a car are part of the car."""
    around_HW = (grown(part_HW, _AROUND) >= 128) & (part_HW < 128)
    return bool(around_HW.any() and free_HW[around_HW].mean() >= 255 * _LEAST_FREE)


def _windows(height: int, width: int) -> Iterator[Box]:
    """Square windows over all of a picture, the smallest first."""
    for fraction in _SIDES:
        side = int(fraction * min(height, width))
        rows, columns = (
            np.linspace(0, length - side, max(2, round((length - side) / (_STRIDE * side)) + 1))
            for length in (height, width)
        )
        for top in rows.astype(int).tolist():
            for left in columns.astype(int).tolist():
                yield left, top, left + side, top + side


def _cutout(canvas_HWC: Canvas, part_HW: UInt8) -> ImageArray:
    """A part of a picture alone, in the middle of a square, uint8 [4, S, S]."""
    left, top, right, bottom = bounds_of(part_HW)
    cut_hwC = canvas_HWC[top:bottom, left:right].copy()
    cut_hwC[part_HW[top:bottom, left:right] < 128] = 0
    return np.ascontiguousarray(in_square(cut_hwC).transpose(2, 0, 1))
