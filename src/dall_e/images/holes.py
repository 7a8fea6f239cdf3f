"""Holes in a picture: which of its areas lie wholly within a selection, and what was behind them.

A drawn picture is areas of colour. Of the areas around a selection, the ground is seen on several
sides of it, and what is seen on one side only goes on outside, as a head does that is to
get a hat. What touches no side lies within, and can be taken out. A hole is then filled with areas
again: each of its pixels votes for the colours at the hole's border, near ones most of all,
with the inverse of the distance cubed.

Shapes: H W rows and columns of the picture, h w those of a window of it, C 4 channels
(premultiplied RGBA), K colours, P pixels of the border, Q pixels of the
hole, R pixels around a selection; of areas K is their number, 4 the sides of a selection.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from dall_e.images.areas import AreaSettings, flat_areas
from dall_e.images.selections import Box, bounds_of

UInt8 = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int32]

_WORKING_SIDE = 128
"""Longest side of the window in which areas are looked at, in pixels."""
_WHOLE_SIDE = 256
"""The same where things are looked for in a whole picture."""
_CONTEXT = 0.25
"""Of what is around a selection so much is looked at, as a fraction of its longer side."""
_ENCLOSED = 0.5
"""What lies within belongs to something that goes on outside if it has this much of its outline in
common with that."""
_GROUND_SIDES = 2
"""The ground is seen on at least so many sides of a selection."""
_GROUND_FRACTION = 0.15
"""The ground of a whole picture is seen along so much of its edge."""
_LEAST_GROUND = 0.7
"""Where so much of what is around a hole is ground, the ground alone fills it."""
_LEAST_KNOWN_GROUND = 0.1
"""The same where it is known what is ground."""
_MOSTLY_GROUND = 0.6
"""So much of an area is in the ground of the whole picture, if it belongs to that."""
_LEAST_WHOLE = 0.5
"""What lies wholly within a box is what the box is about if it is so large beside what it cuts."""
_TOUCH = 3
"""Pixels of an area beyond a side of the selection with which it is seen there."""
_RING = 2
"""Pixels around a selection in which its sides are looked at."""
_STRETCH = np.array([1.0, 0.6], dtype=np.float32)
"""Down and across: what is beside a hole counts as nearer, as grounds and skies lie level."""
_ROOM = 8_000_000
"""Votes that are counted at a time."""


class _Window(NamedTuple):
    """The surroundings of a selection, made small."""

    box: Box
    """Where it lies in the picture."""
    image_HWC: UInt8
    selected_HW: Bools
    labels_HW: Labels
    """The area colour of each pixel, 0 where it is transparent."""


def things_within(image_HWC: UInt8, selected_HW: UInt8) -> UInt8:
    """Select what of a picture lies wholly within a selection, uint8 [H, W]."""
    window = _window(image_HWC, selected_HW)
    return _at_full_size(
        _lying_within(_components(window.labels_HW), window.selected_HW), window.box, selected_HW
    )


def held_within(image_HWC: UInt8, selected_HW: UInt8) -> tuple[UInt8, UInt8]:
    """Select what of a picture is in a box, and the ground in and around it, both uint8 [H, W].

    What the box cuts stays, unless it is what the box is about: nothing as large lies within.
    """
    window = _window(image_HWC, selected_HW)
    inside_HW = window.selected_HW
    parts_HW, count = _components(window.labels_HW)
    touched_4K, _ = _seen_sides(parts_HW, count, inside_HW)
    is_ground = _ground_parts(image_HWC, window, parts_HW, touched_4K)
    held_HW = inside_HW & ~is_ground[parts_HW]
    goes_on_HW = held_HW & np.asarray(touched_4K.any(0))[parts_HW]

    clusters, clusters_HW = cv2.connectedComponents(held_HW.astype(np.uint8), connectivity=8)
    sizes = np.bincount(clusters_HW.ravel(), minlength=clusters)
    is_cut = np.zeros(clusters, dtype=bool)
    is_cut[np.unique(clusters_HW[goes_on_HW])] = True
    is_whole = ~is_cut
    is_whole[0] = False
    if sizes[is_whole].max(initial=0) >= max(_LEAST_WHOLE * sizes[is_cut].max(initial=0), 1):
        held_HW = is_whole[clusters_HW]
    return (
        _at_full_size(_dilated(held_HW, 2) & inside_HW, window.box, selected_HW),
        _at_full_size(is_ground[parts_HW], window.box, np.full_like(selected_HW, 255)),
    )


def _ground_parts(image_HWC: UInt8, window: _Window, parts_HW: Labels, touched_4K: Bools) -> Bools:
    """Which areas around a box are ground: they go on from side to side, or all over the picture.

    What has only a corner of the box is no ground, but for pieces of the ground's own colour.
    """
    left, top, right, bottom = window.box
    free_hw = free_ground(image_HWC)[top:bottom, left:right]
    size = (parts_HW.shape[1], parts_HW.shape[0])
    free_HW = cv2.resize(free_hw, size, interpolation=cv2.INTER_AREA) >= 128
    count = touched_4K.shape[1]
    sizes_K = np.maximum(np.bincount(parts_HW.ravel(), minlength=count), 1)
    free_K = np.bincount(parts_HW[free_HW], minlength=count) / sizes_K
    is_ground = free_K >= _MOSTLY_GROUND

    # Pieces of one colour on two sides of a thing are one ground behind it.
    label_K = np.zeros(count, dtype=np.int64)
    label_K[parts_HW] = window.labels_HW
    for label in np.unique(label_K):
        own_K = label_K == label
        sides_4 = np.asarray(touched_4K[:, own_K].any(1))
        if (sides_4[0] and sides_4[2]) or (sides_4[1] and sides_4[3]) or is_ground[own_K].any():
            is_ground |= own_K & touched_4K.any(0)
    return is_ground


def things_in_boxes(image_HWC: UInt8, boxes: Sequence[Box]) -> Iterator[tuple[Box, UInt8]]:
    """Select what of a picture lies wholly within some boxes: the box, and a selection [H, W].

    What lies within several boxes is given once, with the first of them; empty boxes are left out.
    """
    everything_HW = np.full(image_HWC.shape[:2], 255, dtype=np.uint8)
    window = _window(image_HWC, everything_HW, _WHOLE_SIDE)
    parts_HW, count = _components(window.labels_HW)
    rows, columns = len(parts_HW), len(parts_HW[0])
    height, width = len(everything_HW), len(everything_HW[0])
    found: set[bytes] = set()
    for box in boxes:
        left, right = box[0] * columns // width, box[2] * columns // width
        top, bottom = box[1] * rows // height, box[3] * rows // height
        if left >= right or top >= bottom:
            continue
        # Nothing counts that is farther from the box than its sides are looked at.
        first_row, first_column = max(top - _RING, 0), max(left - _RING, 0)
        near = (slice(first_row, bottom + _RING), slice(first_column, right + _RING))
        inside_hw = np.zeros(parts_HW[near].shape, dtype=bool)
        inside_hw[
            top - first_row : bottom - first_row, left - first_column : right - first_column
        ] = True
        within_HW = np.zeros(parts_HW.shape, dtype=bool)
        within_HW[near] = _lying_within((parts_HW[near], count), inside_hw)
        bits = np.packbits(within_HW).tobytes()
        if within_HW.any() and bits not in found:
            found.add(bits)
            yield box, _at_full_size(within_HW, window.box, everything_HW)


def _lying_within(parts: tuple[Labels, int], inside_HW: Bools) -> Bools:
    """What lies within a selection, of the connected areas of a window and their number."""
    # Areas that go on outside: the ground, seen on several sides, and things, seen on one.
    parts_HW, count = parts
    touches, is_wide = _sides_touched(parts_HW, count, inside_HW)
    crosses = np.zeros(count, dtype=bool)
    crosses[parts_HW[inside_HW]] = True
    crosses &= touches
    is_ground = crosses & is_wide
    thing_HW = (crosses & ~is_ground)[parts_HW] & inside_HW
    within_HW = inside_HW & ~crosses[parts_HW]

    # An eye in a head that goes on outside is part of that head.
    clusters, clusters_HW = cv2.connectedComponents(within_HW.astype(np.uint8), connectivity=8)
    for cluster in range(1, clusters):
        one_HW = clusters_HW == cluster
        outline_HW = _dilated(one_HW, 1) & ~one_HW & inside_HW
        if outline_HW.any() and thing_HW[outline_HW].mean() > _ENCLOSED:
            within_HW &= ~one_HW
    return np.asarray(_dilated(within_HW, 2) & inside_HW)


def free_ground(image_HWC: UInt8) -> UInt8:
    """Select the ground of a whole picture: areas that reach several of its edges."""
    everything_HW = np.full(image_HWC.shape[:2], 255, dtype=np.uint8)
    window = _window(image_HWC, everything_HW)
    parts_HW, count = _components(window.labels_HW)
    _, is_ground = _sides_touched(parts_HW, count, window.selected_HW, _GROUND_FRACTION)
    return _at_full_size(is_ground[parts_HW], window.box, everything_HW)


def filled(image_HWC: UInt8, hole_HW: UInt8, ground_HW: UInt8 | None = None) -> UInt8:
    """Return a picture whose hole has the colours around it, uint8 [H, W, C].

    ground_HW: where ground is around the hole, if that is known; it alone fills the hole.
    Raises ValueError where the hole is all of the picture.
    """
    if (hole_HW >= 128).all():
        raise ValueError("all of the picture is selected: nothing is left to fill it with")
    if not (hole_HW >= 128).any():
        return image_HWC

    window = _window(image_HWC, hole_HW)
    left, top, right, bottom = window.box
    size = (right - left, bottom - top)
    votes_hwK, colours_hwKC = _votes(window, ground_HW)

    # Borders between areas are found at the picture's own size, so they are crisp.
    best_hw = np.full(size[::-1], -1.0, dtype=np.float32)
    part_hwC = image_HWC[top:bottom, left:right].copy()
    inside_hw = hole_HW[top:bottom, left:right] >= 128
    for k in range(votes_hwK.shape[2]):
        vote_hw = cv2.resize(votes_hwK[..., k], size, interpolation=cv2.INTER_LINEAR)
        colour_hwC = cv2.resize(colours_hwKC[..., k, :], size, interpolation=cv2.INTER_LINEAR)
        wins_hw = inside_hw & (vote_hw > best_hw)
        best_hw = np.where(wins_hw, vote_hw, best_hw)
        part_hwC[wins_hw] = (colour_hwC[wins_hw] + 0.5).astype(np.uint8)
    result_HWC: UInt8 = image_HWC.copy()
    result_HWC[top:bottom, left:right] = part_hwC
    return result_HWC


def _window(image_HWC: UInt8, selected_HW: UInt8, side: int = _WORKING_SIDE) -> _Window:
    """What is looked at of a picture: a selection with what is around it.

    side: its longest side in pixels.
    """
    left, top, right, bottom = bounds_of(selected_HW)
    reach = max(8, round(_CONTEXT * max(right - left, bottom - top)))
    height, width = selected_HW.shape
    box = (
        max(left - reach, 0),
        max(top - reach, 0),
        min(right + reach, width),
        min(bottom + reach, height),
    )
    part_hwC = image_HWC[box[1] : box[3], box[0] : box[2]]
    part_hw = selected_HW[box[1] : box[3], box[0] : box[2]]
    scale = min(1.0, side / max(part_hw.shape))
    size = (max(8, round(part_hw.shape[1] * scale)), max(8, round(part_hw.shape[0] * scale)))
    small_hwC = np.asarray(cv2.resize(part_hwC, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    small_hw = cv2.resize(part_hw, size, interpolation=cv2.INTER_AREA) >= 128

    labels_hw = flat_areas(small_hwC, AreaSettings(least_area=60)).labels_HW[::2, ::2]
    return _Window(box, small_hwC, np.asarray(small_hw), np.ascontiguousarray(labels_hw))


def _components(labels_HW: Labels) -> tuple[Labels, int]:
    """The connected areas of one colour, numbered from 0, and how many there are."""
    parts_HW, count = np.zeros(labels_HW.shape, dtype=np.int32), 0
    for label in np.unique(labels_HW):
        number, found_HW = cv2.connectedComponents(
            (labels_HW == label).astype(np.uint8), connectivity=4
        )
        parts_HW = np.where(found_HW > 0, found_HW + count - 1, parts_HW).astype(np.int32)
        count += number - 1
    return parts_HW, count


def _sides_touched(
    parts_HW: Labels, count: int, inside_HW: Bools, fraction: float = 0.0
) -> tuple[Bools, Bools]:
    """Which areas are seen just outside of a selection, and which so widely as the ground is.

    fraction: of the selection's outline, along which the ground is seen at least.
    """
    touched_4K, fractions_K = _seen_sides(parts_HW, count, inside_HW)
    is_wide = (touched_4K.sum(0) >= _GROUND_SIDES) & (fractions_K >= fraction)
    return np.asarray(touched_4K.any(0)), is_wide


def _seen_sides(parts_HW: Labels, count: int, inside_HW: Bools) -> tuple[Bools, Any]:
    """On which sides of a selection each area is seen, left, top, right and bottom, and along which
    fraction of its outline."""
    # Where the selection ends at the picture's edge, what is at the edge is seen on that side.
    parts_HW = np.pad(parts_HW, _RING, mode="edge")
    inside_HW = np.pad(inside_HW, _RING)
    ring_HW = _dilated(inside_HW, _RING) & ~inside_HW
    left, top, right, bottom = bounds_of(inside_HW.astype(np.uint8) * 255)
    rows_R, columns_R = np.nonzero(ring_HW)
    parts_R = parts_HW[rows_R, columns_R]

    # How far beyond each side; inside of the box of an odd shape, the nearest side counts.
    beyond_4R = np.stack(
        [left - columns_R, top - rows_R, columns_R - right + 1, rows_R - bottom + 1]
    )
    side_R = beyond_4R.argmax(0)
    seen_4K = [np.bincount(parts_R[side_R == side], minlength=count) for side in range(4)]
    touched_4K = np.asarray(np.stack(seen_4K) >= _TOUCH)
    return touched_4K, np.bincount(parts_R, minlength=count) / max(len(parts_R), 1)


def _votes(window: _Window, ground_HW: UInt8 | None) -> tuple[Any, Any]:
    """For each pixel of the window and each colour around the hole: its votes, and its colour."""
    hole_hw = window.selected_HW
    border_P2, labels_P, colours_PC = _border(window, ground_HW)
    hole_Q2 = np.argwhere(_dilated(hole_hw, 2)).astype(np.float32)

    # Each border pixel votes for its colour, and its shade counts as much as its vote.
    labels_K, kinds_P = np.unique(labels_P, return_inverse=True)
    one_hot_PK1 = np.eye(len(labels_K), dtype=np.float32)[kinds_P][:, :, None]
    shades_PKC = one_hot_PK1 * colours_PC[:, None].astype(np.float32)
    ballots_PKV = np.concatenate([one_hot_PK1, shades_PKC], axis=2)
    ballots_PX = ballots_PKV.reshape(len(labels_P), -1)

    shape = (*hole_hw.shape, len(labels_K))
    votes_hwK = np.zeros(shape, dtype=np.float32)
    colours_hwKC = np.zeros((*shape, 4), dtype=np.float32)
    stretched_P2 = border_P2 * _STRETCH
    for rows_Q2 in np.array_split(hole_Q2, len(hole_Q2) * len(border_P2) // _ROOM + 1):
        at_Q2 = rows_Q2 * _STRETCH
        squares_QP = (at_Q2**2).sum(1)[:, None] + (stretched_P2**2).sum(1)
        squares_QP -= 2 * at_Q2 @ stretched_P2.T
        np.maximum(squares_QP, 0.1, out=squares_QP)
        counted_QX = (1 / (squares_QP * np.sqrt(squares_QP))) @ ballots_PX
        counted_QKV = counted_QX.reshape(len(rows_Q2), len(labels_K), 5)

        where = tuple(rows_Q2.astype(np.int64).T)
        total_Q1 = counted_QKV[..., 0].sum(1, keepdims=True)
        votes_hwK[where] = counted_QKV[..., 0] / total_Q1
        colours_hwKC[where] = counted_QKV[..., 1:] / np.maximum(counted_QKV[..., :1], 1e-12)
    return votes_hwK, colours_hwKC


def _border(window: _Window, known_HW: UInt8 | None) -> tuple[Any, Any, Any]:
    """Positions [P, 2], area labels [P] and colours [P, C] of the pixels around the hole.

    Beyond the picture's left or right edge, what is on the other side of the hole goes on.
    """
    hole_hw, labels_hw, image_hwC = window.selected_HW, window.labels_HW, window.image_HWC
    border_hw = _dilated(hole_hw, 4) & ~_dilated(hole_hw, 1)
    if not border_hw.any():
        border_hw = ~hole_hw

    # A thing beside the hole does not go on in it.
    ground_hw = border_hw & _ground_of(window, known_HW)
    least = _LEAST_GROUND if known_HW is None else _LEAST_KNOWN_GROUND
    if np.count_nonzero(ground_hw) >= least * np.count_nonzero(border_hw):
        border_hw = ground_hw
    border_P2 = np.argwhere(border_hw)
    seen_P2 = border_P2.copy()

    last = hole_hw.shape[1] - 1
    for edge, step in ((0, 1), (last, -1)):
        for row in np.flatnonzero(hole_hw[:, edge]):
            known = np.flatnonzero(border_hw[row, ::step])
            if len(known):
                beside = known[0] if step == 1 else last - known[0]
                border_P2 = np.concatenate([border_P2, [[row, edge - 3 * step]]])
                seen_P2 = np.concatenate([seen_P2, [[row, beside]]])
    where = tuple(seen_P2.T)
    return border_P2.astype(np.float32), labels_hw[where], image_hwC[where]


def _ground_of(window: _Window, known_HW: UInt8 | None) -> Bools:
    """Where ground is in a window: what is known of it, or what several sides of the hole show."""
    if known_HW is not None:
        left, top, right, bottom = window.box
        size = (window.labels_HW.shape[1], window.labels_HW.shape[0])
        part_hw = known_HW[top:bottom, left:right]
        return np.asarray(cv2.resize(part_hw, size, interpolation=cv2.INTER_AREA) >= 250)
    parts_hw, count = _components(window.labels_HW)
    _, is_ground = _sides_touched(parts_hw, count, window.selected_HW)
    return np.asarray(is_ground[parts_hw])


def _dilated(mask_HW: Bools, pixels: int) -> Bools:
    """A mask with so many pixels more on every side."""
    kernel = np.ones((2 * pixels + 1, 2 * pixels + 1), dtype=np.uint8)
    return cv2.dilate(mask_HW.astype(np.uint8), kernel).astype(bool)


def _at_full_size(small_hw: Bools, box: Box, selected_HW: UInt8) -> UInt8:
    """A mask of the window as a selection of the picture, nowhere beyond the whole selection."""
    left, top, right, bottom = box
    size = (right - left, bottom - top)
    large_hw = cv2.resize(small_hw.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    result_HW = np.zeros_like(selected_HW)
    result_HW[top:bottom, left:right] = np.where(large_hw >= 0.5, 255, 0)
    return np.minimum(result_HW, selected_HW)
