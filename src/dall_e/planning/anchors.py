"""Where on a drawing things are worn, held, eaten and carried: found by rules on the drawing.

Eyes are small dark round spots; two at one height are a face that looks at us, one is a side view,
whose muzzle is where the outline is nearer. Everything else follows from the eyes and the outline.

Coordinates are fractions of the drawing's box, from its upper left corner; y grows downwards.
Shapes: H W rows and columns of the box.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dall_e.images.areas import EMPTY
from dall_e.images.colour import oklab
from dall_e.planning.outlines import Hand, Hollow, Point

_DARKEST = 0.46
"""Eyes are at most this light, in OKLab."""
_EYE_AREA = (0.0006, 0.03)
"""Fraction of a drawing's area that an eye may have."""
_ROUND = 2.4
"""An eye is at most so many times as long as it is wide."""
_TALL = 2.2
"""Somebody is seen from head to foot in a drawing that is so many times as high as wide."""
_STRIDING = 1.15
"""Somebody who walks or runs is seen in one that is so many times as high as wide."""
_WITH_LEGS = 1.3
"""Somebody who looks at us has legs in a drawing that is so many times as high as wide."""
_LARGE_EYES = 0.18
"""Who has eyes so far apart, in widths, has a large head, however slim they are."""
_WIDE_HEAD, _HEAD_ENDS = 0.62, (0.36, 0.56)
"""A large head is so wide, in widths, and ends between these fractions of the height."""
_CROWN = 0.2
"""Fraction of the height in which there are no shoulders yet."""
_TURNED = 0.09
"""The face of a head in profile is so far off its middle, in widths of the head."""
_AHEAD = 0.08
"""A head that is so far off the middle is in front of the body."""
_LEAST_TALL = 40
"""Rows of the smallest drawing in which a head and a body can be told apart."""
_NECK_WITHIN = (0.12, 0.3)
"""Where the neck of a whole body is, as fractions of the height."""
_EYES_WITHIN = 0.68
"""Fraction of the height in which eyes are looked for."""


@dataclass(frozen=True, kw_only=True)
class Anchors:
    """The places of a drawing that things go to."""

    eyes: Point
    """Between the eyes, or the one that is seen."""
    eye_distance: float
    """From eye to eye, as a fraction of the width; 0 in a side view."""
    mouth: Point
    head: tuple[float, float, float, float]
    """Left, top, right and bottom of the head."""
    hand: Point
    """Where something is held."""
    seat: Point
    """Where somebody sits who rides it."""
    facing: int
    """-1: it looks left, 1: right, 0: at us."""
    has_eyes: bool
    """Whether eyes were found; else all of this is a guess from the outline."""
    is_whole: bool = False
    """Whether somebody is seen upright from head to foot."""
    is_person: bool = False
    """Whether it shows a person."""
    is_bust: bool = False
    """Whether it is the head and shoulders of a person."""
    hands: tuple[Hand, ...] = ()
    """Hands or paws, from left to right, where they were looked for and found."""
    hollow: Hollow | None = None
    """Where things are in it, or below it, where that was looked for and found."""
    coat: str = "#000000"
    """The colour of the most of it, as #rrggbb."""

    @property
    def way(self) -> int:
        """-1: it goes left, 1: right; its head is there, even if it looks at us."""
        if self.facing:
            return self.facing
        off = (self.head[0] + self.head[2]) / 2 - 0.5
        return -1 if off < -_AHEAD else 1


def anchors_of(
    labels_HW: npt.NDArray[np.int32],
    palette_K3: npt.NDArray[np.uint8],
    *,
    is_person: bool = False,
) -> Anchors:
    """Find the anchors of a drawing, cut to what is seen of it, from its areas of one colour.

    is_person: whether it shows a person, who may be seen from the side, walking.
    """
    shown_HW = labels_HW != EMPTY
    height, width = shown_HW.shape
    eyes = _eyes(labels_HW, palette_K3)
    has_large_head = is_person and len(eyes) == 2 and eyes[1][0] - eyes[0][0] > _LARGE_EYES * width
    if is_person and not has_large_head and height >= _LEAST_TALL and _is_wide_above(shown_HW):
        return _large_headed(shown_HW)
    if height > _TALL * width and height >= _LEAST_TALL and not has_large_head:
        upright = _upright(shown_HW)
        return replace(upright, facing=_profile(labels_HW, upright)) if is_person else upright
    if is_person and len(eyes) < 2 and height > _STRIDING * width:
        upright = _upright(shown_HW)
        return replace(upright, facing=_profile(labels_HW, upright))
    if len(eyes) == 2:
        is_bust = is_person and height < _WITH_LEGS * width
        return replace(_frontal(shown_HW, eyes), is_person=is_person, is_bust=is_bust)
    if len(eyes) == 1:
        return _side_view(shown_HW, eyes[0])

    return _blind(shown_HW)


def anchors_of_face(shown_HW: npt.NDArray[np.bool_]) -> Anchors:
    """The anchors of a thing that is all face, as a sun or a pumpkin is, from its outline."""
    height, width = shown_HW.shape
    rows, columns = np.nonzero(shown_HW)
    x, y = float(columns.mean()) / width, float(rows.mean()) / height
    top = _top(shown_HW, x)
    return Anchors(
        eyes=(x, y - 0.06),
        eye_distance=0.0,
        mouth=(x, y + 0.16),
        head=(max(x - 0.35, 0), top, min(x + 0.35, 1), min(y + 0.3, 1)),
        hand=(0.9, 0.62),
        seat=(0.5, _top(shown_HW, 0.5)),
        facing=0,
        has_eyes=False,
    )


def _is_wide_above(shown_HW: npt.NDArray[np.bool_]) -> bool:
    """Whether somebody upright has a head that is as wide as they are, or nearly so."""
    height, width = shown_HW.shape
    # Above the shoulders of somebody with a small head
    head_HW = shown_HW[: round(_CROWN * height)]
    return bool(height > _WITH_LEGS * width and head_HW.sum(1).max() > _WIDE_HEAD * width)


def _large_headed(shown_HW: npt.NDArray[np.bool_]) -> Anchors:
    """The anchors of somebody with a large head whose eyes touch their hair: from the outline."""
    height, width = shown_HW.shape
    first, last = (round(height * fraction) for fraction in _HEAD_ENDS)
    neck = (first + int(shown_HW[first:last].sum(1).argmin())) / height
    columns = np.flatnonzero(shown_HW[:first].any(0))
    left, right = float(columns[0]) / width, float(columns[-1] + 1) / width
    middle = (left + right) / 2
    return Anchors(
        eyes=(middle, 0.62 * neck),
        eye_distance=0.42 * (right - left),
        mouth=(middle, 0.84 * neck),
        head=(left, 0.0, right, neck),
        hand=(_side(shown_HW, 0.7), 0.7),
        seat=(0.5, _top(shown_HW, 0.5)),
        facing=0,
        has_eyes=False,
        is_person=True,
    )


def _upright(shown_HW: npt.NDArray[np.bool_]) -> Anchors:
    """The anchors of somebody who is seen from head to foot: the neck is where they are thinnest.

    Eyes are a few pixels then, so the outline says where everything is.
    """
    height, width = shown_HW.shape
    top, bottom = (round(height * fraction) for fraction in _NECK_WITHIN)
    neck = (top + int(shown_HW[top:bottom].sum(1).argmin())) / height
    columns = np.flatnonzero(shown_HW[: max(round(0.9 * neck * height), 1)].any(0))
    left, right = (columns[0] / width, (columns[-1] + 1) / width) if len(columns) else (0.3, 0.7)
    middle = float(left + right) / 2
    return Anchors(
        eyes=(middle, 0.5 * neck),
        eye_distance=0.0,
        mouth=(middle, 0.8 * neck),
        head=(float(left), 0.0, float(right), neck),
        hand=(_side(shown_HW, 0.52), 0.52),
        seat=(0.5, 0.5),
        facing=0,
        has_eyes=False,
        is_whole=True,
    )


def _profile(labels_HW: npt.NDArray[np.int32], anchors: Anchors) -> int:
    """Which way a head looks: its face, the colour of its lower half, is nearer to that side."""
    height, width = labels_HW.shape
    left, _, right, bottom = anchors.head
    head_HW = labels_HW[
        : max(round(bottom * height), 2), round(left * width) : round(right * width)
    ]
    lower_HW = head_HW[round(0.45 * len(head_HW)) :]
    counts = np.bincount(lower_HW[lower_HW != EMPTY], minlength=1)
    face_HW = head_HW == counts.argmax()
    if not counts.any() or not face_HW.any():
        return 0
    off = np.nonzero(face_HW)[1].mean() - np.nonzero(head_HW != EMPTY)[1].mean()
    return int(np.sign(off)) if abs(off) > _TURNED * head_HW.shape[1] else 0


def _blind(shown_HW: npt.NDArray[np.bool_]) -> Anchors:
    """A guess from the outline alone.

    What stands upright has its head on top; what is longer than high looks to the side where it
    reaches highest, and its mouth is the end of that.
    """
    height, width = shown_HW.shape
    upper_HW = shown_HW[: max(round(0.45 * height), 1)]
    columns = np.flatnonzero(upper_HW.any(0))
    if width > 1.05 * height and len(columns):
        tops = np.where(upper_HW.any(0), upper_HW.argmax(0), height)
        facing = -1 if tops[: width // 2].min() <= tops[width // 2 :].min() else 1
        muzzle = int(columns[0] if facing < 0 else columns[-1])
        row = float(np.flatnonzero(upper_HW[:, muzzle]).mean()) / height
        x = muzzle / width
        near, far = sorted((x, x - 0.32 * facing))
        mouth = (x - 0.03 * facing, row)
        return Anchors(
            eyes=(x - 0.12 * facing, row - 0.08),
            eye_distance=0.0,
            mouth=mouth,
            head=(max(near, 0), 0.0, min(far, 1), min(row + 0.15, 1)),
            hand=mouth,
            seat=(0.5, _top(shown_HW, 0.5)),
            facing=facing,
            has_eyes=False,
        )

    middle = _middle(shown_HW, 0, max(height // 3, 1))
    return Anchors(
        eyes=(middle, 0.25),
        eye_distance=0.0,
        mouth=(middle, 0.4),
        head=(max(middle - 0.3, 0), 0.0, min(middle + 0.3, 1), 0.5),
        hand=(0.82, 0.62),
        seat=(0.5, _top(shown_HW, 0.5)),
        facing=0,
        has_eyes=False,
    )


def _eyes(labels_HW: npt.NDArray[np.int32], palette_K3: npt.NDArray[np.uint8]) -> list[Any]:
    """The middles (x, y) in pixels of two eyes at one height, of one eye, or of none."""
    height, width = labels_HW.shape
    shown = int((labels_HW != EMPTY).sum())
    dark = np.flatnonzero(oklab(palette_K3)[:, 0] < _DARKEST) + 1
    mask = np.isin(labels_HW, dark).astype(np.uint8)
    _, _, stats, middles = cv2.connectedComponentsWithStats(mask, connectivity=8)

    spots = []
    for (_, top, wide, tall, area), (x, y) in zip(stats[1:], middles[1:], strict=True):
        is_small = _EYE_AREA[0] * shown <= area <= _EYE_AREA[1] * shown
        is_round = max(wide, tall) <= _ROUND * min(wide, tall) and area > 0.5 * wide * tall
        if is_small and is_round and top + tall < _EYES_WITHIN * height:
            spots.append((float(x), float(y), float(area)))

    # Two alike at one height, the most alike first
    pairs = []
    for i, (x, y, area) in enumerate(spots):
        for x2, y2, area2 in spots[:i]:
            apart = abs(x - x2)
            is_level = abs(y - y2) < 0.05 * height and 0.06 * width < apart < 0.75 * width
            likeness = min(area, area2) / max(area, area2)
            if is_level and likeness > 0.45:
                pairs.append((likeness - 0.6 * (y + y2) / (2 * height), (x, y), (x2, y2)))
    if pairs:
        _, first, second = max(pairs)
        return sorted([first, second])
    return [max(spots, key=lambda spot: spot[2] - spot[1])[:2]] if spots else []


def _frontal(shown_HW: npt.NDArray[np.bool_], eyes: list[Any]) -> Anchors:
    """The anchors of somebody who looks at us."""
    height, width = shown_HW.shape
    (left_x, left_y), (right_x, right_y) = eyes
    x, y = (left_x + right_x) / 2, (left_y + right_y) / 2
    apart = right_x - left_x

    # The head is about as high as wide, and its width is that of the outline at the eyes.
    row = shown_HW[round(y)]
    start, stop = _run(row, round(x))
    wide = min(stop - start, 4.2 * apart)
    above = np.flatnonzero(shown_HW[: round(y) + 1, round(x)])
    top = float(above[0]) if len(above) else 0.0
    bottom = min(max(y + 0.55 * wide, y + 1.2 * (y - top) * 0.8), height)
    head = ((x - wide / 2) / width, top / height, (x + wide / 2) / width, bottom / height)
    mouth_y = min(y + 0.75 * apart if apart > 0.3 * wide else y + 0.25 * wide, bottom)
    is_face = bottom > 0.88 * height
    hand = (0.84, 0.8) if is_face else (_side(shown_HW, 0.62), 0.62)
    return Anchors(
        eyes=(x / width, y / height),
        eye_distance=apart / width,
        mouth=(x / width, mouth_y / height),
        head=tuple(float(np.clip(value, 0, 1)) for value in head),  # type: ignore[arg-type]
        hand=hand,
        seat=(0.5, _top(shown_HW, 0.5)),
        facing=0,
        has_eyes=True,
    )


def _side_view(shown_HW: npt.NDArray[np.bool_], eye: Any) -> Anchors:
    """The anchors of somebody who looks left or right."""
    height, width = shown_HW.shape
    x, y = eye
    low = min(round(y + 0.04 * height), height - 1)
    start, stop = _run(shown_HW[low], round(x))
    facing = -1 if x - start < stop - x else 1
    muzzle = start if facing < 0 else stop
    reach = max(abs(muzzle - x), 0.04 * width)

    head_wide = min(2.6 * reach, 0.6 * width)
    near, far = muzzle, muzzle - facing * head_wide
    above = np.flatnonzero(shown_HW[: round(y) + 1, round(x)])
    top = float(above[0]) if len(above) else 0.0
    bottom = min(y + 1.2 * max(y - top, reach), height)
    seat_x = 0.5 + 0.08 * -facing
    return Anchors(
        eyes=(x / width, y / height),
        eye_distance=0.0,
        mouth=((muzzle - facing * 0.1 * reach) / width, min(y + 0.55 * reach, bottom) / height),
        head=(min(near, far) / width, top / height, max(near, far) / width, bottom / height),
        hand=((muzzle - facing * 0.1 * reach) / width, min(y + 0.6 * reach, height) / height),
        seat=(seat_x, _top(shown_HW, seat_x)),
        facing=facing,
        has_eyes=True,
    )


def _run(row_W: npt.NDArray[np.bool_], at: int) -> tuple[int, int]:
    """Where the shown pixels around a position start and stop."""
    if not row_W[at]:
        return at, at + 1
    gaps = np.flatnonzero(~row_W)
    before, after = gaps[gaps < at], gaps[gaps > at]
    start = int(before[-1]) + 1 if len(before) else 0
    return start, int(after[0]) if len(after) else len(row_W)


def _middle(shown_HW: npt.NDArray[np.bool_], top: int, bottom: int) -> float:
    """The middle of what is shown in some rows, as a fraction of the width."""
    columns = np.flatnonzero(shown_HW[top:bottom].any(0))
    return float(columns.mean() + 0.5) / shown_HW.shape[1] if len(columns) else 0.5


def _top(shown_HW: npt.NDArray[np.bool_], x: float) -> float:
    """How far down the outline begins at a column, as a fraction of the height."""
    height, width = shown_HW.shape
    column = min(int(x * width), width - 1)
    band = shown_HW[:, max(column - width // 16, 0) : column + width // 16 + 1]
    rows = np.flatnonzero(band.mean(1) > 0.5)
    return float(rows[0]) / height if len(rows) else 0.0


def _side(shown_HW: npt.NDArray[np.bool_], y: float) -> float:
    """Just inside the right outline at a row, as a fraction of the width."""
    height, width = shown_HW.shape
    columns = np.flatnonzero(shown_HW[min(int(y * height), height - 1)])
    return float(columns[-1]) / width - 0.04 if len(columns) else 0.84
