"""A drawing in another form: taller or thinner, with a large head, broken, wet, in snow, aglow.

All of it moves or paints pixels of one drawing before its areas are found, so what comes out is as
crisp as any other. A drawing that fills its square is a picture with its own ground: it stays as it
is.

Shapes: S the side of a drawing, H W rows and columns, C 4 channels (premultiplied RGBA, uint8).
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

UInt8 = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels."""

BUILDS = ("tall", "short", "fat", "thin", "long", "baby")
CONDITIONS = (
    "broken", "hot", "wet", "snowy", "glowing", "burning", "bitten", "smiling", "loving", "sleepy",
    "crying", "angry", "scared", "lively", "handy", "lifting", "winged",
)  # fmt: skip
"""What has happened to a thing; from smiling to lifting it has a face (`images/faces.py`), and from
lively on limbs or wings (`images/limbs.py`)."""
LIT = ("glowing", "burning")
"""Those with light around a thing, which is painted before."""

_STRETCHED = {
    "tall": (0.74, 1.0), "short": (1.0, 0.66), "fat": (1.36, 1.0), "thin": (0.64, 1.0),
}  # fmt: skip
"""How many times as wide and as high each is."""
_LONG_ACROSS, _LONG_DOWN = 1.55, 1.35
_ROOM = 0.96
"""Of the square, for a drawing in another form."""
_HEAD = 1.65
"""How many times as large the head of a young one is in its middle."""
_REACH = 1.9
"""From the middle of a head to where nothing changes, in its radii."""
_SOLID = 128
_ZIGZAG = (0.0, 0.07, -0.05, 0.08, -0.06, 0.05, -0.04, 0.0)
"""A crack from top to bottom: how far to the side it is, as fractions of the width."""
_APART, _TILT = 0.035, 7.0
"""How far the halves of something broken are moved, and by how many degrees they lean."""
_STEAM = (176, 190, 201, 255)
_WATER = (84, 172, 238, 255)
_SNOW, _SNOW_SHADE = (222, 236, 250, 255), (158, 190, 224, 255)
"""Bluish, so that it is seen on a white ground too."""
_BITES = ((0.99, 0.14, 0.15), (0.88, 0.31, 0.15), (1.0, 0.48, 0.14))
"""Of something bitten: across and down in its box, and the radius as a fraction of its side."""
_LIGHT = ((0.1, (255, 247, 208, 255)), (0.055, (255, 229, 128, 255)))
"""How far a glow is from the outline, as fractions of the side, and its colours from outside."""
_FLAMES = ((0.055, 0.17, (244, 144, 12, 255)), (0.025, 0.1, (255, 204, 77, 255)))
"""How far flames are beside and how far over the outline, as fractions of the side, and colours."""
_TONGUE = 0.125
"""Width of a flame, as a fraction of the side."""


def stretched(image_SSC: UInt8, build: str) -> UInt8:
    """Return a drawing with other proportions, one of BUILDS but "baby"; its foot stays."""
    box = seen_box(image_SSC)
    if box is None:
        return image_SSC
    left, top, right, bottom = box
    is_lying = right - left > bottom - top
    long = (_LONG_ACROSS, 1.0) if is_lying else (1.0, _LONG_DOWN)
    across, down = long if build == "long" else _STRETCHED[build]
    return _fitted(image_SSC[top:bottom, left:right], across, down, len(image_SSC), bottom)


def with_large_head(image_SSC: UInt8, head: Box) -> UInt8:
    """Return somebody with a larger head on a body that is smaller for it, as the young have.

    head: where the head is, in pixels.
    """
    if seen_box(image_SSC) is None:
        return image_SSC
    side = len(image_SSC)
    pad = side // 3
    padded = cv2.copyMakeBorder(image_SSC, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=(0,) * 4)
    left, top, right, bottom = head
    x, y = (left + right) / 2 + pad, (top + bottom) / 2 + pad
    reach = _REACH * max(right - left, bottom - top) / 2

    # Near the middle a pixel comes from a 1 / _HEAD of its distance, at the reach from where it is.
    rows, columns = np.mgrid[: len(padded), : len(padded)].astype(np.float32)
    distance = np.hypot(columns - x, rows - y) / reach
    nearer = 1 / _HEAD + (1 - 1 / _HEAD) * np.clip(distance, 0, 1) ** 2
    from_x = (x + (columns - x) * nearer).astype(np.float32)
    from_y = (y + (rows - y) * nearer).astype(np.float32)
    warped: UInt8 = cv2.remap(padded, from_x, from_y, cv2.INTER_LINEAR).astype(np.uint8)
    box = seen_box(warped)
    if box is None:
        return image_SSC
    left, top, right, bottom = box
    return _fitted(warped[top:bottom, left:right], 1.0, 1.0, side, bottom - pad)


def in_condition(image_SSC: UInt8, condition: str) -> UInt8:
    """Return a drawing of a thing that is one of CONDITIONS but those of faces."""
    box = seen_box(image_SSC)
    if box is None:
        return image_SSC
    changed = {
        "broken": _broken, "hot": _steaming, "wet": _dripping, "snowy": _snowy,
        "glowing": _glowing, "burning": _burning, "bitten": _bitten,
    }  # fmt: skip
    return changed[condition](image_SSC, box)


def seen_box(image_SSC: UInt8) -> Box | None:
    """Return what is seen of a drawing; None if it is empty, or fills its square."""
    shown_SS = image_SSC[..., 3] >= _SOLID
    if not shown_SS.any() or shown_SS[[0, 0, -1, -1], [0, -1, 0, -1]].all():
        return None
    rows, columns = np.flatnonzero(shown_SS.any(1)), np.flatnonzero(shown_SS.any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _fitted(part_HWC: UInt8, across: float, down: float, side: int, foot: int) -> UInt8:
    """A part in a square, stretched, smaller if it needs more room, its foot where it was."""
    height, width = part_HWC.shape[:2]
    scale = min(1.0, _ROOM * side / (width * across), _ROOM * side / (height * down))
    size = (max(round(width * across * scale), 1), max(round(height * down * scale), 1))
    resized = cv2.resize(np.ascontiguousarray(part_HWC), size, interpolation=cv2.INTER_AREA)
    out = np.zeros((side, side, 4), np.uint8)
    left = (side - size[0]) // 2
    top = min(max(foot - size[1], 0), side - size[1])
    out[top : top + size[1], left : left + size[0]] = resized
    return out


def _broken(image_SSC: UInt8, box: Box) -> UInt8:
    """Two halves with a jagged crack between them, which lean apart."""
    left, top, right, bottom = box
    side, width = len(image_SSC), right - left
    middle = (left + right) / 2
    ys = np.linspace(top - 1, bottom + 1, len(_ZIGZAG))
    crack_S = middle + width * np.interp(np.arange(side), ys, _ZIGZAG)
    is_left_SS = np.arange(side)[None, :] < crack_S[:, None]
    out: UInt8 = np.zeros_like(image_SSC)
    for is_half, way in ((is_left_SS, -1), (~is_left_SS, 1)):
        half = np.where(is_half[..., None], image_SSC, 0).astype(np.uint8)
        turn = cv2.getRotationMatrix2D((middle + way * width / 4, bottom), -way * _TILT, 0.92)
        turn[0, 2] += way * _APART * side
        moved = cv2.warpAffine(half, turn, (side, side), flags=cv2.INTER_LINEAR)
        out[moved[..., 3] >= _SOLID] = moved[moved[..., 3] >= _SOLID]
    return out


def _bitten(image_SSC: UInt8, box: Box) -> UInt8:
    """A bite out of the right side, with the marks of three teeth."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    gone_SS = np.zeros(image_SSC.shape[:2], np.uint8)
    for across, down, radius in _BITES:
        centre = (round(left + across * width), round(top + down * height))
        cv2.circle(gone_SS, centre, max(round(radius * max(width, height)), 1), 1, -1)
    out: UInt8 = np.where(gone_SS[..., None] > 0, 0, image_SSC).astype(np.uint8)
    return out


def _steaming(image_SSC: UInt8, box: Box) -> UInt8:
    """Three wisps over a thing, which is a little smaller for them."""
    side = len(image_SSC)
    left, top, right, bottom = box
    out = _fitted(image_SSC[top:bottom, left:right], 0.78, 0.78, side, round(0.96 * side))
    left, top, right, bottom = seen_box(out) or box
    height = min(0.2 * side, top - 0.02 * side)
    step = min((right - left) / 4, 0.14 * side)
    for number in (-1, 0, 1):
        x = (left + right) / 2 + number * step
        ys = np.linspace(top - 0.03 * side - height, top - 0.03 * side, 24)
        xs = x + 0.02 * side * np.sin(np.linspace(0, 2.2 * math.pi, 24))
        points = np.stack((xs, ys), 1).round().astype(np.int32)
        cv2.polylines(out, [points], False, _STEAM, max(side // 36, 2), cv2.LINE_8)
    return out


def _dripping(image_SSC: UInt8, box: Box) -> UInt8:
    """Drops beside and below a thing that stands in a puddle."""
    side = len(image_SSC)
    left, top, right, bottom = box
    small = _fitted(image_SSC[top:bottom, left:right], 0.84, 0.84, side, round(0.9 * side))
    left, top, right, bottom = seen_box(small) or box
    out = np.zeros_like(image_SSC)
    axes = (max((right - left) * 5 // 9, 4), max(side // 18, 2))
    cv2.ellipse(out, ((left + right) // 2, bottom - side // 90), axes, 0, 0, 360, _WATER, -1)
    out[small[..., 3] >= _SOLID] = small[small[..., 3] >= _SOLID]
    for across, down in ((-0.06, 0.35), (1.06, 0.25), (1.08, 0.62), (-0.04, 0.7), (0.3, -0.07)):
        x = min(max(left + across * (right - left), 0.05 * side), 0.95 * side)
        y = min(max(top + down * (bottom - top), 0.06 * side), 0.94 * side)
        _drop(out, x, y, 0.032 * side)
    return out


def _drop(out: UInt8, x: float, y: float, radius: float) -> None:
    cv2.circle(out, (round(x), round(y)), round(radius), _WATER, -1)
    corners = ((x - 0.86 * radius, y - 0.5 * radius), (x, y - 2.2 * radius))
    points = np.array((*corners, (x + 0.86 * radius, y - 0.5 * radius))).round().astype(np.int32)
    cv2.fillPoly(out, [points], _WATER)


def _snowy(image_SSC: UInt8, box: Box) -> UInt8:
    """Snow on everything that faces upwards: thick and uneven, with a bluish lower edge."""
    side = len(image_SSC)
    out: UInt8 = image_SSC.copy()
    shown_SS = image_SSC[..., 3] >= _SOLID
    columns = np.arange(side)
    wave = 1 + 0.35 * np.sin(columns * 2 * math.pi / (0.13 * side))
    wave += 0.2 * np.sin(columns * 2 * math.pi / (0.057 * side))
    top_S = np.where(shown_SS.any(0), shown_SS.argmax(0), side)
    for thick, colour in ((0.095, _SNOW_SHADE), (0.07, _SNOW)):
        depth_S = top_S + (thick * side * wave).astype(int)
        is_snow_SS = (np.arange(side)[:, None] < depth_S[None, :]) & shown_SS
        out[is_snow_SS] = colour
    return out


def _smaller(image_SSC: UInt8, box: Box, size: float, foot: float) -> tuple[UInt8, Bools, Floats]:
    """A thing with room around it, where it is, and how far from it each pixel is, [S, S].

    size: its longer side, and foot: how far down it stands, as fractions of the picture's.
    """
    side = len(image_SSC)
    left, top, right, bottom = box
    small = _fitted(image_SSC[top:bottom, left:right], size, size, side, round(foot * side))
    is_thing_SS = small[..., 3] >= _SOLID
    far_SS = cv2.distanceTransform((~is_thing_SS).astype(np.uint8), cv2.DIST_L2, 5)
    return small, is_thing_SS, np.asarray(far_SS, dtype=np.float32)


def _glowing(image_SSC: UInt8, box: Box) -> UInt8:
    """A thing in a glow of two tones, a little smaller for it."""
    side = len(image_SSC)
    small, is_thing_SS, far_SS = _smaller(image_SSC, box, 0.8, 0.9)
    out = np.zeros_like(image_SSC)
    for reach, colour in _LIGHT:
        out[far_SS <= reach * side] = colour
    out[is_thing_SS] = small[is_thing_SS]
    return out


def _burning(image_SSC: UInt8, box: Box) -> UInt8:
    """Flames behind a thing, which lick up from its outline."""
    side = len(image_SSC)
    small, is_thing_SS, far_SS = _smaller(image_SSC, box, 0.76, 0.93)
    out = np.zeros_like(image_SSC)
    rows_S1 = np.arange(side)[:, None]

    # Each tongue is highest in its middle; every other one is lower.
    tongues_S = np.arange(side) / (_TONGUE * side)
    peak_S = (1 - np.abs(2 * (tongues_S % 1) - 1)) ** 1.4 * np.where(tongues_S % 2 < 1, 1, 0.65)
    for beside, over, colour in _FLAMES:
        is_near_SS = far_SS <= beside * side
        first_S = np.where(is_near_SS.any(0), is_near_SS.argmax(0), side)
        is_over_SS = rows_S1 >= first_S - over * side * peak_S
        is_tongue_SS = is_over_SS & (rows_S1 <= first_S) & (first_S < side)
        out[is_near_SS | is_tongue_SS] = colour
    out[is_thing_SS] = small[is_thing_SS]
    return out
