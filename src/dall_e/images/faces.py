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
_LEAST, _MOST = 0.13, 0.2
"""Radius of the smallest and of the largest face, as a fraction of the side."""
_PART = 1.15
"""Of the room that it has, for a face."""
_OFF_CENTRE = 0.16
"""How much a place for a face loses by its distance from the middle."""


def with_face(image_SSC: UInt8) -> UInt8:
    """Return a drawing with a face in the middle of its largest area."""
    side = len(image_SSC)
    shown_SS = image_SSC[..., 3] >= 128
    if not shown_SS.any():
        return image_SSC
    x, y, radius, is_dark = _room(image_SSC, shown_SS)
    radius = min(max(radius, _LEAST * side), _MOST * side)
    out: UInt8 = image_SSC.copy()
    eye = max(0.17 * radius, 2.0)
    for way in (-1, 1):
        cheek = (round(x + way * 0.78 * radius), round(y + 0.3 * radius))
        cv2.ellipse(out, cheek, (round(1.15 * eye), round(0.8 * eye)), 0, 0, 360, _CHEEK, -1)
        middle = (round(x + way * 0.48 * radius), round(y - 0.12 * radius))
        if is_dark:
            cv2.circle(out, middle, round(1.5 * eye), _WHITE, -1)
        cv2.ellipse(out, middle, (round(eye), round(1.25 * eye)), 0, 0, 360, _DARK, -1)
        gleam = (round(middle[0] - 0.3 * eye), round(middle[1] - 0.5 * eye))
        cv2.circle(out, gleam, max(round(0.42 * eye), 1), _WHITE, -1)
    mouth = _WHITE if is_dark else _DARK
    bow = (round(0.24 * radius), round(0.2 * radius))
    thick = max(round(0.085 * radius), 2)
    cv2.ellipse(out, (round(x), round(y + 0.16 * radius)), bow, 0, 15, 165, mouth, thick)
    return out


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
