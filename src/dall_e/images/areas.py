"""A flat drawing as areas of one colour: crisp where a network's pixels are soft.

Pictures of flat styles are made of areas of one colour with sharp borders; what a network paints
of them has soft borders, specks and colours in between. `flat_areas` finds the few colours that
are really meant and says for every pixel which of them it has:

    palette   the colours of pixels inside of areas, in OKLab, near ones merged
    labels    every pixel the nearest colour; at a border only those that are near it
    cleaned   specks, and slivers of an in-between colour, go to their neighbours
    smoothed  a border runs where the blurred areas on both sides weigh the same

`images/svg.py` traces the areas. OKLab is B. Ottosson, "A perceptual color space for image
processing" (2020).

Shapes: H W rows and columns, C 4 channels (premultiplied RGBA), K colours, P pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dall_e.images.borders import smooth_borders
from dall_e.images.colour import from_oklab
from dall_e.images.palette import (
    disc,
    inner_pixels,
    is_round,
    main_colours,
    spots,
    straight_oklab,
    with_spots,
)

Floats = npt.NDArray[np.floating[Any]]
UInt8 = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int32]

EMPTY = 0
"""The label of what is transparent; colour k of the palette has label k + 1."""

_SIDE = 384
"""Lengths below are in pixels of a picture of this side."""
_NEAR_BORDER = 5
"""A pixel at a border has a colour that is inside of an area this near."""
_STANDS_OUT = 0.25
"""A small round area is kept that differs so much from what is around it, in OKLab."""
_EDGE_REACH = 5
"""How far off a border colours are compared, to tell an edge from a gradient."""
_SMALL_PART = 0.08
"""An area is small beside another of which it is less than this part."""
_NOISE_REACH = 9
"""Pixels of the window in which noise is smoothed."""
_NOISE_STEP = 25.0
"""Noise is smaller than this, of 255 levels."""
_NOISE_WIDTH = 4.0
"""How near a pixel has to be to count, in pixels."""


@dataclass(frozen=True, kw_only=True)
class AreaSettings:
    """How much of a drawing is kept as it is. Lengths are in pixels of a picture of 384."""

    most_colours: int = 14
    """Colours that are looked for."""
    same_colour: float = 0.04
    """Colours nearer than this are one, in OKLab."""
    least_area: int = 110
    """Smaller areas go to their neighbours."""
    thin: float = 4.5
    """Areas of at most this half-width are slivers if their colour lies between their
    neighbours'."""
    between: float = 0.06
    """How far off the line between two colours a colour still counts as between them."""
    band: float = 0.075
    """Neighbours nearer than this in colour, in OKLab, become one if their border is soft."""
    stain: float = 0.13
    """The same for an area that is small beside its neighbour."""
    soft_edge: float = 0.5
    """A border is soft where colours change by less than this part of what they differ by."""
    smoothing: float = 1.4
    """Standard deviation of the blur that smooths borders."""


@dataclass(frozen=True, kw_only=True)
class Areas:
    """A drawing as areas of one colour."""

    labels_HW: Labels
    """The label of each pixel, at twice the side of the drawing: EMPTY, or the number of its colour
    plus 1."""
    palette_K3: UInt8
    """The colours, sRGB."""

    def image(self) -> UInt8:
        """Return the drawing, premultiplied RGBA, uint8 [H, W, C], without smooth borders."""
        colours = np.zeros((len(self.palette_K3) + 1, 4), dtype=np.uint8)
        colours[1:, :3], colours[1:, 3] = self.palette_K3, 255
        return colours[self.labels_HW]


def flat_areas(image_HWC: UInt8, settings: AreaSettings | None = None) -> Areas:
    """Find the areas of a drawing, uint8 [H, W, C] premultiplied, of any side.

    A drawing that shows nothing has no area and an empty palette.
    """
    settings = settings or AreaSettings()
    scale = max(image_HWC.shape[:2]) / _SIDE
    shown_HW = image_HWC[..., 3] >= 128
    if not shown_HW.any():
        height, width = shown_HW.shape
        empty = np.zeros((2 * height, 2 * width), dtype=np.int32)
        return Areas(labels_HW=empty, palette_K3=np.zeros((0, 3), dtype=np.uint8))

    # What a network leaves of noise is smoothed away first, borders are kept.
    colours_HW3 = np.ascontiguousarray(image_HWC[..., :3])
    smooth_HW3 = cv2.bilateralFilter(colours_HW3, _NOISE_REACH, _NOISE_STEP, _NOISE_WIDTH)
    lab_HW3 = straight_oklab(np.concatenate((smooth_HW3, image_HWC[..., 3:]), axis=2))
    inner_HW = inner_pixels(lab_HW3, shown_HW, scale)
    cores_HW = spots(lab_HW3, shown_HW, scale)
    palette_K3 = main_colours(lab_HW3[inner_HW], settings.most_colours, settings.same_colour)
    palette_K3 = with_spots(palette_K3, lab_HW3, cores_HW)
    inner_HW = inner_HW | (cores_HW > 0)

    labels_HW = _nearest(lab_HW3, palette_K3, shown_HW, inner_HW, scale)
    labels_HW = _without_specks(labels_HW, palette_K3, round(settings.least_area * scale**2))
    labels_HW = _without_bands(labels_HW, lab_HW3, palette_K3, settings, scale)
    labels_HW = _without_slivers(labels_HW, palette_K3, settings, scale)
    colours_K3 = from_oklab(palette_K3).round().astype(np.uint8)
    labels_HW = smooth_borders(labels_HW, image_HWC, colours_K3, settings.smoothing * scale)
    labels_HW = _without_specks(labels_HW, palette_K3, round(4 * settings.least_area * scale**2))
    return _compact(labels_HW, colours_K3)


def _nearest(
    lab_HW3: Floats, palette_K3: Floats, shown_HW: Any, inner_HW: Any, scale: float
) -> Labels:
    """The label of each pixel by colour, at borders among the colours of areas nearby."""
    height, width = shown_HW.shape
    squares_PK = (palette_K3**2).sum(1) - 2 * lab_HW3.reshape(-1, 3) @ palette_K3.T
    costs_HWK = squares_PK.reshape(height, width, len(palette_K3))
    inside_HW = costs_HWK.argmin(2)

    reach = disc(_NEAR_BORDER * scale)
    for k in range(len(palette_K3)):
        here = (inner_HW & (inside_HW == k)).astype(np.uint8)
        costs_HWK[..., k] += 4.0 * (cv2.dilate(here, reach) == 0)
    return np.where(shown_HW, costs_HWK.argmin(2) + 1, EMPTY).astype(np.int32)


def _without_specks(labels_HW: Labels, palette_K3: Floats, least: int) -> Labels:
    """The labels, areas of fewer pixels than `least` given to what is nearest.

    Round ones that stand out, as eyes do, may be a quarter of that.
    """
    specks_HW = np.zeros(labels_HW.shape, dtype=bool)
    for label in _used(labels_HW):
        mask_HW, window = _boxed(labels_HW, label)
        _, parts_HW, stats, _ = cv2.connectedComponentsWithStats(mask_HW, connectivity=4)
        areas = stats[:, cv2.CC_STAT_AREA]
        small = areas < least
        small[0] = False
        for part in np.flatnonzero(small & (4 * areas >= least) & is_round(stats)):
            box = _around(stats[part], labels_HW.shape, window)
            small[part] = not _stands_out(labels_HW[box], label, palette_K3)
        if small.any():
            specks_HW[window] |= small[parts_HW]
    return _filled(labels_HW, specks_HW)


def _around(stats_5: Any, shape: tuple[int, ...], window: tuple[slice, slice]) -> Any:
    """The box around a component found in a window, two pixels larger on every side."""
    top = int(stats_5[cv2.CC_STAT_TOP]) + window[0].start
    left = int(stats_5[cv2.CC_STAT_LEFT]) + window[1].start
    bottom, right = top + int(stats_5[cv2.CC_STAT_HEIGHT]), left + int(stats_5[cv2.CC_STAT_WIDTH])
    return np.s_[
        max(top - 2, 0) : min(bottom + 2, shape[0]), max(left - 2, 0) : min(right + 2, shape[1])
    ]


def _stands_out(box_HW: Labels, label: int, palette_K3: Floats) -> bool:
    """Whether a colour differs much from what else is mostly in its box, where all is shown."""
    counts = np.bincount(box_HW.ravel(), minlength=len(palette_K3) + 1)
    counts[label] = 0
    other = int(counts.argmax())
    if label == EMPTY or counts[EMPTY] or not counts[other]:
        return False
    gap = palette_K3[label - 1] - palette_K3[other - 1]
    return bool(np.linalg.norm(gap) > _STANDS_OUT)


def _used(labels_HW: Labels) -> list[int]:
    """The labels that any pixel has."""
    return [int(label) for label in np.flatnonzero(np.bincount(labels_HW.ravel()))]


def _boxed(labels_HW: Labels, label: int) -> tuple[UInt8, tuple[slice, slice]]:
    """Where a label is, cut to the box around it, and that box."""
    mask_HW = (labels_HW == label).astype(np.uint8)
    left, top, width, height = cv2.boundingRect(mask_HW)
    window = np.s_[top : top + height, left : left + width]
    return np.ascontiguousarray(mask_HW[window]), window


def _filled(labels_HW: Labels, holes_HW: Any) -> Labels:
    """The labels with holes filled by the nearest label around them."""
    if not holes_HW.any() or holes_HW.all():
        return labels_HW
    _, nearest_HW = cv2.distanceTransformWithLabels(
        holes_HW.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    owner = np.zeros(int(nearest_HW.max()) + 1, dtype=np.int32)
    owner[nearest_HW[~holes_HW]] = labels_HW[~holes_HW]
    return owner[nearest_HW]


def _without_slivers(
    labels_HW: Labels, palette_K3: Floats, settings: AreaSettings, scale: float
) -> Labels:
    """The labels without thin areas whose colour lies between those of two neighbours.

    They are what soft borders leave: a line of brown where red meets green.
    """
    for _ in range(3):
        slivers_HW = np.zeros(labels_HW.shape, dtype=bool)
        for label in _used(labels_HW):
            if label == EMPTY:
                continue
            mask = (labels_HW == label).astype(np.uint8)
            count, parts_HW, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
            depth_HW = cv2.distanceTransform(np.pad(mask, 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
            for part in range(1, count):
                left, top, width, height, _ = stats[part]
                window = np.s_[
                    max(top - 2, 0) : top + height + 2, max(left - 2, 0) : left + width + 2
                ]
                here = parts_HW[window] == part
                if depth_HW[window][here].max() > settings.thin * scale:
                    continue
                around = cv2.dilate(here.astype(np.uint8), disc(1)).astype(bool) & ~here
                if _is_between(labels_HW[window][around], label, palette_K3, settings.between):
                    slivers_HW[window] |= here
        if not slivers_HW.any():
            break
        labels_HW = _filled(labels_HW, slivers_HW)
    return labels_HW


def _is_between(neighbours: Labels, label: int, palette_K3: Floats, tolerance: float) -> bool:
    """Whether a colour lies between those of two of its area's neighbours.

    Transparent surroundings count as white, which most pictures are seen on.
    """
    counts = np.bincount(neighbours, minlength=len(palette_K3) + 1)
    touching = [int(k) for k in np.flatnonzero(counts >= 0.15 * max(counts.sum(), 1))]
    colour = palette_K3[label - 1]
    white = np.array([1.0, 0.0, 0.0], dtype=np.float32)
    colours = [white if k == EMPTY else palette_K3[k - 1] for k in touching if k != label]
    for i, first in enumerate(colours):
        for second in colours[:i]:
            line = second - first
            length = float(line @ line)
            if length < 1e-6:
                continue
            at = float((colour - first) @ line) / length
            off = float(np.linalg.norm(colour - first - at * line))
            if 0.08 < at < 0.92 and off < tolerance:
                return True
    return False


def _without_bands(
    labels_HW: Labels, lab_HW3: Floats, palette_K3: Floats, settings: AreaSettings, scale: float
) -> Labels:
    """The labels, neighbours made one that are alike and have no edge between them.

    They are what becomes of a gradient, and of a stain in an area.
    """
    numbers_HW, labels_N = _numbered(labels_HW)
    sizes_N = np.bincount(numbers_HW.ravel(), minlength=len(labels_N))
    pairs_E2, steps_E = _borders(numbers_HW, lab_HW3, scale)
    gaps_E = np.linalg.norm(np.subtract(*palette_K3[labels_N[pairs_E2] - 1].swapaxes(0, 1)), axis=1)
    sharpness_E = steps_E / np.maximum(gaps_E, 1e-6)

    # The softest first; the larger of two decides which colour they have.
    owner_N = np.arange(len(labels_N))
    for edge in np.argsort(sharpness_E):
        if sharpness_E[edge] > settings.soft_edge:
            break
        first, second = sorted((owner_N[k] for k in pairs_E2[edge]), key=lambda k: -sizes_N[k])
        gap = palette_K3[labels_N[first] - 1] - palette_K3[labels_N[second] - 1]
        is_small = sizes_N[second] < _SMALL_PART * sizes_N[first]
        most = settings.stain if is_small else settings.band
        if first != second and np.linalg.norm(gap) < most:
            owner_N[owner_N == second] = first
            sizes_N[first] += sizes_N[second]
    return labels_N[owner_N][numbers_HW]


def _numbered(labels_HW: Labels) -> tuple[Labels, Labels]:
    """The number of the connected area of each pixel, and the label of each; 0 is EMPTY."""
    numbers_HW = np.zeros(labels_HW.shape, dtype=np.int32)
    labels = [EMPTY]
    for label in _used(labels_HW):
        if label == EMPTY:
            continue
        mask_HW, window = _boxed(labels_HW, label)
        count, parts_HW = cv2.connectedComponents(mask_HW, connectivity=4)
        inside = parts_HW > 0
        numbers_HW[window][inside] = parts_HW[inside] + (len(labels) - 1)
        labels += [label] * (count - 1)
    return numbers_HW, np.array(labels, dtype=np.int32)


def _borders(numbers_HW: Labels, lab_HW3: Floats, scale: float) -> tuple[Any, Any]:
    """Each pair of numbers that touch, [E, 2], and how much colours change across their border."""
    reach = max(round(_EDGE_REACH * scale), 1)
    count = int(numbers_HW.max()) + 1
    keys, steps = [], []
    for numbers, lab in ((numbers_HW, lab_HW3), (numbers_HW.T, lab_HW3.swapaxes(0, 1))):
        before, after = numbers[:, :-1], numbers[:, 1:]
        row, column = np.nonzero((before != after) & (before > 0) & (after > 0))
        pair = np.sort(np.stack((before[row, column], after[row, column])), axis=0)
        near = np.maximum(column - reach, 0)
        far = np.minimum(column + 1 + reach, numbers.shape[1] - 1)
        step = np.linalg.norm(lab[row, near] - lab[row, far], axis=1)
        seen = (numbers[row, near] > 0) & (numbers[row, far] > 0)
        keys.append((pair[0] * count + pair[1])[seen])
        steps.append(step[seen])
    pairs, which, lengths = np.unique(np.concatenate(keys), return_inverse=True, return_counts=True)
    mean = np.bincount(which, np.concatenate(steps), minlength=len(pairs)) / lengths
    return np.stack(np.divmod(pairs, count), axis=1), mean


def _compact(labels_HW: Labels, palette_K3: UInt8) -> Areas:
    """Areas whose palette has only colours in use."""
    used = [int(label) for label in _used(labels_HW) if label != EMPTY]
    number = np.zeros(len(palette_K3) + 1, dtype=np.int32)
    number[used] = np.arange(1, len(used) + 1)
    return Areas(labels_HW=number[labels_HW], palette_K3=palette_K3[[k - 1 for k in used]])
