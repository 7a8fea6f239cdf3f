"""A face on a thing that has none: two eyes, a smile and red cheeks, as kawaii drawings have.

Shapes: S the side of a drawing, H W rows and columns, C 4 channels (premultiplied RGBA, uint8).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dall_e.images.areas import flat_areas
from dall_e.images.colour import oklab

UInt8 = npt.NDArray[np.uint8]

_DARK, _WHITE, _CHEEK = (41, 47, 51, 255), (255, 255, 255, 255), (234, 89, 110, 255)
_TEAR, _HEART, _SNORE = (93, 173, 236, 255), (221, 46, 68, 255), (93, 117, 180, 255)
_GLAD = ("smiling", "lively", "handy", "lifting")
MOODS = (*_GLAD, "loving", "sleepy", "crying", "angry", "scared")
"""What a face shows; those who are lively, handy or lifting have arms and
legs, too, and smile."""
_LEAST, _MOST = 0.13, 0.2
"""Radius of the smallest and of the largest face, as a fraction of the side."""
_PART = 1.15
"""Of the room that it has, for a face."""
_OFF_CENTRE = 0.16
"""How much a place for a face loses by its distance from the middle."""


def with_face(image_SSC: UInt8, mood: str = "smiling") -> UInt8:
    """Return a drawing with a face in the middle of its largest area; `mood` is one of MOODS."""
    side = len(image_SSC)
    shown_SS = image_SSC[..., 3] >= 128
    if not shown_SS.any():
        return image_SSC
    x, y, radius, is_dark = _room(image_SSC, shown_SS)
    radius = min(max(radius, _LEAST * side), _MOST * side)
    out: UInt8 = image_SSC.copy()
    face = _Face(out, x, y, radius, is_dark)
    if mood in _GLAD:
        face.cheeks()
        face.open_eyes()
        face.smile()
    elif mood == "loving":
        face.cheeks()
        face.hearts()
        face.smile()
    elif mood == "sleepy":
        face.cheeks()
        face.closed_eyes()
        face.round_mouth(0.11)
        face.snores()
    elif mood == "crying":
        face.open_eyes()
        face.brows(-1)
        face.frown()
        face.tears()
    elif mood == "angry":
        face.open_eyes()
        face.brows(1)
        face.frown()
    else:
        face.staring_eyes()
        face.brows(-1)
        face.round_mouth(0.2)
    return out


class _Face:
    """A face that is drawn on a picture part by part; lengths are in its radius."""

    def __init__(self, out: UInt8, x: float, y: float, radius: float, is_dark: bool) -> None:
        self._out, self._x, self._y, self._radius = out, x, y, radius
        self._is_dark = is_dark
        self._line = _WHITE if is_dark else _DARK
        self._eye = max(0.17 * radius, 2.0)
        self._thick = max(round(0.085 * radius), 2)

    def _at(self, across: float, down: float) -> tuple[int, int]:
        return round(self._x + across * self._radius), round(self._y + down * self._radius)

    def _long(self, length: float) -> int:
        return max(round(length * self._radius), 1)

    def _eyes(self) -> tuple[tuple[int, int], tuple[int, int]]:
        return self._at(-0.48, -0.12), self._at(0.48, -0.12)

    def cheeks(self) -> None:
        """Red cheeks."""
        axes = (round(1.15 * self._eye), round(0.8 * self._eye))
        for way in (-1, 1):
            cv2.ellipse(self._out, self._at(way * 0.78, 0.3), axes, 0, 0, 360, _CHEEK, -1)

    def open_eyes(self) -> None:
        """Two eyes with a gleam."""
        for middle in self._eyes():
            eye = self._eye
            if self._is_dark:
                cv2.circle(self._out, middle, round(1.5 * eye), _WHITE, -1)
            axes = (round(eye), round(1.25 * eye))
            cv2.ellipse(self._out, middle, axes, 0, 0, 360, _DARK, -1)
            gleam = (round(middle[0] - 0.3 * eye), round(middle[1] - 0.5 * eye))
            cv2.circle(self._out, gleam, max(round(0.42 * eye), 1), _WHITE, -1)

    def closed_eyes(self) -> None:
        """Two lids, as in sleep."""
        for middle in self._eyes():
            axes = (self._long(0.2), self._long(0.14))
            cv2.ellipse(self._out, middle, axes, 0, 10, 170, self._line, self._thick)

    def staring_eyes(self) -> None:
        """Wide eyes with small pupils, as in fear."""
        for middle in self._eyes():
            cv2.circle(self._out, middle, round(1.75 * self._eye), _DARK, -1)
            cv2.circle(self._out, middle, round(1.5 * self._eye), _WHITE, -1)
            cv2.circle(self._out, middle, max(round(0.5 * self._eye), 2), _DARK, -1)

    def hearts(self) -> None:
        """Two red hearts for eyes."""
        size = 1.5 * self._eye
        for x, y in self._eyes():
            for way in (-1, 1):
                middle = (round(x + way * 0.48 * size), round(y - 0.3 * size))
                cv2.circle(self._out, middle, round(0.56 * size), _HEART, -1)
            corners = ((x - 0.97 * size, y), (x + 0.97 * size, y), (x, y + 1.1 * size))
            cv2.fillPoly(self._out, [np.array(corners).round().astype(np.int32)], _HEART)

    def brows(self, way: int) -> None:
        """Brows that fall towards the middle (1), or rise towards it (-1)."""
        for side in (-1, 1):
            inner = self._at(side * 0.26, -0.42 + 0.1 * way)
            outer = self._at(side * 0.7, -0.42 - 0.1 * way)
            cv2.line(self._out, inner, outer, self._line, self._thick)

    def smile(self) -> None:
        """A bow that is open upwards."""
        axes = (self._long(0.24), self._long(0.2))
        cv2.ellipse(self._out, self._at(0, 0.16), axes, 0, 15, 165, self._line, self._thick)

    def frown(self) -> None:
        """A bow that is open downwards."""
        axes = (self._long(0.24), self._long(0.18))
        cv2.ellipse(self._out, self._at(0, 0.5), axes, 0, 195, 345, self._line, self._thick)

    def round_mouth(self, radius: float) -> None:
        """An open mouth."""
        axes = (self._long(radius), self._long(1.2 * radius))
        cv2.ellipse(self._out, self._at(0, 0.36), axes, 0, 0, 360, self._line, -1)

    def tears(self) -> None:
        """Two streams, and a drop below each."""
        for x, y in self._eyes():
            wide = max(round(0.62 * self._eye), 2)
            low = y + self._long(0.62)
            cv2.rectangle(
                self._out, (x - wide, y + round(1.2 * self._eye)), (x + wide, low), _TEAR, -1
            )
            cv2.circle(self._out, (x, low), round(1.35 * wide), _TEAR, -1)
            drop = (x, low + self._long(0.42))
            cv2.circle(self._out, drop, round(1.2 * wide), _TEAR, -1)
            corners = ((x - wide, drop[1]), (x + wide, drop[1]), (x, drop[1] - 3 * wide))
            cv2.fillPoly(self._out, [np.array(corners, dtype=np.int32)], _TEAR)

    def snores(self) -> None:
        """Three letters that rise to the upper right corner."""
        side = len(self._out)
        for x, y, size in ((0.74, 0.2, 0.07), (0.83, 0.12, 0.09), (0.9, 0.02, 0.11)):
            left, top, wide = round(x * side), round(y * side), round(size * side * 0.8)
            corners = (
                (left, top),
                (left + wide, top),
                (left, top + wide),
                (left + wide, top + wide),
            )
            points = np.array(corners, dtype=np.int32)
            cv2.polylines(self._out, [points], False, _SNORE, max(side // 45, 2))


def _room(image_SSC: UInt8, shown_SS: Any) -> tuple[float, float, float, bool]:
    """Where the largest area has most room: column, row and radius; and whether it is dark."""
    areas = flat_areas(image_SSC)
    labels_HW = areas.labels_HW
    scale = len(image_SSC) / len(labels_HW)
    sizes_K = np.bincount(labels_HW.ravel(), minlength=len(areas.palette_K3) + 1)
    sizes_K[0] = 0
    rows, columns = np.nonzero(shown_SS)
    y_HW, x_HW = np.indices(labels_HW.shape)
    off_HW = np.hypot(y_HW - rows.mean() / scale, x_HW - columns.mean() / scale)

    best, found = -np.inf, (0.0, 0.0, 0.0, False)
    for label in np.argsort(-sizes_K)[:3]:
        if not sizes_K[label]:
            continue
        depth_HW = _depths(labels_HW == label)
        value_HW = depth_HW - _OFF_CENTRE * off_HW
        y, x = np.unravel_index(int(value_HW.argmax()), value_HW.shape)
        if value_HW[y, x] > best:
            lab_13 = oklab(areas.palette_K3[label - 1][None].astype(np.uint8))
            radius = _PART * float(depth_HW[y, x]) * scale
            best = float(value_HW[y, x])
            found = (float(x) * scale, float(y) * scale, radius, float(lab_13[0, 0]) < 0.42)
    return found


def _depths(mask_HW: Any) -> Any:
    """How far each pixel is from the border of an area; spots on it, as seeds are, do not count."""
    closed = cv2.morphologyEx(
        mask_HW.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((27, 27), np.uint8)
    )
    padded = cv2.copyMakeBorder(closed, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    return cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
