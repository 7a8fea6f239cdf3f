"""The main colour of areas with its shades, and the palette with them in another colour.

Shapes: K colours of the palette.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from dall_e.images.areas import EMPTY, Areas
from dall_e.images.colour import (
    DARK,
    GREY_CHROMA,
    MainColour,
    from_oklab,
    largest_colour,
    oklab,
    recoloured,
)

_CLEAR = (0.78, 0.075)
"""The least lightness and the largest chroma of clear glass."""
_BLUISH = (190, 275)
"""Its hue, in degrees, if it has any."""
_CONTENT = 0.15
"""What is in a glass is at least this fraction of the drawing."""
_ENCLOSED = 0.7
"""Fraction of the outline of what is in a glass along which there is glass."""
UInt8 = npt.NDArray[np.uint8]

_NEAR_HUE = 34
"""Degrees from the main hue within which a colour is a shade of it."""
_NEAR_GREY = 0.26
"""Lightness from the main grey within which a grey is a shade of it."""
_MUCH_LIGHTER = 0.2
"""What is lighter than the main colour by more is steam, a window, a gleam: of another material."""


def main_of(areas: Areas) -> MainColour | None:
    """Return the colour of the largest part; None if nothing is shown."""
    small_HWC = np.ascontiguousarray(areas.image()[::3, ::3])
    return largest_colour(small_HWC)


def shades_of(areas: Areas, main: MainColour) -> frozenset[int]:
    """Return the labels whose colours are shades of the main one; outlines are none."""
    lab_K3 = oklab(areas.palette_K3)
    chroma_K = np.hypot(lab_K3[:, 1], lab_K3[:, 2])
    if main.grey:
        near_K = (chroma_K < 2 * GREY_CHROMA) & (np.abs(lab_K3[:, 0] - main.lightness) < _NEAR_GREY)
    else:
        hue_K = np.degrees(np.arctan2(lab_K3[:, 2], lab_K3[:, 1]))
        off_K = np.abs((hue_K - main.hue + 180) % 360 - 180)
        near_K = (chroma_K > GREY_CHROMA) & (off_K < _NEAR_HUE)
    if main.lightness > DARK:
        near_K &= lab_K3[:, 0] > DARK - 0.05
    return frozenset(int(k) + 1 for k in np.flatnonzero(near_K))


def body_of(areas: Areas, main: MainColour, labels: frozenset[int]) -> frozenset[int]:
    """Return those of the labels that are of the same material as the main colour.

    Windows in a blue car are light blue, and are not of gold when the car is.
    """
    if main.grey:
        return labels
    lightness_K = oklab(areas.palette_K3)[:, 0]
    return frozenset(
        label for label in labels if lightness_K[label - 1] < main.lightness + _MUCH_LIGHTER
    )


def content_of(areas: Areas, main: MainColour) -> tuple[MainColour, frozenset[int]] | None:
    """Return the main colour and its shades of what is in clear glass: of a potion the liquid.

    Clear glass is drawn in a pale blue or grey, and what is in it has glass on all sides. None if
    the thing is of anything else, or empty.
    """
    is_pale = main.lightness > _CLEAR[0] and main.chroma < _CLEAR[1]
    if not is_pale or not (main.grey or _BLUISH[0] < main.hue < _BLUISH[1]):
        return None
    labels_HW = areas.labels_HW
    glass = sorted(shades_of(areas, main))
    inside_HW = ((labels_HW != EMPTY) & ~np.isin(labels_HW, glass)).astype(np.uint8)
    count, parts_HW, stats, _ = cv2.connectedComponentsWithStats(inside_HW)
    kernel = np.ones((9, 9), dtype=np.uint8)
    for part in sorted(range(1, count), key=lambda part: -stats[part, cv2.CC_STAT_AREA]):
        if stats[part, cv2.CC_STAT_AREA] < _CONTENT * int((labels_HW != EMPTY).sum()):
            return None
        part_HW = parts_HW == part
        ring_HW = cv2.dilate(part_HW.astype(np.uint8), kernel).astype(bool) & ~part_HW
        if np.isin(labels_HW[ring_HW], glass).mean() > _ENCLOSED:
            content = Areas(
                labels_HW=np.where(part_HW, labels_HW, EMPTY), palette_K3=areas.palette_K3
            )
            own = main_of(content)
            found = frozenset(np.unique(labels_HW[part_HW]).tolist())
            return (own, found & shades_of(areas, own)) if own else None
    return None


def palette_in(areas: Areas, main: MainColour, colour: str, labels: frozenset[int]) -> UInt8:
    """Return the palette with the shades of the main colour moved to one of `colour.TARGETS`."""
    opaque_1KC = np.full((1, len(areas.palette_K3), 4), 255, dtype=np.uint8)
    opaque_1KC[0, :, :3] = areas.palette_K3
    palette_K3: UInt8 = recoloured(opaque_1KC, main, colour)[0, :, :3]
    kept = [k for k in range(len(palette_K3)) if k + 1 not in labels]
    palette_K3[kept] = areas.palette_K3[kept]
    return palette_K3


def palette_near(
    areas: Areas,
    main: MainColour,
    target: tuple[float, float, float],
    labels: frozenset[int],
) -> UInt8:
    """Return the palette with the shades of the main colour as shades of a target.

    target: lightness, chroma and hue in degrees.
    """
    lightness, chroma, hue = target
    lab_K3 = oklab(areas.palette_K3)
    rows = [label - 1 for label in sorted(labels)]
    shaded = (lightness + 0.85 * (lab_K3[rows, 0] - main.lightness)).clip(0.2, 0.97)
    angle = math.radians(hue)
    new_lab = np.stack(
        [
            shaded,
            np.full_like(shaded, chroma * math.cos(angle)),
            np.full_like(shaded, chroma * math.sin(angle)),
        ],
        axis=1,
    ).astype(np.float32)
    palette_K3: UInt8 = areas.palette_K3.copy()
    palette_K3[rows] = from_oklab(new_lab).round().astype(np.uint8)
    return palette_K3
