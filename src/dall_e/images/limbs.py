"""Arms, legs and wings on what has none, as cartoons have: a brain that runs, a pig that flies.

Shapes: S the side of a drawing, H W rows and columns, C 4 channels (premultiplied RGBA, uint8).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dall_e.images.forms import seen_box

UInt8 = npt.NDArray[np.uint8]
Point = tuple[float, float]

HANDS = {"lively": "", "handy": "full", "lifting": "up"}
"""Where the hands are of those who are in a condition with limbs."""
_BODY, _BODY_TOP = 0.6, 0.14
"""The longer side of the thing, and its upper edge, as fractions of the picture's side."""
_WINGED_BODY = 0.46
"""The longer side of a thing with wings."""
_FEET = 0.95
"""Where the soles are."""
_LINE, _GLOVE, _SHOE = (60, 50, 60, 255), (245, 248, 250, 255), (190, 25, 49, 255)
_FEATHERS, _RIM = ((245, 248, 250, 255), (225, 232, 237, 255)), (136, 153, 166, 255)
"""The colours of feathers, and of their outline."""
_THICK = 0.032
"""Of arms and legs, as a fraction of the side."""


def with_limbs(image_SSC: UInt8, *, hands: str = "") -> UInt8:
    """Return a drawing, smaller, with two arms and two legs; unchanged if it fills its square.

    hands: "full" if both are before the body, for what is held there; "up" if they lift a barbell;
    else one of them waves.
    """
    box = seen_box(image_SSC)
    if box is None:
        return image_SSC
    left, top, right, bottom = box
    side = len(image_SSC)
    scale = _BODY * side / max(right - left, bottom - top)
    size = (max(round((right - left) * scale), 1), max(round((bottom - top) * scale), 1))
    part = np.ascontiguousarray(image_SSC[top:bottom, left:right])
    body: UInt8 = cv2.resize(part, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    x = (side - size[0]) // 2
    y = round((_BODY_TOP + (0.07 if hands == "up" else 0)) * side)
    y += max(round(_BODY * side) - size[1], 0)

    # Limbs start inside of the body, and lie behind it.
    out: UInt8 = np.zeros_like(image_SSC)
    _legs(out, side, x, y, size)
    edge = _edge(body, x, y, 0.52)
    if hands == "up":
        _arms_up(out, side, edge, float(y))
    elif not hands:
        _arms(out, side, edge)
    solid = body[..., 3] >= 128
    room = out[y : y + size[1], x : x + size[0]]
    room[solid] = body[solid]
    if hands == "full":
        _arms_before(out, side, edge)
    return out


def with_wings(image_SSC: UInt8) -> UInt8:
    """Return a drawing, smaller, with two white wings; unchanged if it fills its square."""
    box = seen_box(image_SSC)
    if box is None:
        return image_SSC
    left, top, right, bottom = box
    side = len(image_SSC)
    scale = _WINGED_BODY * side / max(right - left, bottom - top)
    size = (max(round((right - left) * scale), 1), max(round((bottom - top) * scale), 1))
    part = np.ascontiguousarray(image_SSC[top:bottom, left:right])
    body: UInt8 = cv2.resize(part, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    x, y = (side - size[0]) // 2, round(0.6 * side - size[1] / 2)

    out: UInt8 = np.zeros_like(image_SSC)
    for way, (across, down) in zip((-1, 1), _edge(body, x, y, 0.5), strict=True):
        _wing(out, side, (across - way * 0.1 * side, down), way)
    solid = body[..., 3] >= 128
    room = out[y : y + size[1], x : x + size[0]]
    room[solid] = body[solid]
    return out


def _wing(out: UInt8, side: int, root: Point, way: int) -> None:
    """Three feathers from a root, the highest one the longest."""
    room = (0.47 * side - way * (root[0] - 0.5 * side)) * 1.15
    reach = min(max(room, 0.34 * side), 0.42 * side)
    tones = (_FEATHERS[0], _FEATHERS[1], _FEATHERS[0])
    for angle, length, shade in zip((-58, -34, -8), (1.0, 0.9, 0.7), tones, strict=True):
        long = length * reach
        turn = np.deg2rad(angle)
        middle = (root[0] + way * 0.5 * long * np.cos(turn), root[1] + 0.5 * long * np.sin(turn))
        axes = (round(0.54 * long), round(0.075 * side))
        centre = (round(float(middle[0])), round(float(middle[1])))
        cv2.ellipse(out, centre, axes, way * angle, 0, 360, _RIM, -1)
        inner = (max(axes[0] - side // 60, 1), max(axes[1] - side // 60, 1))
        cv2.ellipse(out, centre, inner, way * angle, 0, 360, shade, -1)


def _edge(body: UInt8, x: int, y: int, down: float) -> tuple[Point, Point]:
    """The left and the right end of a body so far down, in pixels of the picture."""
    row = round(down * (len(body) - 1))
    columns = np.flatnonzero(body[row, :, 3] >= 128)
    first, last = (columns[0], columns[-1]) if len(columns) else (0, body.shape[1] - 1)
    return (x + float(first), y + float(row)), (x + float(last), y + float(row))


def _legs(out: UInt8, side: int, x: int, y: int, size: tuple[int, int]) -> None:
    foot = _FEET * side
    for way in (-1, 1):
        hip = (x + size[0] * (0.5 + way * 0.17), y + 0.8 * size[1])
        ankle = (hip[0] + way * 0.02 * side, foot - 0.03 * side)
        _limb(out, side, (hip, ankle))
        toe = (round(ankle[0] + way * 0.035 * side), round(foot - 0.028 * side))
        cv2.ellipse(out, toe, (round(0.066 * side), round(0.036 * side)), 0, 0, 360, _SHOE, -1)


def _arms(out: UInt8, side: int, edge: tuple[Point, Point]) -> None:
    """One hand waves, the other one is on the hip."""
    (left, row), (right, _) = edge
    raised = (min(right + 0.15 * side, 0.93 * side), row - 0.22 * side)
    _limb(out, side, ((right - 0.06 * side, row), (right + 0.1 * side, row + 0.01 * side), raised))
    _hand(out, side, raised)
    low = (max(left - 0.13 * side, 0.07 * side), row + 0.15 * side)
    _limb(out, side, ((left + 0.06 * side, row), (left - 0.1 * side, row + 0.03 * side), low))
    _hand(out, side, low)


def _arms_up(out: UInt8, side: int, edge: tuple[Point, Point], top: float) -> None:
    """Both arms are raised, and bear a barbell above the head."""
    bar = max(round(top - 0.1 * side), round(0.09 * side))
    half = min((edge[1][0] - edge[0][0]) / 2 + 0.1 * side, 0.36 * side)
    left, right = round(0.5 * side - half), round(0.5 * side + half)
    for (start, row), hand in zip(edge, (left, right), strict=True):
        way = 1 if hand == left else -1
        elbow = (hand - way * 0.01 * side, row - 0.02 * side)
        _limb(out, side, ((start + way * 0.06 * side, row), elbow, (float(hand), float(bar))))
    ends = (max(left - round(0.1 * side), 2), min(right + round(0.1 * side), side - 3))
    cv2.line(out, (ends[0], bar), (ends[1], bar), _RIM, max(round(0.03 * side), 2))
    for end, way in zip(ends, (1, -1), strict=True):
        for step, tall in ((0.0, 0.06), (0.035, 0.09)):
            at = round(end + way * step * side)
            wide = max(round(0.013 * side), 1)
            corners = ((at - wide, bar - round(tall * side)), (at + wide, bar + round(tall * side)))
            cv2.rectangle(out, *corners, _LINE, -1)
    for hand in (left, right):
        _hand(out, side, (float(hand), float(bar)))


def _arms_before(out: UInt8, side: int, edge: tuple[Point, Point]) -> None:
    """Both arms bend to before the body."""
    (left, row), (right, _) = edge
    for start, way in ((left, 1), (right, -1)):
        elbow = (start - way * 0.08 * side, row + 0.1 * side)
        hand = (0.5 * side - way * 0.17 * side, 0.64 * side)
        _limb(out, side, ((start + way * 0.03 * side, row), elbow, hand))
        _hand(out, side, hand)


def _limb(out: UInt8, side: int, points: tuple[Point, ...]) -> None:
    rounded = np.array(points).round().astype(np.int32)
    cv2.polylines(out, [rounded], False, _LINE, max(round(_THICK * side), 2))


def _hand(out: UInt8, side: int, at: Point) -> None:
    middle = (round(at[0]), round(at[1]))
    cv2.circle(out, middle, round(0.048 * side), _LINE, -1)
    cv2.circle(out, middle, round(0.038 * side), _GLOVE, -1)
