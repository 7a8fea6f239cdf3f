"""A drawing, what is seen of it, and where things go on it.

Shapes: H W rows and columns of what is seen, K colours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dall_e.images.areas import EMPTY
from dall_e.images.colour import hex_of
from dall_e.images.svg import VectorDrawing
from dall_e.planning.anchors import Anchors, anchors_of
from dall_e.planning.hands import hands_of
from dall_e.planning.hollows import bars_of, opening_of, rim_of, room_below
from dall_e.planning.outlines import Hollow
from dall_e.scenes.cutouts import solid_box

PixelBox = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels."""

_WITH_HANDS = frozenset(("holding", "pulling", "pushing", "leading", "eating", "drinking"))
_WITH_ARMS = frozenset(("hanging from", "hugging"))
_CONTAINING = frozenset(("containing", "full of"))
_BARRED = re.compile("cage$")
"""What has bars before what is in it."""
_SHAFT = 0.16
"""Fraction of a thing's width that is its end."""


class Sprite:
    """A drawing, and what is seen of it."""

    def __init__(self, drawing: VectorDrawing) -> None:
        self.drawing = drawing
        self.box = seen_box(drawing)
        left, top, right, bottom = self.box
        self.flat_HWC = drawing.flat_SSC[top:bottom, left:right]
        self.aspect = (right - left) / (bottom - top)

        self.labels_HW = drawing.areas.labels_HW[top:bottom, left:right]
        self.shown_HW = self.labels_HW != EMPTY

    def anchors(
        self, verbs: Sequence[str] = (), *, name: str = "", is_person: bool = False
    ) -> Anchors:
        """Where things go on it, with what those need that are done with it.

        name: what it is called.
        """
        palette_K3 = self.drawing.areas.palette_K3
        found = anchors_of(self.labels_HW, palette_K3, is_person=is_person)
        if not _WITH_HANDS.isdisjoint(verbs):
            found = replace(found, hands=hands_of(self.labels_HW, found))
        if not _WITH_ARMS.isdisjoint(verbs):
            found = replace(found, coat=self._coat(found))
        if not _CONTAINING.isdisjoint(verbs):
            found = replace(found, hollow=self._hollow(name))
        if "covering" in verbs:
            found = replace(found, hollow=room_below(self.shown_HW))
        return found

    def _hollow(self, name: str) -> Hollow:
        """Where things are in it."""
        if _BARRED.search(name):
            return bars_of(self.labels_HW)
        is_open = name.startswith(("open ", "empty "))
        palette_K3 = self.drawing.areas.palette_K3
        found = opening_of(self.labels_HW, palette_K3, is_open=is_open)
        return found or rim_of(self.shown_HW)

    def _coat(self, anchors: Anchors) -> str:
        """The colour of an arm: of a person's clothes, or of fur."""
        height, width = self.labels_HW.shape
        labels_HW = self.labels_HW
        if anchors.is_person or anchors.is_whole:
            top = 0.28 if anchors.is_whole else 0.6
            columns = slice(round(0.35 * width), round(0.65 * width))
            labels_HW = labels_HW[round(top * height) : round((top + 0.14) * height), columns]
        return _main_colour(labels_HW, self.drawing.areas.palette_K3)

    @property
    def thin_side(self) -> int:
        """-1 if its left end is thin, as a shaft or a handle is, 1 if its right one is, or 0."""
        part = max(round(_SHAFT * self.shown_HW.shape[1]), 1)
        left, right = self.shown_HW[:, :part].mean(), self.shown_HW[:, -part:].mean()
        if min(left, right) > 0.6 * max(left, right):
            return 0
        return -1 if left < right else 1


def seen_box(drawing: VectorDrawing) -> PixelBox:
    """Return what is seen of a drawing: all of one that is opaque at its corners, or empty."""
    side = drawing.side
    alpha_SS = drawing.flat_SSC[..., 3]
    if alpha_SS[[0, 0, -1, -1], [0, -1, 0, -1]].all():
        return (0, 0, side, side)
    return solid_box(alpha_SS) or (0, 0, side, side)


def _main_colour(labels_HW: npt.NDArray[np.int32], palette_K3: npt.NDArray[np.uint8]) -> str:
    """The colour of the largest part of a drawing, as #rrggbb."""
    counts = np.bincount(labels_HW[labels_HW != EMPTY], minlength=2)
    return hex_of(palette_K3[max(int(counts.argmax()), 1) - 1])
